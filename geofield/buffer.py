"""The samples of a station that windows still need, and how a record enters them."""

from dataclasses import dataclass

import numpy as np

from geofield.samples import Samples
from geofield.types import Float64
from geofield.value import value

ROOM = 512  # samples that may follow before those held are copied once


@dataclass(slots=True, eq=False)
class _Memory:
    """Where buffers lie, with room behind them; rows up to `filled` are some buffer's."""

    rows_nt: Float64
    filled: int


class _Place:
    """Where a buffer lies: no part of its value, so nothing that compares or stores it sees it."""

    __slots__ = ("_begin", "_memory")
    _memory: _Memory
    _begin: int


@dataclass(frozen=True, slots=True, eq=False)
class Buffer(_Place):
    """The samples of a station that windows still need.

    What is held is never written to: a new buffer replaces it. The new one may lie in the same
    memory, behind the old, if nobody else has gone on from there; so records in order cost no copy.

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
        """The buffer without its `spent` oldest samples, before the window that ends next."""
        memory: _Memory | None = getattr(self, "_memory", None)
        if memory is None or spent > ROOM:  # so much memory is better given back
            return _copied(self.first + spent, self.field_nt[spent:], next_end, 0)
        view_nt = self.field_nt[spent:]
        return _at(Buffer(self.first + spent, view_nt, next_end), memory, self._begin + spent)


@value
class Intake:
    """What became of the samples of one record; the five of them add up to its length."""

    accepted: int = 0
    missing: int = 0
    duplicate: int = 0
    corrected: int = 0
    late: int = 0


def begun(samples: Samples) -> tuple[Buffer, Intake]:
    """The buffer of a station whose first record this is.

    It has memory of its own: the samples may be a small part of what came with them.
    """
    missing = _missing(samples.field_nt)
    intake = Intake(accepted=len(samples) - missing, missing=missing)
    return Buffer(samples.first, samples.field_nt.copy()), intake


def inserted(buffer: Buffer, samples: Samples, lateness: int) -> tuple[Buffer, Intake]:
    """Take in a record; samples more than `lateness` older than the newest are too late."""
    watermark = buffer.after - 1 - lateness
    late = min(max(watermark - samples.first, 0), len(samples))
    if late == len(samples):
        return buffer, Intake(late=late)
    fresh_nt, first = samples.field_nt[late:], samples.first + late
    if first < buffer.after:
        return _mended(buffer, fresh_nt, first, late)
    missing = _missing(fresh_nt)
    return followed(buffer, first, fresh_nt), Intake(len(fresh_nt) - missing, missing, late=late)


def followed(buffer: Buffer, first: int, fresh_nt: Float64) -> Buffer:
    """The buffer with `fresh_nt` behind it from sample `first` on; NaN in between."""
    held, gap = len(buffer.field_nt), first - buffer.after
    after = buffer.longer(gap + len(fresh_nt))
    after.field_nt[held : held + gap] = np.nan
    after.field_nt[held + gap :] = fresh_nt
    return after


def _mended(buffer: Buffer, fresh_nt: Float64, first: int, late: int) -> tuple[Buffer, Intake]:
    """A copy in which fresh samples fill gaps, correct values, and reach before or behind it."""
    begin, after = min(first, buffer.first), max(first + len(fresh_nt), buffer.after)
    field_nt = np.full((after - begin, 3), np.nan)
    field_nt[buffer.first - begin : buffer.after - begin] = buffer.field_nt
    where = slice(first - begin, first - begin + len(fresh_nt))
    held_nt = field_nt[where]
    intake = _compared(held_nt, fresh_nt, late)
    field_nt[where] = np.where(np.isnan(fresh_nt), held_nt, fresh_nt)
    return Buffer(begin, field_nt, buffer.next_end), intake


def _compared(held_nt: Float64, fresh_nt: Float64, late: int) -> Intake:
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


def _missing(field_nt: Float64) -> int:
    """How many samples lack a component."""
    unknown = np.isnan(field_nt)
    return int(unknown.any(axis=1).sum()) if unknown.any() else 0


def _copied(first: int, held_nt: Float64, next_end: int | None, count: int) -> Buffer:
    """Samples in memory of their own, with `count` rows to fill and room behind them."""
    filled = len(held_nt) + count
    memory = _Memory(np.empty((filled + ROOM, 3)), filled)
    memory.rows_nt[: len(held_nt)] = held_nt
    return _placed(memory, 0, first, next_end)


def _placed(memory: _Memory, begin: int, first: int, next_end: int | None) -> Buffer:
    return _at(Buffer(first, memory.rows_nt[begin : memory.filled], next_end), memory, begin)


def _at(buffer: Buffer, memory: _Memory, begin: int) -> Buffer:
    object.__setattr__(buffer, "_memory", memory)
    object.__setattr__(buffer, "_begin", begin)
    return buffer
