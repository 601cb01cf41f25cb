"""A made-up station: hourly windows, earthquakes at given times, two days of lead."""

import numpy as np
from scipy.signal import lfilter

from geofield.earthquakes.types import Earthquake, Site
from geofield.types import Float64, Int64
from training.labels.types import NEITHER, NON_SEISMIC, SEISMIC, Labels
from training.recipe.verdict_rules import VerdictRules
from training.results import OnLabels
from training.statistics.inputs import Effort, LabelledWindows, MethodScores

HOP_MS = 3_600_000
LEAD = 48  # windows
LEAD_MS = LEAD * HOP_MS
SITE = Site("MADE", 19.7, -99.2)
RULES = VerdictRules(
    min_events=10,
    event_p_max=0.01,
    auc_low_min=0.5,
    shuffled_p_max=0.05,
    area_skill_p_max=0.05,
    placebo_margin=0.02,
    beat=["Kp alone"],
)


def ends(windows: int) -> Int64:
    return np.arange(1, windows + 1, dtype=np.int64) * HOP_MS


def random_times(rng: np.random.Generator, events: int, windows: int) -> Int64:
    """Origin times anywhere but in the first lead."""
    return np.sort(rng.integers(LEAD_MS, windows * HOP_MS, events))


def labels(end_ms: Int64, event_ms: Int64, after: bool = False) -> Labels:
    """The lead before (or after) each earthquake, none of the other side, blocks of the rest.

    The nearest earthquake has the window; those left without any are not listed.
    """
    before_ms = event_ms[None, :] - end_ms[:, None]
    wanted_ms = -before_ms if after else before_ms
    inside = (wanted_ms >= 0) & (wanted_ms < LEAD_MS)
    nearest = np.where(inside, wanted_ms, LEAD_MS).argmin(axis=1)
    seismic = inside.any(axis=1)
    near = (np.abs(before_ms) < LEAD_MS).any(axis=1)
    listed, event_block = np.unique(nearest[seismic], return_inverse=True)
    _, control_block = np.unique(end_ms[~near] // LEAD_MS, return_inverse=True)
    kind = np.where(seismic, SEISMIC, np.where(near, NEITHER, NON_SEISMIC)).astype(np.int8)
    block = np.full(len(end_ms), -1, dtype=np.int64)
    block[seismic] = event_block
    block[~near] = len(listed) + control_block
    events = tuple(earthquake(int(event_ms[number])) for number in listed)
    return Labels(end_ms, kind, block, events, ())


def earthquake(time_ms: int) -> Earthquake:
    return Earthquake(time_ms, 17.0, -100.0, 20.0, 5.5, str(time_ms))


def correlated(rng: np.random.Generator, windows: int, memory: float = LEAD / 2) -> Float64:
    """Scores without any effect that remember `memory` windows: unit variance."""
    share = np.exp(-1 / memory)
    noise = rng.normal(0, np.sqrt(1 - share**2), windows)
    noise[0] /= np.sqrt(1 - share**2)
    return np.asarray(lfilter([1.0], [1.0, -share], noise))


def trial(end_ms: Int64, event_ms: Int64, shuffles: int = 199) -> LabelledWindows:
    return LabelledWindows(
        site=SITE,
        catalogue="made up",
        labels=labels(end_ms, event_ms),
        placebo=labels(end_ms, event_ms, after=True),
        relabel=lambda times_ms: labels(end_ms, times_ms),
        lead_ms=LEAD_MS,
        hop_ms=HOP_MS,
        effort=Effort(permutations=1_999, resamples=500, shuffles=shuffles),
    )


def method(name: str, scores: Float64) -> MethodScores:
    return MethodScores(name, scores, np.empty(0, dtype=np.int64))


def result(name: str = "negative learning", **changed: object) -> OnLabels:
    """Figures that pass `RULES`, but for what is changed."""
    fine: dict[str, object] = {
        "method": name,
        "rmse": None,
        "mae": None,
        "window_p": 1e-9,
        "event_p": 0.001,
        "auc": 0.8,
        "auc_low": 0.7,
        "auc_high": 0.9,
        "shuffled_auc": [0.5],
        "shuffled_p": 0.01,
        "placebo_auc": 0.5,
        "alarm_share": [0.0, 0.1, 1.0],
        "miss_share": [1.0, 0.1, 0.0],
        "alarms": 0,
        "alarms_per_month": 0.0,
        "alarm_hours": [0] * 24,
    }
    return OnLabels(**{**fine, **changed})  # type: ignore[arg-type]
