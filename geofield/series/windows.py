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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from geofield.series.buffer import Buffer, SampleOutcomes, followed, inserted, started
from geofield.series.gaps import fill_gaps
from geofield.series.samples import Samples
from geofield.types import Bool, Float32, Float64, Int64
from geofield.utc import DAY_MS

_TOGETHER = 32


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
    def hop_ms(self) -> int:
        """Time between the ends of windows."""
        return self.hop * self.cadence_ms

    @property
    def length_ms(self) -> int:
        """Length of a window after the filter."""
        return self.samples * self.cadence_ms

    @property
    def margin_ms(self) -> int:
        """Time that the filter needs on either side of the window."""
        return self.half * self.cadence_ms

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

    def due_ends(self, begin: int, after: int) -> range:
        """Ends, from `begin` on, of the windows due when ``after - 1`` is the newest sample."""
        watermark = after - 1 - self.lateness
        return range(begin, watermark - self.half + 1, self.hop)

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

    def __getitem__(self, which: slice | Int64 | Bool) -> "Windows":
        """Some of the windows; a slice of them is a view."""
        return Windows(
            self.end_ms[which],
            self.field_nt[which],
            self.completeness[which],
            self.sufficient[which],
        )

    def levelled_nt(self) -> Float32:
        """Field [n, span, 3] without each window's own mean, taken in float64 before the cast.

        The main field is some 50,000 nT and the signals hundredths of one: float32 holds the
        difference, not the sum.
        """
        windows, span, components = self.field_nt.shape
        # einsum adds in the order of the samples, however many windows there are
        level_nt = np.einsum("nsc->nc", self.field_nt) / span
        # many samples at once: a loop over three components alone takes three times as long
        together = gcd(span, _TOGETHER)
        rows = (windows, span // together, together * components)
        levelled_nt = np.empty(rows, np.float32)
        levels_nt = np.tile(level_nt, together)[:, None]
        np.subtract(self.field_nt.reshape(rows), levels_nt, out=levelled_nt, casting="same_kind")
        return levelled_nt.reshape(windows, span, components)


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """Windows that are due, not yet cut out of the samples they lie in.

    Attributes
    ----------
    first
        Number of the first of these samples, counted from 1970.
    field_nt
        Shape [n, 3], NaN where missing.
    ends
        End of each window as a sample number.
    """

    first: int
    field_nt: Float64
    ends: Int64

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, which: slice | Bool) -> "Due":
        """Some of the windows."""
        return Due(self.first, self.field_nt, self.ends[which])


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The samples under windows, which may overlap: stretches of them, one behind the other.

    Attributes
    ----------
    field_nt
        Shape [t, 3], NaN where missing.
    ends
        Shape [n]: end of each window as a sample number, counted from 1970.
    starts
        Shape [n]: the row in which each window's span begins.
    lengths
        Rows of each stretch.
    """

    field_nt: Float64
    ends: Int64
    starts: Int64
    lengths: list[int]

    def __len__(self) -> int:
        return len(self.starts)


Group: TypeAlias = tuple[str, Due]
"""Windows of a station, in order of time."""


def advance(
    buffer: Buffer | None, samples: Samples, spec: WindowSpec
) -> tuple[Buffer, list[Due], SampleOutcomes]:
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
    groups: list[Due] = []
    if buffer and samples.first - buffer.after > DAY_MS // spec.cadence_ms:
        nothing_nt = np.full((spec.span + spec.lateness, 3), np.nan)
        groups += _taken(followed(buffer, buffer.after, nothing_nt), spec)[1]
        buffer = None
    if buffer is None:
        buffer, intake = started(samples)
    else:
        buffer, intake = inserted(buffer, samples, spec.lateness)
    buffer, due = _taken(buffer, spec)
    return buffer, groups + due, intake


def resumable(buffer: Buffer, spec: WindowSpec) -> Buffer:
    """The buffer, with the first window that its samples allow as the next one at the earliest.

    Buffers that `advance` returned are so already; one read from elsewhere may ask for samples that
    it does not have.
    """
    first_end = spec.first_end(buffer.first)
    if buffer.next_end is None or buffer.next_end >= first_end:
        return buffer
    return replace(buffer, next_end=first_end)


def cut(samples: Samples, spec: WindowSpec) -> Windows:
    """All windows that a whole archive allows, at once: the offline twin of `advance`.

    Unlike the stream it does not wait for lateness, so it ends up to that much later.
    """
    return cut_out(under_windows(samples, spec), spec)


def under_windows(samples: Samples, spec: WindowSpec) -> Series:
    """The samples under all windows that a whole archive allows."""
    first_end = spec.first_end(samples.first)
    ends = np.arange(first_end, samples.first + len(samples) - spec.half + 1, spec.hop)
    return side_by_side([Due(samples.first, samples.field_nt, ends)], spec)


def side_by_side(due: Sequence[Due], spec: WindowSpec) -> Series:
    """The stretches of samples under windows of one or more stations, in the order given."""
    parts: list[Float64] = []
    starts: list[int] = []
    place = 0
    for station in due:
        ends = station.ends.tolist()
        if ends:
            begin = ends[0] - spec.samples - spec.half - station.first
            length = ends[-1] - ends[0] + spec.span
            parts.append(station.field_nt[begin : begin + length])
            starts += [place + end - ends[0] for end in ends]
            place += length
    return Series(
        np.concatenate(parts) if parts else np.empty((0, 3)),
        np.concatenate([station.ends for station in due]) if due else np.empty(0, np.int64),
        np.array(starts, np.int64),
        [len(part) for part in parts],
    )


def cut_out(series: Series, spec: WindowSpec) -> Windows:
    """The windows themselves.

    Cut at once, not one by one: whoever lets go of the interpreter's lock for each of them waits
    for it as often while other threads are at work.
    """
    raw_nt = np.empty((0, spec.span, 3))
    if len(series):
        from_each_nt = sliding_window_view(series.field_nt.reshape(-1), 3 * spec.span)[::3]
        raw_nt = from_each_nt[series.starts].reshape(-1, spec.span, 3)
    filled_nt, completeness, sufficient = fill_gaps(raw_nt, spec.max_gap)
    return Windows(series.ends * spec.cadence_ms, filled_nt, completeness, sufficient)


def _taken(buffer: Buffer, spec: WindowSpec) -> tuple[Buffer, list[Due]]:
    """What is due, and the buffer without the samples that no later window needs."""
    begin = spec.first_end(buffer.first) if buffer.next_end is None else buffer.next_end
    ends = spec.due_ends(begin, buffer.after)
    if not ends:
        return buffer, []
    next_end = ends[-1] + spec.hop
    spent = next_end - spec.samples - spec.half - buffer.first
    due = Due(buffer.first, buffer.field_nt, np.arange(ends.start, ends.stop, ends.step))
    return buffer.without(spent, next_end), [due]
