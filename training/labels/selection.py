"""Select the earthquakes of a catalogue that count at a station."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geofield.alerts.distance import great_circle_km
from geofield.types import Bool, Float64
from training.labels.arrays import Columns, columns
from training.labels.catalogue import Catalogue
from training.labels.decluster import aftershocks, largest_of_swarms
from training.labels.geometry import (
    dobrovolsky_km,
    hypocentral_km,
    seismicity_index,
)
from training.labels.types import Earthquake, Site
from training.recipe.labels import LabelRules, check_rules, day_ms
from training.results import LabelStep


class LabelsRefused(ValueError):
    """The rules leave no earthquake or no window; the message names the step and all counts."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Selected earthquakes of a station, in order of time.

    Attributes
    ----------
    events
        Earthquakes with seismic windows.
    guards
        Earthquakes that non-seismic windows keep away from, including `events`.
    covered_ms
        Begin and end of the time for which the catalogue is complete.
    steps
        Counts after each rule.
    """

    events: tuple[Earthquake, ...]
    guards: tuple[Earthquake, ...]
    covered_ms: tuple[int, int]
    steps: tuple[LabelStep, ...]


class _Rule(NamedTuple):
    words: str
    passes: Bool


def select(catalogue: Catalogue, site: Site, rules: LabelRules) -> Selection:
    """Apply the rules that concern earthquakes alone.

    Raises
    ------
    RecipeRefused
        If the rules contradict themselves.
    LabelsRefused
        If no earthquake is left.
    """
    check_rules(rules)
    quakes = columns(catalogue.earthquakes)
    near = _radius(quakes, site, rules)
    large = quakes.magnitude >= rules.magnitude_min
    steps = [LabelStep(step=_catalogue_words(catalogue), events=len(quakes))]
    alive = np.ones(len(quakes), dtype=bool)
    for rule in (near, _magnitude(quakes, rules), _depth(quakes, rules), _single(quakes, rules)):
        alive = alive & rule.passes
        steps.append(_step(steps, rule.words, alive))
    if rules.swarm_days:
        alive = _without_swarms(quakes, alive, rules)
        steps.append(_step(steps, _swarm_words(rules), alive))
    return Selection(
        _taken(catalogue.earthquakes, alive),
        _taken(catalogue.earthquakes, near.passes & large),
        _covered_ms(catalogue, rules),
        tuple(steps),
    )


def refuse_if_nothing(steps: Sequence[LabelStep], what: str, left: int) -> None:
    """Check that `left` is not 0.

    Raises
    ------
    LabelsRefused
        If it is 0; the message names the last step and the counts of all steps.
    """
    if left:
        return
    counts = "; ".join(
        f"{step.step}: {step.events} earthquakes"
        + ("" if step.windows is None else f", {step.windows} windows")
        for step in steps
    )
    raise LabelsRefused(
        f"no {what} left after {steps[-1].step!r}: ease that rule in [labels], or bring more "
        f"data ({counts})"
    )


def _step(steps: list[LabelStep], words: str, alive: Bool) -> LabelStep:
    step = LabelStep(step=words, events=int(alive.sum()))
    refuse_if_nothing([*steps, step], "earthquake is", step.events)
    return step


def _catalogue_words(catalogue: Catalogue) -> str:
    return (
        f"{catalogue.name}, each earthquake once ({catalogue.repeated} repeated, "
        f"{catalogue.left_out} entries without magnitude or no earthquakes)"
    )


def _radius(quakes: Columns, site: Site, rules: LabelRules) -> _Rule:
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


def _magnitude(quakes: Columns, rules: LabelRules) -> _Rule:
    passes = (quakes.magnitude >= rules.magnitude_min) & (quakes.magnitude <= rules.magnitude_max)
    limit = "" if rules.magnitude_max >= 10 else f", at most {rules.magnitude_max:g}"
    return _Rule(f"magnitude at least {rules.magnitude_min:g}{limit}", np.asarray(passes))


def _depth(quakes: Columns, rules: LabelRules) -> _Rule:
    passes = ~(quakes.depth_km > rules.depth_max_km)
    return _Rule(f"no deeper than {rules.depth_max_km:g} km", np.asarray(passes))


def _single(quakes: Columns, rules: LabelRules) -> _Rule:
    follows = aftershocks(quakes, rules.aftershock_km, rules.aftershock_hours, rules.mainshock_min)
    words = (
        f"no aftershocks ({rules.aftershock_km:g} km and {rules.aftershock_hours:g} h of "
        f"magnitude {rules.mainshock_min:g} or more)"
    )
    return _Rule(words, ~follows)


def _without_swarms(quakes: Columns, alive: Bool, rules: LabelRules) -> Bool:
    where = np.flatnonzero(alive)
    some = Columns(*(getattr(quakes, name)[where] for name in Columns.__slots__))
    left = np.zeros(len(quakes), dtype=bool)
    left[where[largest_of_swarms(some, rules.swarm_km, rules.swarm_days)]] = True
    return left


def _swarm_words(rules: LabelRules) -> str:
    return f"the largest of each swarm (links of {rules.swarm_km:g} km, {rules.swarm_days:g} days)"


def _taken(earthquakes: Sequence[Earthquake], which: Bool) -> tuple[Earthquake, ...]:
    return tuple(earthquakes[position] for position in np.flatnonzero(which).tolist())


def _covered_ms(catalogue: Catalogue, rules: LabelRules) -> tuple[int, int]:
    first, last = catalogue.earthquakes[0], catalogue.earthquakes[-1]
    return (
        day_ms(rules.covered_from_utc) if rules.covered_from_utc else first.time_ms,
        day_ms(rules.covered_until_utc) if rules.covered_until_utc else last.time_ms,
    )
