"""Numbers that a checkpoint may hold: one that was forged, or damaged, must not end the worker."""

from itertools import pairwise

from archive.profile import check_profile
from geofield.calibration.online.segments import CandidateSegment
from geofield.series.buffer import Buffer
from geofield.series.low_pass import SECOND_MS
from geofield.step import StationState
from geofield.utc import DAY_MS
from monitor.records.sample_decoder import EARLIEST, LATEST
from monitor.worker.checkpoint import StationCheckpoint

FIRST_MS = round(EARLIEST.timestamp() * 1000)
LAST_MS = round(LATEST.timestamp() * 1000) + DAY_MS  # a record may be a day long


def check(checkpoint: StationCheckpoint, cadence_ms: int) -> None:
    """Look at the numbers with which a worker would reckon.

    Raises
    ------
    ValueError
        If times are none that records can have, candidate windows have no columns or no order, or
        a profile has impossible numbers.
    """
    _check_samples(checkpoint.state.buffer, cadence_ms)
    _check_samples(checkpoint.faster.buffer if checkpoint.faster else None, SECOND_MS)
    _check_calibration(checkpoint.state)


def _check_samples(buffer: Buffer | None, cadence_ms: int) -> None:
    if buffer is None:
        return
    if buffer.first < FIRST_MS // cadence_ms or buffer.after > LAST_MS // cadence_ms:
        raise ValueError(f"samples {buffer.first} to {buffer.after} are not of 1900 to 2200")


def _check_calibration(state: StationState) -> None:
    learning, life = state.learning, state.life
    if learning is not None:
        _check_candidates(learning.stretch)
        if learning.profile is not None:
            check_profile(learning.profile)
    if life is not None:
        check_profile(life.profile)
        _check_candidates(life.stretch, columns=1)
        ends_ms = [end_ms for end_ms, _ in life.fresh]
        if not all(map(_is_time, ends_ms)) or any(one >= next_ for one, next_ in pairwise(ends_ms)):
            raise ValueError("ends of windows are out of order, or not of 1900 to 2200")


def _check_candidates(segment: CandidateSegment, columns: int | None = None) -> None:
    if segment.values.ndim != 2 or columns not in (None, segment.values.shape[1]):
        raise ValueError(f"candidate windows of shape {segment.values.shape}")
    if len(segment.values) and not _is_time(segment.first_end_ms):
        raise ValueError(f"a first window at {segment.first_end_ms} ms, not of 1900 to 2200")


def _is_time(time_ms: int) -> bool:
    return FIRST_MS <= time_ms <= LAST_MS
