"""Scores and instrument faults of due windows of any stations.

Inference runs in batches, possibly on another thread (see `Start`): numpy and onnxruntime release
the GIL most of the time. The result for a window depends neither on its batch nor on the thread.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeAlias

import numpy as np

from geofield.calibration.living.update import MeasuredGroup
from geofield.calibration.profile import StationProfile, return_periods_days
from geofield.calibration.versions import Owned
from geofield.indices import IndexHistory, IndicesKnown
from geofield.quality.findings import FaultFinding
from geofield.quality.search import faults_of
from geofield.scoring.score import (
    Errors,
    MeasuredWindow,
    Quality,
    Reconstruct,
    Score,
    WindowErrors,
    WindowScore,
)
from geofield.series.windows import Due, WindowSpec, cut_out, side_by_side
from geofield.types import Bool

# Windows of a batch. The model is hardly faster with more than 64, but the rest of an inference is
# some fifty calls that release the GIL, and each may have to wait for it again.
BATCH = 640

_NO_SCALE_NT = (np.nan, np.nan, np.nan)
Owners: TypeAlias = Sequence[tuple[str, StationProfile | None, int]]
"""Stations of a batch: name, profile, and number of windows."""


PendingInference: TypeAlias = Callable[[], list[MeasuredWindow]]
Start: TypeAlias = Callable[[PendingInference], PendingInference]
"""Starts work, now or on another thread, and returns a function that waits for its result."""
RunningInference: TypeAlias = tuple[Owners, PendingInference]
"""A batch of windows under inference: its stations, and the function that waits for the result."""


@dataclass(frozen=True, slots=True)
class Moments:
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
    The batches, for `measured`.
    """
    inferences: list[RunningInference] = []
    for batch in _batches(groups):
        owners = [(station, profile, len(due)) for station, profile, due in batch]
        groups_due = [due for _, _, due in batch]
        work = partial(_inference, groups_due, owners, reconstruct, spec)
        inferences.append((owners, start(work)))
    return inferences


def measured(inferences: Sequence[RunningInference]) -> Iterator[list[MeasuredGroup]]:
    """Wait for inferences and yield, for each batch, the windows of its stations."""
    for owners, pending in inferences:
        windows = iter(pending())
        yield [
            (station, profile, list(islice(windows, count))) for station, profile, count in owners
        ]


def judged(groups: Sequence[MeasuredGroup], moments: Moments) -> Iterator[WindowScore]:
    """Yield the score of each window, in order, by the profile of its group."""
    scored = [
        (profile, window.errors.rmse)
        for _, profile, windows in groups
        if profile is not None
        for window in windows
        if window.errors is not None
    ]
    rmse = np.array([rmse for _, rmse in scored])
    once_in_days = iter(return_periods_days([profile for profile, _ in scored], rmse).tolist())
    for station, profile, windows in groups:
        for end_ms, sufficient, completeness, errors, faults in windows:
            start_ms, decided_ms, indices = moments.of(end_ms)
            score, quality = None, Quality.OK
            if errors is None or profile is None:
                quality = Quality.CALIBRATING if sufficient else Quality.INSUFFICIENT
            else:
                days = next(once_in_days)
                score = Score(*errors, profile.threshold, days, profile.count)
            yield WindowScore(
                station, start_ms, end_ms, decided_ms, quality, completeness, indices, score, faults
            )


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
) -> list[MeasuredWindow]:
    """Cut windows out; score those that are complete and have a profile, and look for faults."""
    series = side_by_side(due, spec)
    windows = cut_out(series, spec)
    profiles = [profile for _, profile, _ in owners]
    counts = [count for _, _, count in owners]
    scales = np.array([profile.scale_nt if profile else _NO_SCALE_NT for profile in profiles])
    scored: Bool = windows.sufficient & np.repeat(list(map(bool, profiles)), counts)
    errors: list[WindowErrors | None] = [None] * len(windows)
    faults: list[tuple[FaultFinding, ...]] = [()] * len(windows)
    if scored.any():
        rows = np.flatnonzero(scored)
        usable = windows if scored.all() else windows[rows]
        scale_nt = np.repeat(scales, counts, axis=0)
        found = reconstruct(usable.levelled_nt(), scale_nt[rows].astype(np.float32))
        for row, of_window in zip(rows.tolist(), _by_window(found), strict=True):
            errors[row] = of_window
        for row, findings in faults_of(series, windows, scored, scales, counts, spec).items():
            faults[row] = findings
    ends, sufficient = windows.end_ms.tolist(), windows.sufficient.tolist()
    columns = (ends, sufficient, windows.completeness.tolist(), errors, faults)
    return list(map(MeasuredWindow._make, zip(*columns, strict=True)))


def _by_window(errors: Errors) -> Iterator[WindowErrors]:
    rmse, mae = errors.rmse.tolist(), errors.mae.tolist()
    rows = zip(rmse, mae, map(tuple, errors.error.tolist()), strict=True)
    return map(WindowErrors._make, rows)
