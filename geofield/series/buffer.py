"""The samples of a station that windows still need, and how a record enters them."""

from dataclasses import dataclass

import numpy as np

from geofield.frozen import value
from geofield.series.samples import Samples
from geofield.types import Float64

ROOM = 512  # samples that fit behind a buffer before it is copied


@dataclass(slots=True, eq=False)
class _Memory:
    """Memory shared by buffers, with room at its end; rows before `filled` belong to a buffer."""

    rows_nt: Float64
    filled: int


class _Place:
    """Place of a buffer in memory: not part of its value, so never compared or stored."""

    __slots__ = ("_begin", "_memory")
    _memory: _Memory
    _begin: int


@dataclass(frozen=True, slots=True, eq=False)
class Buffer(_Place):
    """The samples of a station that windows still need.

    Samples in a buffer never change: a new buffer replaces the old one. The new buffer extends the
    memory of the old one if no other buffer has done so, so records in order cost no copy.

    Attributes
    ----------
    first
        Number of the first sample held, counted from 1970.
    field_nt
        Shape [n, 3], NaN where missing.
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

    def longer(self, count: int) -> "Buffer":
        """The buffer with `count` further rows, which the caller must fill."""
        memory: _Memory | None = getattr(self, "_memory", None)
        end = self._begin + len(self.field_nt) if memory else 0
        if memory is None or memory.filled != end or end + count > len(memory.rows_nt):
            return _copied(self.first, self.field_nt, self.next_end, count)
        memory.filled = end + count
        return _placed(memory, self._begin, self.first, self.next_end)

    def without(self, spent: int, next_end: int) -> "Buffer":
        """The buffer without its `spent` oldest samples; the next window ends at `next_end`."""
        memory: _Memory | None = getattr(self, "_memory", None)
        if memory is None or spent > ROOM:  # a copy frees the spent memory
            return _copied(self.first + spent, self.field_nt[spent:], next_end, 0)
        view_nt = self.field_nt[spent:]
        return _at(Buffer(self.first + spent, view_nt, next_end), memory, self._begin + spent)


@value
class SampleOutcomes:
    """Counts of the samples of one record by outcome; they add up to the length of the record."""

    accepted: int = 0
    missing: int = 0
    duplicate: int = 0
    corrected: int = 0
    late: int = 0


def started(samples: Samples) -> tuple[Buffer, SampleOutcomes]:
    """Buffer of a station after its first record, and the outcomes of the samples.

    The samples are copied: they may be a view of a much larger array.
    """
    missing = _missing(samples.field_nt)
    intake = SampleOutcomes(accepted=len(samples) - missing, missing=missing)
    return Buffer(samples.first, samples.field_nt.copy()), intake


def inserted(buffer: Buffer, samples: Samples, lateness: int) -> tuple[Buffer, SampleOutcomes]:
    """Buffer after a further record, and the outcomes of the record's samples.

    Samples more than `lateness` samples older than the newest one are too late and left out.
    """
    watermark = buffer.after - 1 - lateness
    late = min(max(watermark - samples.first, 0), len(samples))
    if late == len(samples):
        return buffer, SampleOutcomes(late=late)
    fresh_nt, first = samples.field_nt[late:], samples.first + late
    if first < buffer.after:
        return _mended(buffer, fresh_nt, first, late)
    missing = _missing(fresh_nt)
    return followed(buffer, first, fresh_nt), SampleOutcomes(
        len(fresh_nt) - missing, missing, late=late
    )


def followed(buffer: Buffer, first: int, fresh_nt: Float64) -> Buffer:
    """The buffer with `fresh_nt` appended from sample `first` on, and NaN in between."""
    length, gap = len(buffer.field_nt), first - buffer.after
    after = buffer.longer(gap + len(fresh_nt))
    after.field_nt[length : length + gap] = np.nan
    after.field_nt[length + gap :] = fresh_nt
    return after


def _mended(
    buffer: Buffer, fresh_nt: Float64, first: int, late: int
) -> tuple[Buffer, SampleOutcomes]:
    """A copy with fresh samples, which fill gaps, correct values, or extend it at either end."""
    begin, after = min(first, buffer.first), max(first + len(fresh_nt), buffer.after)
    field_nt = np.full((after - begin, 3), np.nan)
    field_nt[buffer.first - begin : buffer.after - begin] = buffer.field_nt
    where = slice(first - begin, first - begin + len(fresh_nt))
    before_nt = field_nt[where]
    intake = _compared(before_nt, fresh_nt, late)
    field_nt[where] = np.where(np.isnan(fresh_nt), before_nt, fresh_nt)
    return Buffer(begin, field_nt, buffer.next_end), intake


def _compared(before_nt: Float64, fresh_nt: Float64, late: int) -> SampleOutcomes:
    missing = np.isnan(fresh_nt).any(axis=1)
    known = ~np.isnan(before_nt).any(axis=1) & ~missing
    same = (before_nt == fresh_nt).all(axis=1)
    return SampleOutcomes(
        accepted=int((~known & ~missing).sum()),
        missing=int(missing.sum()),
        duplicate=int((known & same).sum()),
        corrected=int((known & ~same).sum()),
        late=late,
    )


def _missing(field_nt: Float64) -> int:
    """Number of samples that lack a component."""
    unknown = np.isnan(field_nt)
    return int(unknown.any(axis=1).sum()) if unknown.any() else 0


def _copied(first: int, field_nt: Float64, next_end: int | None, count: int) -> Buffer:
    """A buffer in new memory, with `count` further rows to fill and `ROOM` rows at its end."""
    filled = len(field_nt) + count
    memory = _Memory(np.empty((filled + ROOM, 3)), filled)
    memory.rows_nt[: len(field_nt)] = field_nt
    return _placed(memory, 0, first, next_end)


def _placed(memory: _Memory, begin: int, first: int, next_end: int | None) -> Buffer:
    return _at(Buffer(first, memory.rows_nt[begin : memory.filled], next_end), memory, begin)


def _at(buffer: Buffer, memory: _Memory, begin: int) -> Buffer:
    object.__setattr__(buffer, "_memory", memory)
    object.__setattr__(buffer, "_begin", begin)
    return buffer
