"""Evaluation of a model, its rivals and Kp alone on real earthquakes, by the worker's step."""

from collections.abc import Callable

import numpy as np

from archive.catalogue import Catalogue
from geofield.alerts.alert import Alert
from geofield.earthquakes.types import Site
from geofield.indices import EVENTUALLY_MS
from geofield.scoring.score import WindowScore
from geofield.types import Float64, Int64
from training.evaluation.contestants import Contestants
from training.evaluation.data_split import DataSplit
from training.evaluation.methods import Method
from training.evaluation.on_labels import judge
from training.labels.build import prepare
from training.labels.labeller import milliseconds
from training.recipe.recipe import Recipe
from training.results import Labelled
from training.statistics.inputs import Effort, LabelledWindows, MethodScores, kp_alone


def on_earthquakes(
    contestants: Contestants,
    split: DataSplit,
    recipe: Recipe,
    catalogue: Catalogue,
    site: Site,
    advance: Callable[[], object],
) -> Labelled:
    """Score the judged days with every method, label the windows, and judge by the recipe's rules.

    Parameters
    ----------
    contestants, split
        Methods, and the data to judge them on.
    recipe
        Rules of labelling and of the verdict.
    catalogue, site
        Earthquakes, and the position of the station.
    advance
        Called after every method.

    Raises
    ------
    training.labels.build.LabelsRefused
        If a rule leaves no earthquake or no window.
    training.statistics.units.TooFewUnits, training.statistics.shuffle.ShuffleRefused
        If there are too few windows or earthquakes.
    """
    watched = []
    for method in contestants.methods:
        profile = contestants.profiles[method.name]
        scores, opened = split.stream.watch(method, split.judged, profile)
        watched.append((method, scores, opened))
        advance()
    first = watched[0][1]
    scored = [window for window in first if window.score is not None]
    end_ms = np.array([window.end_ms for window in scored], dtype=np.int64)
    trial = _trial(end_ms, split, recipe, catalogue, site)
    judged = [_judged(method, scores, opened) for method, scores, opened in watched]
    kp = _highest_kp(scored, split)
    return judge(trial, [*judged, kp_alone(kp, np.empty(0, np.int64))], recipe.verdict)


def _trial(
    end_ms: Int64, split: DataSplit, recipe: Recipe, catalogue: Catalogue, site: Site
) -> LabelledWindows:
    spec, rules = split.stream.window, recipe.labels
    labelling = prepare(
        end_ms,
        spec.length_ms,
        site,
        catalogue,
        rules,
        split.stream.history,
        hop_ms=spec.hop_ms,
        margin_ms=spec.margin_ms,
    ).with_windows()
    return LabelledWindows(
        site=site,
        catalogue=catalogue.name,
        labels=labelling.labels(),
        placebo=labelling.placebo(),
        relabel=labelling.relabel,
        lead_ms=milliseconds(rules.lead_begin_days - rules.lead_end_days),
        hop_ms=spec.hop_ms,
        effort=Effort(),
    )


def _judged(method: Method, windows: list[WindowScore], opened: list[Alert]) -> MethodScores:
    scores = [window.score for window in windows if window.score is not None]
    rmse = np.array([score.rmse for score in scores])
    mae = np.array([score.mae for score in scores])
    opened_ms = np.array([alert.decided_ms for alert in opened], dtype=np.int64)
    error = (rmse, mae) if method.is_error else (None, None)
    return MethodScores(method.name, rmse, opened_ms, *error)


def _highest_kp(windows: list[WindowScore], split: DataSplit) -> Float64:
    history = split.stream.history
    known = [history.between(window.start_ms, window.end_ms, EVENTUALLY_MS) for window in windows]
    return np.array([np.nan if kp.highest is None else kp.highest for kp in known])
