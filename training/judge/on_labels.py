"""One station's earthquakes, several methods, one judgement."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from geofield.types import Bool, Float64, Int64
from training.evaluation import Labelled, LabelStep, OnLabels
from training.injection import auc, rank_sum_p
from training.judge.alarms import alarm_hours, alarms_per_month
from training.judge.bootstrap import auc_interval
from training.judge.molchan import band, molchan
from training.judge.permutation import event_p
from training.judge.shuffle import Shuffles, draw_shuffles, ring, shuffled_aucs, shuffled_p
from training.judge.trial import Method, Trial, scored_by_all
from training.judge.units import Units, gather, substantial
from training.judge.verdict import VerdictRules, verdict
from training.labels.types import NEITHER, Labels

_BAND_SHARES = np.linspace(0.0, 1.0, 101)
_PERMUTED, _RESAMPLED, _SHUFFLED = 1, 2, 3


def judge(trial: Trial, methods: Sequence[Method], rules: VerdictRules) -> Labelled:
    """Judge methods on the windows that all of them have scored.

    Parameters
    ----------
    trial
        What they are judged on.
    methods
        The method in question first, then what it has to beat.
    rules
        Of the verdict.

    Raises
    ------
    TooFewUnits
        If no window of one of the classes is scored.
    ShuffleRefused
        If the catalogue cannot be shuffled.
    RecipeRefused
        If a method that has to be beaten is not there.
    """
    scored = scored_by_all(methods)
    units = gather(np.where(scored, methods[0].scores, np.nan), trial.labels)
    events = int(substantial(units, trial.effort.min_unit_share).seismic.sum())
    shuffles = shuffled_labels(trial, scored)
    judged = [judge_method(trial, shuffles, scored, method) for method in methods]
    low, high = band(events, _BAND_SHARES)
    windows = tuple(int(np.sum(one & scored)) for one in _classes(trial.labels))
    begin_ms, end_ms = trial.labels.end_ms[scored][[0, -1]].tolist()
    return Labelled(
        station=trial.site.station,
        begin_utc=_utc(begin_ms),
        end_utc=_utc(end_ms),
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


def shuffled_labels(trial: Trial, scored: Bool) -> Shuffles:
    """The shuffled catalogues of a trial; `scored` has shape [n]."""
    recorded_ms = trial.labels.end_ms[scored]
    return draw_shuffles(
        trial.relabel,
        scored,
        ring(recorded_ms, _event_ms(trial), trial.lead_ms, trial.hop_ms),
        trial.effort.shuffles,
        _rng(trial, _SHUFFLED),
    )


def judge_method(trial: Trial, shuffles: Shuffles, scored: Bool, method: Method) -> OnLabels:
    """All figures of one method.

    Parameters
    ----------
    trial, shuffles
        What it is judged on.
    scored
        Shape [n]: windows that count.
    method
        What it says.

    Raises
    ------
    TooFewUnits
        If no window of one of the classes is scored.
    """
    scores = np.where(scored, method.scores, np.nan)
    units = gather(scores, trial.labels)
    control, seismic = (scores[one & scored] for one in _classes(trial.labels))
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


def _event_p(trial: Trial, units: Units) -> float:
    weighty = substantial(units, trial.effort.min_unit_share)
    return event_p(weighty, trial.effort.permutations, _rng(trial, _PERMUTED))


def _event_ms(trial: Trial) -> Int64:
    return np.array([event.time_ms for event in trial.labels.events], dtype=np.int64)


def _classes(labels: Labels) -> tuple[Bool, Bool]:
    return labels.non_seismic, labels.seismic


def _means(errors: Float64 | None, labels: Labels, scored: Bool) -> tuple[float, float] | None:
    """Mean error of the non-seismic and of the seismic windows."""
    if errors is None:
        return None
    control, seismic = (float(errors[one & scored].mean()) for one in _classes(labels))
    return control, seismic


def _placebo_auc(placebo: Labels | None, scores: Float64) -> float | None:
    if placebo is None:
        return None
    scored = np.isfinite(scores)
    control, after = (scores[one & scored] for one in _classes(placebo))
    return auc(control, after) if len(control) and len(after) else None


def _steps(trial: Trial, shuffles: Shuffles, scored: Bool, events: int) -> list[LabelStep]:
    """What judging left of the labels, and what they were compared with."""
    windows = int(np.sum(scored & (trial.labels.kind != NEITHER)))
    way = "moved along the recorded time as a whole" if shuffles.as_a_whole else "each by itself"
    return [
        LabelStep(
            step="windows that every method scored, earthquakes with enough of them",
            events=events,
            windows=windows,
            station_days=windows * trial.hop_ms / 86_400_000,
        ),
        LabelStep(
            step=f"for comparison {len(shuffles.kinds)} shuffled catalogues, earthquakes {way}, "
            f"{shuffles.redrawn} drawn again",
            events=events,
        ),
    ]


def _rng(trial: Trial, purpose: int) -> np.random.Generator:
    return np.random.default_rng([trial.effort.seed, purpose])


def _utc(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
