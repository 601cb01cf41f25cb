"""One model on one archive: calibrated on some of its days, judged on the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from archive.model import Model
from training.config import Recipe
from training.evaluation import Cell, Evaluation, Injections, Labelled, Verdict
from training.ground import Ground
from training.injected import injected, polarized, tables, turned
from training.judge.verdict import not_evaluated
from training.labels.catalogue import Catalogue
from training.labels.types import Site
from training.real import on_earthquakes
from training.subject import Subject, fitted

Advance: TypeAlias = Callable[..., object]
"""Moves progress by one step, or by as many as it is told."""

Steps: TypeAlias = Callable[[str, int], Advance]
"""Told the title and the number of steps of a stage; returns what moves its progress."""


@dataclass(frozen=True, slots=True)
class Earthquakes:
    """What is needed to judge on real ones: the catalogue, and where the station stands."""

    catalogue: Catalogue
    site: Site


def subject_of(
    model: Model, rivals: Mapping[str, Model], ground: Ground, recipe: Recipe, steps: Steps
) -> Subject:
    """Fit the station's profile for the model and everything it is compared with.

    Raises
    ------
    training.section.RecipeRefused
        If the calibration days have no quiet window.
    geofield.threshold.TailTooShort
        If they are too few for a threshold.
    """
    windows = len(ground.calibration) // ground.stream.window.hop  # gaps aside
    advance = steps("calibration", 2 * windows)
    return fitted(model, rivals, ground, recipe.promise.false_alarms_per_month, advance)


def with_injections(
    subject: Subject, ground: Ground, recipe: Recipe, steps: Steps, cells: list[Cell] | None = None
) -> Injections:
    """The benchmark of known truth; `cells` if the main table was measured over several seeds."""
    seismic = recipe.seismic
    if cells is None:
        count = (len(seismic.families) + len(seismic.unseen_families)) * len(seismic.judge_snr)
        cells = tables(subject, ground, recipe, steps("transients in windows", count))
    count = 2 * len(turned(recipe))
    cells = [*cells, *polarized(subject, ground, recipe, steps("polarizations", count))]
    count = len(subject.methods) * len(recipe.promise.durations)
    return injected(subject, ground, recipe, cells, steps("packets in the stream", count))


def with_earthquakes(
    subject: Subject, ground: Ground, recipe: Recipe, earthquakes: Earthquakes, steps: Steps
) -> Labelled:
    """The judgement on real earthquakes; raises what `on_earthquakes` raises."""
    advance = steps("earthquakes", len(subject.methods))
    return on_earthquakes(subject, ground, recipe, earthquakes.catalogue, earthquakes.site, advance)


def evaluation_of(
    model: Model,
    injections: list[Injections],
    labelled: list[Labelled],
    facts: Mapping[str, float],
    left_out: Sequence[str],
) -> Evaluation:
    """All of it in one document; the verdict is that on the first station with earthquakes."""
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
