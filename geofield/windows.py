"""Event-time windows: which samples belong to a window, when it is due, what fills its gaps.

::

            |<- half ->|<------ samples ------>|<- half ->|<- lateness ->|
    --------+----------+-----------------------+----------+--------------+----> event time
            |<----------------- span ------------------->|              newest sample
                                              end

A window ends at a multiple of the hop since 1970, so every run over the same data forms the same
windows. The filter needs half its length on either side. The station's watermark is its newest
sample less the allowed lateness; the window is due when the watermark passes ``end + half``.
Until a sample is older than the watermark it may arrive in any order, again, or corrected.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from geofield.gaps import fill_gaps
from geofield.samples import Samples
from geofield.types import Bool, Float32, Float64, Int64

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """What a window is.

    Attributes
    ----------
    cadence_ms
        Sampling interval of the station and the model.
    samples
        Length of a window after the filter.
    hop
        Distance between the ends of windows, in samples, at most `samples`.
    taps
        Length of the model's filter, odd.
    lateness
        How many samples older than the newest one a sample may be and still count.
    max_gap
        Longest run of missing samples that is interpolated.
    """

    cadence_ms: int
    samples: int
    hop: int
    taps: int
    lateness: int = 60
    max_gap: int = 5

    def __post_init__(self) -> None:
        if min(self.cadence_ms, self.samples, self.hop) < 1 or self.taps % 2 == 0:
            raise ValueError(f"cadence, samples and hop must be positive and taps odd: {self}")
        if self.hop > self.samples:
            raise ValueError(f"hop {self.hop} would leave samples between windows unseen: {self}")
        if self.lateness < 0 or not 0 <= self.max_gap <= self.samples // 10:
            raise ValueError(
                f"lateness must not be negative and max_gap at most a tenth of a window: {self}"
            )

    @property
    def half(self) -> int:
        """Samples that the filter needs on either side of the window."""
        return (self.taps - 1) // 2

    @property
    def span(self) -> int:
        """Raw samples under one window, the filter's margins included."""
        return self.samples + self.taps - 1

    @property
    def decision_delay_ms(self) -> int:
        """Event time between the end of a window and the moment it is due."""
        return (self.half + self.lateness) * self.cadence_ms

    def due_ends(self, begin: int, after: int) -> Int64:
        """Ends, from `begin` on, of the windows due when ``after - 1`` is the newest sample."""
        watermark = after - 1 - self.lateness
        return np.arange(begin, watermark - self.half + 1, self.hop)

    def first_end(self, first: int) -> int:
        """End of the first window whose whole span lies at or after sample `first`."""
        return -(-(first + self.samples + self.half) // self.hop) * self.hop


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows of one station, oldest first.

    Attributes
    ----------
    end_ms
        Shape [n]: end of each window (exclusive), milliseconds since 1970 UTC.
    field_nt
        Shape [n, span, 3]: raw H, E, Z with short gaps filled; has NaN where not `sufficient`.
    completeness
        Shape [n]: share of the samples in the span that were really measured, 0-1.
    sufficient
        Shape [n]: whether no gap is longer than the spec allows and few samples are missing.
    """

    end_ms: Int64
    field_nt: Float64
    completeness: Float64
    sufficient: Bool

    def __len__(self) -> int:
        return len(self.end_ms)

    def levelled_nt(self) -> Float32:
        """Field [n, span, 3] without each window's own mean, taken in float64 before the cast.

        The main field is some 50,000 nT and the signals hundredths of one: float32 holds the
        difference, not the sum.
        """
        level_nt = self.field_nt.mean(axis=1, keepdims=True)
        return np.asarray(self.field_nt - level_nt, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """The samples of a station that windows still need.

    Attributes
    ----------
    first
        Number of the first sample held, counted from 1970.
    field_nt
        Shape [n, 3], NaN where missing. Never written to: a new buffer replaces it.
    next_end
        End of the next window as a sample number; None until the first window is due.
    """

    first: int
    field_nt: Float64
    next_end: int | None = None

    @property
    def after(self) -> int:
        """Number just after the newest sample."""
        return self.first + len(self.field_nt)


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of the samples of one record; the five of them add up to its length."""

    accepted: int = 0
    missing: int = 0
    duplicate: int = 0
    corrected: int = 0
    late: int = 0


def advance(
    buffer: Buffer | None, samples: Samples, spec: WindowSpec
) -> tuple[Buffer, list[Windows], Intake]:
    """Take in one record and return the windows that are due.

    After a silence of more than a day the station starts afresh: what the old samples still
    allow is returned first, then windows begin again with the new ones.

    Parameters
    ----------
    buffer
        What the last call returned, None for a station never seen.
    samples
        One record; its cadence must be the spec's.

    Returns
    -------
    The new buffer, the windows due (oldest first, in at most two groups), and the counts.
    """
    if samples.cadence_ms != spec.cadence_ms:
        raise ValueError(f"cadence {samples.cadence_ms} ms is not the model's {spec.cadence_ms} ms")
    groups: list[Windows] = []
    if buffer and samples.first - buffer.after > DAY_MS // spec.cadence_ms:
        padded = _extended(buffer, buffer.first, buffer.after + spec.span + spec.lateness)
        groups.append(_take_due(padded, spec)[1])
        buffer = None
    if buffer is None:
        buffer, intake = _first_buffer(samples)
    else:
        buffer, intake = _insert(buffer, samples, spec)
    buffer, due = _take_due(buffer, spec)
    return buffer, [group for group in (*groups, due) if len(group)], intake


def cut(samples: Samples, spec: WindowSpec) -> Windows:
    """All windows that a whole archive allows, at once: the offline twin of `advance`.

    Unlike the stream it does not wait for lateness, so it ends up to that much later.
    """
    first_end = spec.first_end(samples.first)
    ends = np.arange(first_end, samples.first + len(samples) - spec.half + 1, spec.hop)
    return _extract(samples.field_nt, samples.first, ends, spec)


def _first_buffer(samples: Samples) -> tuple[Buffer, Intake]:
    missing = int(np.isnan(samples.field_nt).any(axis=1).sum())
    intake = Intake(accepted=len(samples) - missing, missing=missing)
    return Buffer(samples.first, samples.field_nt), intake


def _insert(buffer: Buffer, samples: Samples, spec: WindowSpec) -> tuple[Buffer, Intake]:
    watermark = buffer.after - 1 - spec.lateness
    late = min(max(watermark - samples.first, 0), len(samples))
    if late == len(samples):
        return buffer, Intake(late=late)
    fresh_nt, first = samples.field_nt[late:], samples.first + late
    extended = _extended(buffer, min(first, buffer.first), max(first + len(fresh_nt), buffer.after))
    where = slice(first - extended.first, first - extended.first + len(fresh_nt))
    held_nt = extended.field_nt[where]
    intake = _compare(held_nt, fresh_nt, late)
    extended.field_nt[where] = np.where(np.isnan(fresh_nt), held_nt, fresh_nt)
    return extended, intake


def _compare(held_nt: Float64, fresh_nt: Float64, late: int) -> Intake:
    missing = np.isnan(fresh_nt).any(axis=1)
    known = ~np.isnan(held_nt).any(axis=1) & ~missing
    same = (held_nt == fresh_nt).all(axis=1)
    return Intake(
        accepted=int((~known & ~missing).sum()),
        missing=int(missing.sum()),
        duplicate=int((known & same).sum()),
        corrected=int((known & ~same).sum()),
        late=late,
    )


def _extended(buffer: Buffer, first: int, after: int) -> Buffer:
    """A copy that reaches from `first` to `after`, NaN where nothing is held."""
    field_nt = np.full((after - first, 3), np.nan)
    begin = buffer.first - first
    field_nt[begin : begin + len(buffer.field_nt)] = buffer.field_nt
    return Buffer(first, field_nt, buffer.next_end)


def _take_due(buffer: Buffer, spec: WindowSpec) -> tuple[Buffer, Windows]:
    begin = spec.first_end(buffer.first) if buffer.next_end is None else buffer.next_end
    ends = spec.due_ends(begin, buffer.after)
    windows = _extract(buffer.field_nt, buffer.first, ends, spec)
    if not len(ends):
        return buffer, windows
    next_end = int(ends[-1]) + spec.hop
    spent = next_end - spec.samples - spec.half - buffer.first
    return Buffer(buffer.first + spent, buffer.field_nt[spent:].copy(), next_end), windows


def _extract(field_nt: Float64, first: int, ends: Int64, spec: WindowSpec) -> Windows:
    if not len(ends):
        empty = np.empty((0, spec.span, 3))
        return Windows(ends, empty, np.empty(0), np.empty(0, dtype=bool))
    spans = sliding_window_view(field_nt, spec.span, axis=0).swapaxes(1, 2)
    # Contiguous, so that the same sums run in the same order however many windows are due.
    raw_nt = np.ascontiguousarray(spans[ends - spec.samples - spec.half - first])
    filled_nt, completeness, sufficient = fill_gaps(raw_nt, spec.max_gap)
    return Windows(ends * spec.cadence_ms, filled_nt, completeness, sufficient)
