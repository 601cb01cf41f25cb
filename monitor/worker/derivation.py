"""Samples of the model's cadence derived from faster records, as minutes of one-second stations.

The faster samples of a station, and what waits of them, are in its checkpoint beside its state
(`Faster`). A station that sends the model's cadence itself needs no derivation: its own samples
count from the first of them on, and again derived ones after a day without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from geofield.series.buffer import Buffer
from geofield.series.derivation import derive
from geofield.series.low_pass import LowPass, low_pass
from geofield.series.samples import Samples
from geofield.step import StationState
from geofield.utc import DAY_MS
from monitor.records.sample_decoder import Accepts
from monitor.worker.checkpoint import Faster, StationCheckpoint
from monitor.worker.segments import Segment
from monitor.worker.time_jumps import Admitted, TimeJumps, moved


class Derivation:
    """Derives samples from the faster records of a batch.

    Parameters
    ----------
    checkpoints, stations
        States before the batch, and the stations of its records.
    accepts
        The rules of the model.

    Attributes
    ----------
    jumps
        The faster records that wait for a second one.
    """

    def __init__(
        self,
        checkpoints: Mapping[str, StationCheckpoint],
        stations: Iterable[str],
        accepts: Accepts,
    ) -> None:
        self._cadence_ms, self._lateness_ms = accepts.cadence_ms, accepts.lateness_ms
        self._before = {name: checkpoints.get(name) for name in stations}
        self._buffers: dict[str, Buffer | None] = {}  # after the records so far
        self._own_ms: dict[str, int | None] = {}  # end of a station's own samples; None without
        for name, known in self._before.items():
            self._buffers[name] = known.faster.buffer if known and known.faster else None
            self._own_ms[name] = self._end_ms(known)
        self._derived: set[str] = set()  # stations with faster records that count
        self._sending: set[str] = set()  # stations with samples of their own after those
        # of faster records, all of one cadence: the setting names one
        faster_ms = accepts.derives_ms[0] if accepts.derives_ms else accepts.cadence_ms
        views = {name: _view(known) for name, known in self._before.items() if known}
        self.jumps = TimeJumps(views, replace(accepts, cadence_ms=faster_ms))

    def own(self, checkpoints: Mapping[str, StationCheckpoint]) -> Mapping[str, StationCheckpoint]:
        """Checkpoints by which records of the model's cadence are judged.

        Derived samples tell nothing of how a station stamps its own, or whether those jump.
        """
        derived = {
            name: replace(known, state=StationState())
            for name, known in self._before.items()
            if known and _is_derived(known)
        }
        return {**checkpoints, **derived} if derived else checkpoints

    def sent(self, segments: Admitted) -> Admitted:
        """Note a station's own samples, and return them."""
        for segment, samples in segments:
            self._own_ms[segment.station] = samples.end_ms
            self._buffers[segment.station] = None
            self._derived.discard(segment.station)
            self._sending.add(segment.station)
        return segments

    def admit(self, segment: Segment, samples: Samples) -> Admitted:
        """The segments to take in now with a faster one, each with its derived samples."""
        own_ms = self._own_ms.get(segment.station)
        if own_ms is not None and samples.start_ms - own_ms <= DAY_MS:
            return []
        return [self.taken(*pair) for pair in self.jumps.admit(segment, samples)]

    def taken(self, segment: Segment, samples: Samples) -> tuple[Segment, Samples]:
        """A segment that is taken in, with its derived samples, of which there may be none."""
        station, chosen = segment.station, self._filter(samples.cadence_ms)
        lateness = self._lateness_ms // samples.cadence_ms
        self._own_ms[station] = None
        self._derived.add(station)
        self._sending.discard(station)
        buffer, slower = derive(self._buffers.get(station), samples, chosen, lateness)
        self._buffers[station] = buffer
        return segment, slower

    def with_faster(
        self, after: dict[str, StationCheckpoint], before: Mapping[str, StationCheckpoint]
    ) -> dict[str, StationCheckpoint]:
        """The states `after` the batch with their faster samples, given the states `before` it."""
        told = {name: (waiting, ms, last) for name, waiting, ms, last in self.jumps.stations()}
        changed = {}
        for name in (told.keys() | self._derived) - self._sending:
            base = after.get(name) or before.get(name)
            known = (base.faster if base else None) or Faster(None)
            waiting, offset_ms, last = told.get(name) or (known.waiting, known.offset_ms, None)
            if name not in self._derived and waiting == known.waiting:
                continue
            buffer = known.buffer if name in after and known.buffer else self._buffers.get(name)
            faster = Faster(buffer, waiting, offset_ms) if buffer or waiting else None
            stamped_ms = 0 if name in self._derived or base is None else base.offset_ms
            changed[name] = replace(moved(base, last), faster=faster, offset_ms=stamped_ms)
        return {**after, **changed}

    def stands(self, checkpoints: Mapping[str, StationCheckpoint]) -> bool:
        """Whether `checkpoints` has the samples that the batch was derived from."""
        return all(
            _buffers(checkpoints.get(name)) == _buffers(known)
            for name, known in self._before.items()
        )

    def _end_ms(self, known: StationCheckpoint | None) -> int | None:
        if known is None or _is_derived(known) or known.state.buffer is None:
            return None
        return known.state.buffer.after * self._cadence_ms

    def _filter(self, from_ms: int) -> LowPass:
        chosen = low_pass(from_ms, self._cadence_ms)
        if chosen is None:
            raise ValueError(f"no filter from {from_ms} ms to {self._cadence_ms} ms")
        return chosen


def _is_derived(known: StationCheckpoint) -> bool:
    """Whether a station's samples are derived, not its own."""
    return known.faster is not None and known.faster.buffer is not None


def _view(known: StationCheckpoint) -> StationCheckpoint:
    """A checkpoint as the station's faster records are judged by."""
    faster = known.faster or Faster(None)
    return StationCheckpoint(
        StationState(faster.buffer),
        known.partition,
        known.offset,
        faster.waiting,
        faster.offset_ms,
    )


def _buffers(known: StationCheckpoint | None) -> tuple[int, int]:
    """Identities of the buffers of a checkpoint."""
    faster = known.faster.buffer if known and known.faster else None
    return id(known.state.buffer if known else None), id(faster)
