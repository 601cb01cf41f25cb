"""The rules by which an earthquake counts at a station."""

from dataclasses import dataclass
from typing import Literal

RadiusRule = Literal["dobrovolsky", "fixed", "dobrovolsky-or-fixed", "kls"]
KEYS_OF_RADIUS: dict[RadiusRule, tuple[str, ...]] = {
    "dobrovolsky": (),
    "fixed": ("radius_km",),
    "dobrovolsky-or-fixed": ("radius_km",),
    "kls": ("kls_min",),
}


@dataclass(frozen=True, slots=True)
class EarthquakeRules:
    """Rules of near, large, shallow and single earthquakes.

    `training.recipe.labels.LabelRules` has the same keys, with the source of each.

    Attributes
    ----------
    radius
        ``dobrovolsky``: within 10^(0.43 M) km; ``fixed``: within `radius_km`;
        ``dobrovolsky-or-fixed``: within either; ``kls``: the local seismicity index is at least
        `kls_min`.
    radius_km, kls_min
        Limits of the rules that need them, else 0.
    magnitude_min, magnitude_max
        Magnitudes that count, both included.
    depth_max_km
        Greatest depth; an unknown depth passes.
    aftershock_km, aftershock_hours, mainshock_min
        What is so near to and so soon after an earthquake of at least `mainshock_min` and its own
        magnitude is an aftershock and does not count; 0 hours for no such rule.
    swarm_km, swarm_days
        Earthquakes within these distances are linked, and the largest counts; 0 days for no rule.
    """

    radius: RadiusRule
    magnitude_min: float
    radius_km: float = 0.0
    kls_min: float = 0.0
    magnitude_max: float = 10.0
    depth_max_km: float = 1000.0
    aftershock_km: float = 100.0
    aftershock_hours: float = 72.0
    mainshock_min: float = 5.0
    swarm_km: float = 0.0
    swarm_days: float = 0.0


def earthquake_rule_problems(rules: EarthquakeRules) -> list[str]:
    """Problems of the rules, each with its key; empty if there are none."""
    checks = [
        (
            -3 <= rules.magnitude_min < rules.magnitude_max <= 10,
            "magnitude_min must be below magnitude_max, both within -3 to 10",
        ),
        (rules.depth_max_km > 0, "depth_max_km must be positive"),
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
    ]
    return [problem for fine, problem in checks if not fine] + _radius_problems(rules)


def _radius_problems(rules: EarthquakeRules) -> list[str]:
    wanted = KEYS_OF_RADIUS[rules.radius]
    problems = []
    for key in ("radius_km", "kls_min"):
        value = getattr(rules, key)
        if key in wanted and not 0 < value < 1e6:
            problems.append(f'{key} must be positive with radius = "{rules.radius}"')
        if key not in wanted and value != 0:
            problems.append(f'{key} has no effect with radius = "{rules.radius}": leave it out')
    return problems
