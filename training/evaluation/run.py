"""Evaluation of a model on an archive: calibrated on some of its days, judged on the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from archive.catalogue import Catalogue
from archive.model import Model
from geofield.earthquakes.types import Site
from training.evaluation.contestants import Contestants, fitted
from training.evaluation.data_split import DataSplit
from training.evaluation.earthquakes import on_earthquakes
from training.evaluation.false_alarms import quiet_counts
from training.evaluation.injection.suite import (
    injected,
    judged_station,
    polarized,
    tables,
    turned,
)
from training.recipe.recipe import Recipe
from training.results import ActivityMeans, Cell, Evaluation, Injections, Labelled, Verdict
from training.statistics.verdict import not_evaluated

Advance: TypeAlias = Callable[..., object]
"""Advances progress by one step, or by the given number."""

Steps: TypeAlias = Callable[[str, int], Advance]
"""Starts a stage, given its title and number of steps; returns its `Advance`."""


@dataclass(frozen=True, slots=True)
class Earthquakes:
    """Real earthquakes to judge on: the catalogue, and the position of the station."""

    catalogue: Catalogue
    site: Site


def fit_contestants(
    model: Model, rivals: Mapping[str, Model], split: DataSplit, recipe: Recipe, steps: Steps
) -> Contestants:
    """Fit the station's profile for the model and all methods it is compared with.

    Raises
    ------
    training.recipe.section.RecipeRefused
        If the calibration days have no quiet window, or too few for a threshold.
    """
    windows = len(split.calibration) // split.stream.window.hop  # an upper bound: gaps count
    advance = steps(f"{split.judged.station}: calibration", 2 * windows)
    return fitted(model, rivals, split, recipe.promise.false_alarms_per_month, advance)


def with_injections(
    contestants: Contestants,
    split: DataSplit,
    recipe: Recipe,
    steps: Steps,
    cells: list[Cell] | None = None,
) -> Injections:
    """Judge on injected transients; `cells` is the main table if it covers several seeds."""
    seismic, where = recipe.seismic, split.judged.station
    station = judged_station(contestants, split, recipe)
    by_activity: list[ActivityMeans] = []
    if cells is None:
        count = (len(seismic.families) + len(seismic.unseen_families)) * len(seismic.judge_snr)
        cells, by_activity = tables(station, steps(f"{where}: transients in windows", count))
    count = 2 * len(turned(recipe))
    cells = [*cells, *polarized(station, steps(f"{where}: polarizations", count))]
    windows = len(split.judged) // split.stream.window.hop
    advance = steps(f"{where}: quiet days", windows)
    counts = quiet_counts(contestants, split, recipe.promise, advance)
    advance = steps(f"{where}: packets in the stream", len(recipe.promise.durations))
    return injected(station, cells, by_activity, counts, advance)


def with_earthquakes(
    contestants: Contestants,
    split: DataSplit,
    recipe: Recipe,
    earthquakes: Earthquakes,
    steps: Steps,
) -> Labelled:
    """Judge on real earthquakes; raises the errors of `on_earthquakes`."""
    advance = steps(f"{split.judged.station}: earthquakes", len(contestants.methods))
    return on_earthquakes(
        contestants, split, recipe, earthquakes.catalogue, earthquakes.site, advance
    )


def evaluation_of(
    model: Model,
    injections: list[Injections],
    labelled: list[Labelled],
    facts: Mapping[str, float],
    left_out: Sequence[str],
) -> Evaluation:
    """The evaluation document; its verdict is that of the first station with earthquakes."""
    about = model.manifest
    verdict: Verdict = labelled[0].verdict if labelled else not_evaluated()
    return Evaluation(
        model=about.name,
        version=about.version,
        sha256=about.sha256,
        verdict=verdict,
        injections=injections,
        labelled=labelled,
        facts=dict(facts),
        left_out=list(left_out),
    )
