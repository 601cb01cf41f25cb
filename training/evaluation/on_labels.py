"""Judgement of several methods on the earthquakes of one station."""

from collections.abc import Sequence

import numpy as np

from geofield.scoreboard.molchan import band, molchan
from geofield.types import Bool, Float64, Int64
from geofield.utc import DAY_MS, utc
from training.evaluation.injection.windows import auc, rank_sum_p
from training.labels.types import NEITHER, Labels
from training.recipe.verdict_rules import VerdictRules
from training.results import Labelled, LabelStep, OnLabels
from training.statistics.bootstrap import auc_interval
from training.statistics.false_alarms import alarm_hours, alarms_per_month
from training.statistics.inputs import LabelledWindows, MethodScores, scored_by_all
from training.statistics.permutation import event_p
from training.statistics.shuffle import Shuffles, draw_shuffles, ring, shuffled_aucs, shuffled_p
from training.statistics.units import Units, gather, substantial
from training.statistics.verdict import verdict

_BAND_SHARES = np.linspace(0.0, 1.0, 101)
_PERMUTED, _RESAMPLED, _SHUFFLED = 1, 2, 3


def judge(trial: LabelledWindows, methods: Sequence[MethodScores], rules: VerdictRules) -> Labelled:
    """Judge methods on the windows that all of them have scored.

    Parameters
    ----------
    trial
        Labelled windows.
    methods
        The judged method first, then the methods that it has to beat.
    rules
        Rules of the verdict.

    Raises
    ------
    TooFewUnits
        If no window of one of the classes is scored.
    ShuffleRefused
        If the catalogue cannot be shuffled.
    RecipeRefused
        If a method that the verdict needs is missing.
    """
    scored = scored_by_all(methods)
    units = gather(np.where(scored, methods[0].scores, np.nan), trial.labels)
    events = int(substantial(units, trial.effort.min_unit_share).seismic.sum())
    shuffles = shuffled_labels(trial, scored)
    judged = [judge_method(trial, shuffles, scored, method) for method in methods]
    low, high = band(events, _BAND_SHARES)
    windows = tuple(int(np.sum(members & scored)) for members in _classes(trial.labels))
    begin_ms, end_ms = trial.labels.end_ms[scored][[0, -1]].tolist()
    return Labelled(
        station=trial.site.station,
        begin_utc=utc(begin_ms),
        end_utc=utc(end_ms),
        catalogue=trial.catalogue,
        steps=[*trial.labels.steps, *_steps(trial, shuffles, scored, events)],
        events=events,
        windows=(windows[0], windows[1]),
        prevalence=windows[1] / sum(windows),
        methods=judged,
        band_alarm_share=_BAND_SHARES.tolist(),
        band_low=low.tolist(),
        band_high=high.tolist(),
        verdict=verdict(events, judged, rules),
    )


def shuffled_labels(trial: LabelledWindows, scored: Bool) -> Shuffles:
    """Labels of the shuffled catalogues of a trial, for windows marked in `scored` [n]."""
    recorded_ms = trial.labels.end_ms[scored]
    return draw_shuffles(
        trial.relabel,
        scored,
        ring(recorded_ms, _event_ms(trial), trial.lead_ms, trial.hop_ms),
        trial.effort.shuffles,
        _rng(trial, _SHUFFLED),
    )


def judge_method(
    trial: LabelledWindows, shuffles: Shuffles, scored: Bool, method: MethodScores
) -> OnLabels:
    """Compute all figures of one method.

    Parameters
    ----------
    trial, shuffles
        Labelled windows, and labels of shuffled catalogues.
    scored
        Shape [n]: whether each window counts.
    method
        Scores and alerts of the method.

    Raises
    ------
    TooFewUnits
        If no window of one of the classes is scored.
    """
    scores = np.where(scored, method.scores, np.nan)
    units = gather(scores, trial.labels)
    control, seismic = (scores[members & scored] for members in _classes(trial.labels))
    low, high = auc_interval(units, trial.effort.resamples, _rng(trial, _RESAMPLED))
    real, *shuffled = shuffled_aucs(scores, np.vstack([shuffles.real, shuffles.kinds])).tolist()
    curve = molchan(trial.labels.end_ms, scores, _event_ms(trial), trial.lead_ms)
    return OnLabels(
        method=method.name,
        rmse=_means(method.rmse, trial.labels, scored),
        mae=_means(method.mae, trial.labels, scored),
        window_p=rank_sum_p(control, seismic),
        event_p=_event_p(trial, units),
        auc=auc(control, seismic),
        auc_low=low,
        auc_high=high,
        shuffled_auc=shuffled,
        shuffled_p=shuffled_p(real, np.array(shuffled)),
        placebo_auc=_placebo_auc(trial.placebo, scores),
        alarm_share=curve.alarm_share.tolist(),
        miss_share=curve.miss_share.tolist(),
        alarms=len(method.opened_ms),
        alarms_per_month=alarms_per_month(len(method.opened_ms), int(scored.sum()) * trial.hop_ms),
        alarm_hours=alarm_hours(method.opened_ms, trial.site.longitude_deg),
    )


def _event_p(trial: LabelledWindows, units: Units) -> float:
    weighty = substantial(units, trial.effort.min_unit_share)
    return event_p(weighty, trial.effort.permutations, _rng(trial, _PERMUTED))


def _event_ms(trial: LabelledWindows) -> Int64:
    return np.array([event.time_ms for event in trial.labels.events], dtype=np.int64)


def _classes(labels: Labels) -> tuple[Bool, Bool]:
    return labels.non_seismic, labels.seismic


def _means(errors: Float64 | None, labels: Labels, scored: Bool) -> tuple[float, float] | None:
    """Mean error of the non-seismic and of the seismic windows."""
    if errors is None:
        return None
    control, seismic = (float(errors[members & scored].mean()) for members in _classes(labels))
    return control, seismic


def _placebo_auc(placebo: Labels | None, scores: Float64) -> float | None:
    if placebo is None:
        return None
    scored = np.isfinite(scores)
    control, after = (scores[members & scored] for members in _classes(placebo))
    return auc(control, after) if len(control) and len(after) else None


def _steps(
    trial: LabelledWindows, shuffles: Shuffles, scored: Bool, events: int
) -> list[LabelStep]:
    """Labels that the judgement used, and the shuffled catalogues they were compared with."""
    windows = int(np.sum(scored & (trial.labels.kind != NEITHER)))
    way = "moved along the recorded time as a whole" if shuffles.as_a_whole else "each by itself"
    return [
        LabelStep(
            step="windows that every method scored, earthquakes with enough of them",
            events=events,
            windows=windows,
            station_days=windows * trial.hop_ms / DAY_MS,
        ),
        LabelStep(
            step=f"for comparison {len(shuffles.kinds)} shuffled catalogues, earthquakes {way}, "
            f"{shuffles.redrawn} drawn again",
            events=events,
        ),
    ]


def _rng(trial: LabelledWindows, purpose: int) -> np.random.Generator:
    return np.random.default_rng([trial.effort.seed, purpose])
