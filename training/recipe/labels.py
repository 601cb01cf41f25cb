"""The rules of labelling: a table of the recipe, with the source of every choice."""

from datetime import UTC, date, datetime

import msgspec

from geofield.earthquakes.rules import EarthquakeRules, RadiusRule, earthquake_rule_problems
from training.recipe.section import RecipeRefused, RecipeTable

_NO_KP_LIMIT = 9.0


class LabelRules(RecipeTable, frozen=True):
    """Rules that label windows as seismic (before earthquakes) or non-seismic (far from any).

    Attributes
    ----------
    radius
        Rule of near earthquakes. ``dobrovolsky``: the epicentre is within 10^(0.43 M) km
        (Dobrovolsky et al. 1979, Pure and Applied Geophysics 117, 1025). ``fixed``: within
        `radius_km` (200-300 km are usual, GEMPRA takes 200). ``dobrovolsky-or-fixed``: within
        either. ``kls``: the local seismicity index (1 + R^(-M/2))^-2.33 * 10^(0.75 M) / R is at
        least `kls_min`, R being the hypocentral distance in km; used by the group of the authors of
        negative learning.
    radius_km, kls_min
        Limits of the rules that need them; refused with the other rules.
    magnitude_min, magnitude_max
        Magnitudes of earthquakes with seismic windows. `magnitude_min` should not be below the
        magnitude of completeness of the catalogue: the days before a missing earthquake become
        non-seismic. Non-seismic windows keep away from earthquakes above `magnitude_max` too.
    depth_max_km
        Deeper earthquakes have no seismic windows, but non-seismic windows keep away from them. An
        unknown depth passes.
    lead_begin_days, lead_end_days
        The lead: a window is seismic if it lies between these times before the origin. In use are
        1-14 days (BMKG), 4-20, 14 (GEMPRA) and 1-3 (Heavlin et al. 2022).
    guard_days
        Least distance in time, before and after, of a non-seismic window from all earthquakes
        within the radius and of at least `magnitude_min`, before declustering; at least
        `lead_begin_days`.
    local_hours
        Two hours of local solar time (UTC + longitude / 15), such as ``[22, 4]``; the middle of a
        window must lie between them. Traffic and the ionosphere are quiet at night. Empty for the
        whole day.
    kp_max
        Highest Kp of windows of either class, over which Kp must be known; 9 needs no Kp. A limit
        for one class alone would confound Kp with the label. There is no rule for Dst, since no
        table of Dst is installed.
    aftershock_km, aftershock_hours, mainshock_min
        An earthquake is an aftershock, and does not count, if it is this near to and this soon
        after an earthquake of at least `mainshock_min` and at least its own magnitude. 100 km and
        72 h of magnitude 5 are usual. With 0 hours all earthquakes count.
    swarm_km, swarm_days
        Earthquakes within these distances of each other are linked to one event, the largest of
        them; 0 days link none.
    covered_from_utc, covered_until_utc
        Dates between which the catalogue is complete; empty for its first and last earthquake.
        Outside these dates no window is non-seismic.
    """

    radius: RadiusRule
    magnitude_min: float
    lead_begin_days: float
    guard_days: float
    radius_km: float = 0.0
    kls_min: float = 0.0
    magnitude_max: float = 10.0
    depth_max_km: float = 1000.0
    lead_end_days: float = 0.0
    local_hours: list[float] = msgspec.field(default_factory=list)
    kp_max: float = _NO_KP_LIMIT
    aftershock_km: float = 100.0
    aftershock_hours: float = 72.0
    mainshock_min: float = 5.0
    swarm_km: float = 0.0
    swarm_days: float = 0.0
    covered_from_utc: str = ""
    covered_until_utc: str = ""

    @property
    def limits_kp(self) -> bool:
        """Whether Kp limits the windows."""
        return self.kp_max < _NO_KP_LIMIT

    def earthquakes(self) -> EarthquakeRules:
        """The rules that concern earthquakes alone."""
        return EarthquakeRules(
            radius=self.radius,
            magnitude_min=self.magnitude_min,
            radius_km=self.radius_km,
            kls_min=self.kls_min,
            magnitude_max=self.magnitude_max,
            depth_max_km=self.depth_max_km,
            aftershock_km=self.aftershock_km,
            aftershock_hours=self.aftershock_hours,
            mainshock_min=self.mainshock_min,
            swarm_km=self.swarm_km,
            swarm_days=self.swarm_days,
        )


def rule_problems(rules: LabelRules) -> list[str]:
    """Problems of the rules, each with its key; empty if there are none."""
    hours, first, last = rules.local_hours, rules.covered_from_utc, rules.covered_until_utc
    checks = [
        (
            0 <= rules.lead_end_days < rules.lead_begin_days < 1000,
            "lead_end_days must not be negative, and must be less than lead_begin_days",
        ),
        (
            rules.lead_begin_days <= rules.guard_days < 10_000,
            f"guard_days is {rules.guard_days:g} but must be at least lead_begin_days "
            f"({rules.lead_begin_days:g}): nearer windows may be seismic",
        ),
        (
            not hours or (len(hours) == 2 and all(0 <= hour <= 24 for hour in hours)),
            "local_hours must be empty or two hours within 0 to 24",
        ),
        (len(hours) != 2 or hours[0] != hours[1], "local_hours must differ"),
        (0 <= rules.kp_max <= 9, "kp_max must be within 0 to 9"),
        *((_is_day(rules, key), f"{key} must be a UTC date such as 2007-01-01") for key in _DAYS),
        (not (first and last) or first < last, "covered_from_utc must be before covered_until_utc"),
    ]
    return [
        *earthquake_rule_problems(rules.earthquakes()),
        *(problem for fine, problem in checks if not fine),
    ]


def check_rules(rules: LabelRules) -> None:
    """Check the rules of labelling.

    Raises
    ------
    RecipeRefused
        If rules are wrong; the message names every wrong key.
    """
    problems = rule_problems(rules)
    if problems:
        raise RecipeRefused("; ".join(f"labels.{problem}" for problem in problems))


def day_ms(text: str) -> int:
    """Begin of a UTC date, milliseconds since 1970.

    Raises
    ------
    ValueError
        If the text is not like ``2007-01-01``.
    """
    day = date.fromisoformat(text)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


_DAYS = ("covered_from_utc", "covered_until_utc")


def _is_day(rules: LabelRules, key: str) -> bool:
    text = getattr(rules, key)
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False
