"""Select the earthquakes that count at a station."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geofield.alerts.distance import great_circle_km
from geofield.earthquakes.columns import Columns
from geofield.earthquakes.decluster import aftershocks, largest_of_swarms
from geofield.earthquakes.geometry import dobrovolsky_km, hypocentral_km, seismicity_index
from geofield.earthquakes.rules import EarthquakeRules
from geofield.earthquakes.types import Site
from geofield.types import Bool, Float64


class SelectionStep(NamedTuple):
    """A rule in words, and how many earthquakes pass it and all rules before it."""

    words: str
    events: int


@dataclass(frozen=True, slots=True, eq=False)
class SelectedEarthquakes:
    """Outcome of the rules at one station, for n earthquakes.

    Attributes
    ----------
    counts
        Shape [n]: whether each earthquake passes every rule.
    near_and_large
        Shape [n]: whether each is near enough and of at least the least magnitude.
    steps
        Counts after each rule.
    """

    counts: Bool
    near_and_large: Bool
    steps: tuple[SelectionStep, ...]


class _Rule(NamedTuple):
    words: str
    passes: Bool


def aftershocks_of(quakes: Columns, rules: EarthquakeRules) -> Bool:
    """Whether each earthquake [n] is an aftershock, wherever the station is."""
    return aftershocks(quakes, rules.aftershock_km, rules.aftershock_hours, rules.mainshock_min)


def select_earthquakes(
    quakes: Columns, site: Site, rules: EarthquakeRules, follows: Bool | None = None
) -> SelectedEarthquakes:
    """Apply the rules to earthquakes in order of time.

    `follows` is what `aftershocks_of` gave, for many stations with one rule.
    """
    follows = aftershocks_of(quakes, rules) if follows is None else follows
    near = _near(quakes, site, rules)
    steps, counts = [], np.ones(len(quakes), dtype=bool)
    for rule in (near, _large(quakes, rules), _shallow(quakes, rules), _single(follows, rules)):
        counts = counts & rule.passes
        steps.append(SelectionStep(rule.words, int(counts.sum())))
    if rules.swarm_days:
        counts = _without_swarms(quakes, counts, rules)
        words = (
            f"the largest of each swarm (links of {rules.swarm_km:g} km, {rules.swarm_days:g} days)"
        )
        steps.append(SelectionStep(words, int(counts.sum())))
    large = near.passes & (quakes.magnitude >= rules.magnitude_min)
    return SelectedEarthquakes(counts, large, tuple(steps))


def _near(quakes: Columns, site: Site, rules: EarthquakeRules) -> _Rule:
    distance_km = great_circle_km(
        quakes.latitude_deg,
        quakes.longitude_deg,
        np.array(site.latitude_deg),
        np.array(site.longitude_deg),
    )
    zone = "within 10^(0.43 M) km (Dobrovolsky et al. 1979)"
    fixed = f"within {rules.radius_km:g} km"
    ways: dict[str, Callable[[], _Rule]] = {
        "dobrovolsky": lambda: _Rule(zone, distance_km <= dobrovolsky_km(quakes.magnitude)),
        "fixed": lambda: _Rule(fixed, distance_km <= rules.radius_km),
        "dobrovolsky-or-fixed": lambda: _Rule(
            f"{zone} or {fixed}",
            distance_km <= np.maximum(dobrovolsky_km(quakes.magnitude), rules.radius_km),
        ),
        "kls": lambda: _by_index(quakes, distance_km, rules.kls_min),
    }
    return ways[rules.radius]()


def _by_index(quakes: Columns, distance_km: Float64, least: float) -> _Rule:
    focus_km = hypocentral_km(distance_km, quakes.depth_km)
    passes = seismicity_index(quakes.magnitude, focus_km) >= least
    return _Rule(f"local seismicity index KLS at least {least:g}", passes)


def _large(quakes: Columns, rules: EarthquakeRules) -> _Rule:
    passes = (quakes.magnitude >= rules.magnitude_min) & (quakes.magnitude <= rules.magnitude_max)
    limit = "" if rules.magnitude_max >= 10 else f", at most {rules.magnitude_max:g}"
    return _Rule(f"magnitude at least {rules.magnitude_min:g}{limit}", np.asarray(passes))


def _shallow(quakes: Columns, rules: EarthquakeRules) -> _Rule:
    passes = ~(quakes.depth_km > rules.depth_max_km)
    return _Rule(f"no deeper than {rules.depth_max_km:g} km", np.asarray(passes))


def _single(follows: Bool, rules: EarthquakeRules) -> _Rule:
    words = (
        f"no aftershocks ({rules.aftershock_km:g} km and {rules.aftershock_hours:g} h of "
        f"magnitude {rules.mainshock_min:g} or more)"
    )
    return _Rule(words, ~follows)


def _without_swarms(quakes: Columns, counts: Bool, rules: EarthquakeRules) -> Bool:
    where = np.flatnonzero(counts)
    left = np.zeros(len(quakes), dtype=bool)
    if len(where):
        some = Columns(*(getattr(quakes, name)[where] for name in Columns.__slots__))
        left[where[largest_of_swarms(some, rules.swarm_km, rules.swarm_days)]] = True
    return left
