"""A model, its rivals and Kp alone on real earthquakes, through the worker's own step."""

from collections.abc import Callable

import numpy as np

from geofield.alert import Alert
from geofield.indices import EVENTUALLY_MS
from geofield.score import WindowScore
from geofield.types import Float64, Int64
from training.config import Recipe
from training.evaluation import Labelled
from training.ground import Ground
from training.judge.on_labels import judge
from training.judge.trial import Effort, Trial, kp_alone
from training.judge.trial import Method as Judged
from training.labels.catalogue import Catalogue
from training.labels.label import prepare
from training.labels.labelling import milliseconds
from training.labels.types import Site
from training.methods import Method
from training.subject import Subject


def on_earthquakes(
    subject: Subject,
    ground: Ground,
    recipe: Recipe,
    catalogue: Catalogue,
    site: Site,
    advance: Callable[[], object],
) -> Labelled:
    """Score the judged days with every method, label the windows, and judge by the recipe's rules.

    Parameters
    ----------
    subject, ground
        What is judged, and where.
    recipe
        Rules of labelling and of the verdict.
    catalogue, site
        Earthquakes, and where the station stands.
    advance
        Called after every method.

    Raises
    ------
    training.labels.label.LabelsRefused
        If a rule leaves no earthquake or no window.
    training.judge.units.TooFewUnits, training.judge.shuffle.ShuffleRefused
        If there is too little to judge on.
    """
    watched = []
    for method in subject.methods:
        profile = subject.profiles[method.name]
        scores, opened = ground.stream.watch(method, ground.judged, profile)
        watched.append((method, scores, opened))
        advance()
    first = watched[0][1]
    end_ms = np.array([one.end_ms for one in first if one.score is not None], dtype=np.int64)
    trial = _trial(end_ms, ground, recipe, catalogue, site)
    judged = [_judged(method, scores, opened) for method, scores, opened in watched]
    kp = _highest_kp([one for one in first if one.score is not None], ground)
    return judge(trial, [*judged, kp_alone(kp, np.empty(0, np.int64))], recipe.verdict)


def _trial(
    end_ms: Int64, ground: Ground, recipe: Recipe, catalogue: Catalogue, site: Site
) -> Trial:
    spec, rules = ground.stream.window, recipe.labels
    labelling = prepare(
        end_ms,
        spec.samples * spec.cadence_ms,
        site,
        catalogue,
        rules,
        ground.stream.history,
        hop_ms=spec.hop * spec.cadence_ms,
        margin_ms=spec.half * spec.cadence_ms,
    ).with_windows()
    return Trial(
        site=site,
        catalogue=catalogue.name,
        labels=labelling.labels(),
        placebo=labelling.placebo(),
        relabel=labelling.relabel,
        lead_ms=milliseconds(rules.lead_begin_days - rules.lead_end_days),
        hop_ms=spec.hop * spec.cadence_ms,
        effort=Effort(),
    )


def _judged(method: Method, scores: list[WindowScore], opened: list[Alert]) -> Judged:
    found = [one.score for one in scores if one.score is not None]
    rmse = np.array([score.rmse for score in found])
    mae = np.array([score.mae for score in found])
    opened_ms = np.array([alert.decided_ms for alert in opened], dtype=np.int64)
    error = (rmse, mae) if method.is_error else (None, None)
    return Judged(method.name, rmse, opened_ms, *error)


def _highest_kp(scores: list[WindowScore], ground: Ground) -> Float64:
    history = ground.stream.history
    known = [history.between(one.start_ms, one.end_ms, EVENTUALLY_MS) for one in scores]
    return np.array([np.nan if kp.highest is None else kp.highest for kp in known])
