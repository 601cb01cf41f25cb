"""Scores and instrument faults of due windows of any stations.

Inference runs in batches, possibly on another thread (see `Start`): numpy and onnxruntime release
the GIL most of the time. The result for a window depends neither on its batch nor on the thread.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice, repeat
from typing import TypeAlias, TypeVar

import numpy as np

from geofield.calibration.living.update import ScoredGroup
from geofield.calibration.profile import StationProfile, return_periods_days
from geofield.calibration.versions import Owned
from geofield.indices import IndexHistory, IndicesKnown
from geofield.quality.findings import FaultFinding
from geofield.quality.search import faults_of
from geofield.scoring.score import Errors, Quality, Reconstruct, Score, WindowScore
from geofield.series.windows import Due, WindowSpec, cut_out, side_by_side
from geofield.types import Bool, Int64

# Windows of a batch. The model is hardly faster with more than 64, but the rest of an inference is
# some fifty calls that release the GIL, and each may have to wait for it again.
BATCH = 640

_NO_SCALE_NT = (np.nan, np.nan, np.nan)
Entry = TypeVar("Entry")
Owners: TypeAlias = Sequence[tuple[str, StationProfile | None, int]]
"""Stations of a batch: name, profile, and number of windows."""


@dataclass(frozen=True, slots=True)
class Inference:
    """Results for a batch of windows; every list has one entry for each window."""

    end_ms: list[int]
    sufficient: list[bool]
    completeness: list[float]
    scores: list[Score | None]
    faults: list[tuple[FaultFinding, ...]]


PendingInference: TypeAlias = Callable[[], Inference]
Start: TypeAlias = Callable[[PendingInference], PendingInference]
"""Starts work, now or on another thread, and returns a function that waits for its result."""
RunningInference: TypeAlias = tuple[Owners, PendingInference]
"""A batch of windows under inference: its stations, and the function that waits for the result."""


def at_once(work: PendingInference) -> PendingInference:
    """Do the work now: the `Start` without a thread."""
    result = work()
    return lambda: result


def infer(
    groups: Sequence[Owned],
    reconstruct: Reconstruct,
    spec: WindowSpec,
    start: Start,
) -> list[RunningInference]:
    """Start inference on windows, in batches.

    Parameters
    ----------
    groups
        Windows of any stations; those without a profile get no score, see `Quality.CALIBRATING`.
    reconstruct
        The model.
    spec
        Shape of a window.
    start
        Runs each batch, now or on another thread.

    Returns
    -------
    The batches, for `to_scores`.
    """
    inferences: list[RunningInference] = []
    for batch in _batches(groups):
        owners = [(station, profile, len(due)) for station, profile, due in batch]
        groups_due = [due for _, _, due in batch]
        work = partial(_inference, groups_due, owners, reconstruct, spec)
        inferences.append((owners, start(work)))
    return inferences


def to_scores(
    inferences: Sequence[RunningInference], spec: WindowSpec, history: IndexHistory
) -> Iterator[WindowScore]:
    """Wait for inferences and yield the score of each window, in order, with its Kp and Dst."""
    moments = _Moments(spec, history)
    for owners, pending in inferences:
        yield from _to_scores(owners, pending(), moments)


def by_station(
    inferences: Sequence[RunningInference], spec: WindowSpec, history: IndexHistory
) -> Iterator[list[ScoredGroup]]:
    """Wait for inferences and yield, for each batch, the scores of its stations."""
    moments = _Moments(spec, history)
    for owners, pending in inferences:
        windows = _to_scores(owners, pending(), moments)
        yield [
            (station, profile, list(islice(windows, count))) for station, profile, count in owners
        ]


def _batches(groups: Sequence[Owned]) -> Iterator[list[Owned]]:
    """Divide windows, in order, into batches of `BATCH` windows."""
    batch: list[Owned] = []
    room = BATCH
    for station, profile, due in groups:
        begin = 0
        while begin < len(due):
            windows = due[begin : begin + room]
            batch.append((station, profile, windows))
            begin, room = begin + len(windows), room - len(windows)
            if not room:
                yield batch
                batch, room = [], BATCH
    if batch:
        yield batch


def _inference(
    due: Sequence[Due], owners: Owners, reconstruct: Reconstruct, spec: WindowSpec
) -> Inference:
    """Cut windows out; score those that are complete and have a profile, and look for faults."""
    series = side_by_side(due, spec)
    windows = cut_out(series, spec)
    profiles = [profile for _, profile, _ in owners]
    counts = [count for _, _, count in owners]
    scales = np.array([profile.scale_nt if profile else _NO_SCALE_NT for profile in profiles])
    scored: Bool = windows.sufficient & np.repeat(list(map(bool, profiles)), counts)
    scores: list[Score | None] = [None] * len(windows)
    faults: list[tuple[FaultFinding, ...]] = [()] * len(windows)
    if scored.any():
        rows = np.flatnonzero(scored)
        usable = windows if scored.all() else windows[rows]
        scale_nt = np.repeat(scales, counts, axis=0)
        errors = reconstruct(usable.levelled_nt(), scale_nt[rows].astype(np.float32))
        _enter(scores, rows, _scores(errors, _profiles_of(owners, scored)))
        for row, findings in faults_of(series, windows, scored, scales, counts, spec).items():
            faults[row] = findings
    return Inference(
        windows.end_ms.tolist(),
        windows.sufficient.tolist(),
        windows.completeness.tolist(),
        scores,
        faults,
    )


def _profiles_of(owners: Owners, scored: Bool) -> list[StationProfile]:
    """Profile of each scored window."""
    by_window = chain.from_iterable(repeat(profile, count) for _, profile, count in owners)
    pairs = zip(by_window, scored.tolist(), strict=True)
    return [profile for profile, has_score in pairs if has_score and profile]


def _scores(errors: Errors, profiles: Sequence[StationProfile]) -> list[Score | None]:
    days = return_periods_days(profiles, errors.rmse.astype(np.float64))
    columns = (errors.rmse, errors.mae, errors.error, days)
    rows = zip(*(column.tolist() for column in columns), profiles, strict=True)
    return [
        Score(rmse, mae, (h, e, z), profile.threshold, once_in_days)
        for rmse, mae, (h, e, z), once_in_days, profile in rows
    ]


def _enter(column: list[Entry], rows: Int64, values: Sequence[Entry]) -> None:
    """Put values into their rows."""
    if len(values) == len(column):
        column[:] = values
        return
    for row, value in zip(rows.tolist(), values, strict=True):
        column[row] = value


@dataclass(frozen=True, slots=True)
class _Moments:
    """Start, decision time and indices of windows by their end, shared by all stations."""

    spec: WindowSpec
    history: IndexHistory
    known: dict[int, tuple[int, int, IndicesKnown]] = field(default_factory=dict)

    def of(self, end_ms: int) -> tuple[int, int, IndicesKnown]:
        """Start, decision time, and Kp and Dst as then known, of windows that end at `end_ms`."""
        if end_ms not in self.known:
            start_ms = end_ms - self.spec.length_ms
            decided_ms = end_ms + self.spec.decision_delay_ms
            kp = self.history.between(start_ms, end_ms, decided_ms)
            self.known[end_ms] = start_ms, decided_ms, kp
        return self.known[end_ms]


def _to_scores(owners: Owners, batch: Inference, moments: _Moments) -> Iterator[WindowScore]:
    columns = (batch.end_ms, batch.sufficient, batch.completeness, batch.scores, batch.faults)
    rows = zip(*columns, strict=True)
    for station, _, count in owners:
        for end_ms, sufficient, completeness, score, faults in islice(rows, count):
            start_ms, decided_ms, kp = moments.of(end_ms)
            quality = Quality.OK
            if score is None:
                quality = Quality.CALIBRATING if sufficient else Quality.INSUFFICIENT
            yield WindowScore(
                station, start_ms, end_ms, decided_ms, quality, completeness, kp, score, faults
            )
