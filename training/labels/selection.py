"""Select the earthquakes of a catalogue that count at a station."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archive.catalogue import Catalogue
from geofield.earthquakes.columns import columns
from geofield.earthquakes.selection import select_earthquakes
from geofield.earthquakes.types import Earthquake, Site
from geofield.types import Bool
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
    selected = select_earthquakes(columns(catalogue.earthquakes), site, rules.earthquakes())
    steps = [LabelStep(step=_catalogue_words(catalogue), events=len(catalogue.earthquakes))]
    for words, events in selected.steps:
        steps.append(LabelStep(step=words, events=events))
        refuse_if_nothing(steps, "earthquake is", events)
    return Selection(
        _taken(catalogue.earthquakes, selected.counts),
        _taken(catalogue.earthquakes, selected.near_and_large),
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


def _catalogue_words(catalogue: Catalogue) -> str:
    return (
        f"{catalogue.name}, each earthquake once ({catalogue.repeated} repeated, "
        f"{catalogue.left_out} entries without magnitude or no earthquakes)"
    )


def _taken(earthquakes: Sequence[Earthquake], which: Bool) -> tuple[Earthquake, ...]:
    return tuple(earthquakes[position] for position in np.flatnonzero(which).tolist())


def _covered_ms(catalogue: Catalogue, rules: LabelRules) -> tuple[int, int]:
    first, last = catalogue.earthquakes[0], catalogue.earthquakes[-1]
    return (
        day_ms(rules.covered_from_utc) if rules.covered_from_utc else first.time_ms,
        day_ms(rules.covered_until_utc) if rules.covered_until_utc else last.time_ms,
    )
