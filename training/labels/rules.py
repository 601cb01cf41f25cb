"""The rules of labelling: one table of the recipe, every choice with its source."""

from datetime import UTC, date, datetime
from typing import Literal

import msgspec

from training.section import RecipeRefused, Section

Radius = Literal["dobrovolsky", "fixed", "dobrovolsky-or-fixed", "kls"]

_NO_KP_LIMIT = 9.0
_KEYS_OF_RADIUS: dict[Radius, tuple[str, ...]] = {
    "dobrovolsky": (),
    "fixed": ("radius_km",),
    "dobrovolsky-or-fixed": ("radius_km",),
    "kls": ("kls_min",),
}


class LabelRules(Section, frozen=True):
    """Which windows lie before earthquakes and which are far from any.

    Attributes
    ----------
    radius
        Which earthquakes are near enough. ``dobrovolsky``: the epicentre is within 10^(0.43 M) km
        (Dobrovolsky et al. 1979, Pure and Applied Geophysics 117, 1025). ``fixed``: within
        `radius_km` (200-300 km are usual, GEMPRA takes 200). ``dobrovolsky-or-fixed``: within
        either. ``kls``: the local seismicity index (1 + R^(-M/2))^-2.33 * 10^(0.75 M) / R, R being
        the distance to the focus in km, is at least `kls_min`; used by the group of the authors
        of negative learning.
    radius_km, kls_min
        For those that ask for it, and refused with the others.
    magnitude_min, magnitude_max
        Of earthquakes that windows may be called seismic for. Choose nothing below the magnitude
        from which the catalogue is complete: an earthquake that is missing from it makes the
        days before it non-seismic. One above `magnitude_max` still keeps others away.
    depth_max_km
        Deeper ones are not counted, but still keep non-seismic windows away. An unknown depth
        passes.
    lead_begin_days, lead_end_days
        A window is seismic if it lies between so many days before the origin and so many. In use
        are 1-14 days (BMKG), 4-20, 14 (GEMPRA) and 1-3 (Heavlin et al. 2022).
    guard_days
        A non-seismic window is farther than this from every earthquake of the radius and of
        `magnitude_min` before declustering, before it and after it; at least `lead_begin_days`.
    local_hours
        Two hours of local solar time (UTC + longitude / 15) between which the middle of a window
        has to lie, such as ``[22, 4]``: traffic sleeps and the ionosphere is quiet then. Empty:
        the whole day.
    kp_max
        Windows of either class over which Kp is known and nowhere higher; 9 asks for no Kp at all.
        Applied to one class alone it would confound Kp with the label. Dst is not a rule: that
        would need a table of it, and none is installed.
    aftershock_km, aftershock_hours, mainshock_min
        An earthquake so near to and so soon after one of at least `mainshock_min` and its own
        magnitude is an aftershock and not counted. 100 km and 72 h of magnitude 5 are usual;
        0 hours: all are counted.
    swarm_km, swarm_days
        Earthquakes linked by steps so short are one event, the largest of them; 0 days: none are.
    covered_from_utc, covered_until_utc
        Dates between which the catalogue holds every earthquake it should; empty: from its first
        to its last. Where it is silent no window is non-seismic.
    """

    radius: Radius
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
        """Whether windows have to be quiet."""
        return self.kp_max < _NO_KP_LIMIT


def rule_problems(rules: LabelRules) -> list[str]:
    """What contradicts itself or makes no sense, each with its key; empty if nothing does."""
    hours, first, last = rules.local_hours, rules.covered_from_utc, rules.covered_until_utc
    checks = [
        (
            -3 <= rules.magnitude_min < rules.magnitude_max <= 10,
            "magnitude_min must be below magnitude_max, both within -3 to 10",
        ),
        (rules.depth_max_km > 0, "depth_max_km must be positive"),
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
        (
            rules.aftershock_km >= 0 and rules.aftershock_hours >= 0,
            "aftershock_km and aftershock_hours must not be negative",
        ),
        (
            rules.swarm_km >= 0 and rules.swarm_days >= 0,
            "swarm_km and swarm_days must not be negative",
        ),
        (
            (rules.swarm_km > 0) == (rules.swarm_days > 0),
            "swarm_km and swarm_days must both be given or both be 0",
        ),
        *((_is_day(rules, key), f"{key} must be a UTC date such as 2007-01-01") for key in _DAYS),
        (not (first and last) or first < last, "covered_from_utc must be before covered_until_utc"),
    ]
    return [problem for fine, problem in checks if not fine] + _radius_problems(rules)


def check_rules(rules: LabelRules) -> None:
    """Nothing, if the rules can be used.

    Raises
    ------
    RecipeRefused
        Naming every key that is wrong.
    """
    problems = rule_problems(rules)
    if problems:
        raise RecipeRefused("; ".join(f"labels.{problem}" for problem in problems))


def day_ms(text: str) -> int:
    """Midnight at which a UTC date begins, milliseconds since 1970.

    Raises
    ------
    ValueError
        If it is not like ``2007-01-01``.
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


def _radius_problems(rules: LabelRules) -> list[str]:
    wanted = _KEYS_OF_RADIUS[rules.radius]
    problems = []
    for key in ("radius_km", "kls_min"):
        value = getattr(rules, key)
        if key in wanted and not 0 < value < 1e6:
            problems.append(f'{key} must be positive with radius = "{rules.radius}"')
        if key not in wanted and value != 0:
            problems.append(f'{key} has no effect with radius = "{rules.radius}": leave it out')
    return problems
