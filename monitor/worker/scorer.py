"""Scores of a batch of raw records: the synchronous part of the worker.

The work has two halves, each on its own thread: `take_in` windows a batch while the model works on
the windows of the batch before, and `finish` makes scores and alerts. Neither changes a state in
place. The results take effect only once they are on the broker.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import structlog

from geofield import step
from geofield.alerts.alert import Alert
from geofield.alerts.reviews import ReviewHistory
from geofield.calibration.online.state import Fit, progress
from geofield.calibration.versions import NOT_TURNED_DEG, Versions, declinations_deg
from geofield.indices import IndexHistory
from geofield.scoring.score import Reconstruct, WindowScore
from geofield.series.buffer import Buffer, SampleOutcomes
from geofield.series.samples import Samples
from geofield.step import Rules, StationState
from geofield.window_scores import Start, at_once
from monitor.records.sample_decoder import Accepts, RawRecord, Reason, Rejected, samples_of
from monitor.worker.admission import UnprofiledStations
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.derivation import Derivation
from monitor.worker.segments import Batch, Segment, read_batch
from monitor.worker.time_jumps import TimeJumps

log = structlog.get_logger("magwatch.scoring")
Segments: TypeAlias = list[tuple[Segment, Samples]]


@dataclass(frozen=True, slots=True)
class Taken:
    """Records that entered a station's buffer, and counts of what became of their samples."""

    records: Sequence[RawRecord]
    station: str
    intake: SampleOutcomes
    shared: bool = False  # whether another model counts these records

    @property
    def sent_ms(self) -> int:
        """Kafka's timestamp of the last record in ms; -1 if the broker keeps none."""
        return self.records[-1].timestamp_ms


@dataclass(slots=True)
class Scored:
    """The results of a batch."""

    checkpoints: dict[str, StationCheckpoint] = field(
        default_factory=dict
    )  # only states that changed
    taken: list[Taken] = field(default_factory=list)  # records that entered buffers
    refused: list[tuple[RawRecord, Rejected]] = field(default_factory=list)  # for the dead letters
    scores: list[WindowScore] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)  # new versions
    fits: list[Fit] = field(default_factory=list)  # attempts at online profiles
    progress: dict[str, float] = field(default_factory=dict)  # of calibrations, from 0 to 1
    repeated: int = 0  # records that were taken in before
    waiting: int = 0  # change in the number of waiting records, see `time_jumps`


@dataclass(frozen=True, slots=True, eq=False)
class BatchInFlight:
    """A windowed batch: its records are in the buffers, its windows with the model.

    Attributes
    ----------
    batch
        The decoded batch.
    segments
        The segments to take in, with their samples.
    result
        The results so far; `Scorer.finish` completes them.
    before
        The states that the batch was windowed from.
    step
        The first half of the step; None if it failed.
    checkpoints
        The predicted states, from which the next batch may be windowed.
    jumps
        The records that wait for a second one.
    derivation
        The samples derived from faster records.
    """

    batch: Batch
    segments: Segments
    result: Scored
    before: Mapping[str, StationState]
    step: step.TakenIn | None
    checkpoints: Mapping[str, StationCheckpoint]
    jumps: TimeJumps
    derivation: Derivation

    def stands(self, checkpoints: Mapping[str, StationCheckpoint]) -> bool:
        """Whether `checkpoints` has the buffers that the batch was windowed from."""
        stations = {samples.station for _, samples in self.segments}
        states = _states(stations, checkpoints)
        return all(
            _buffer(self.before, name) is _buffer(states, name) for name in stations
        ) and self.derivation.stands(checkpoints)

    def completed(
        self,
        after: dict[str, StationCheckpoint],
        checkpoints: Mapping[str, StationCheckpoint],
    ) -> dict[str, StationCheckpoint]:
        """The states `after` the batch with what waits and with the faster samples."""
        waiting = self.jumps.with_waiting(after, checkpoints)
        return self.derivation.with_faster(waiting, checkpoints)


@dataclass(slots=True)
class Scorer:
    """Decodes records and scores their windows with one model and one set of rules.

    Call `use` only between the first halves of two batches.
    """

    rules: Rules  # replaced by `use` and `hear`
    accepts: Accepts  # replaced by `use`
    reconstruct: Reconstruct
    start: Start = at_once

    def use(self, profiles: Mapping[str, Versions]) -> None:
        """Score with these profiles from the next batch on."""
        self.rules = replace(self.rules, profiles=profiles)
        self.accepts = replace(self.accepts, declination_deg=declinations_deg(profiles))

    def hear(self, reviews: ReviewHistory) -> None:
        """Let profiles learn with these reviews, on the thread that calls `use`."""
        if reviews is not self.rules.reviews:
            self.rules = replace(self.rules, reviews=reviews)

    def read(self, records: Sequence[RawRecord]) -> Batch:
        """Decode records into a batch; needs no state and runs on any thread."""
        return read_batch(records, self.accepts)

    def score(
        self, batch: Batch, checkpoints: Mapping[str, StationCheckpoint], history: IndexHistory
    ) -> Scored:
        """Take in the records of a batch in order and score it, from these states."""
        return self.finish(self.take_in(batch, checkpoints), checkpoints, history)

    def take_in(self, batch: Batch, checkpoints: Mapping[str, StationCheckpoint]) -> BatchInFlight:
        """Window a batch: the first half of `score`. `checkpoints` may be predicted states."""
        if batch.accepts is not self.accepts:  # new profiles may bring other declinations
            again = read_batch(batch.records, self.accepts)
            batch = replace(again, refused=batch.refused, ends=batch.ends)
        result = Scored(refused=list(batch.refused))
        derivation = self._derivation(batch, checkpoints)
        jumps = TimeJumps(derivation.own(checkpoints), self.accepts)
        unprofiled = UnprofiledStations(checkpoints, self.accepts)
        segments: Segments = []
        for received, decoded in batch.segments:
            shared, is_faster = self._is_shared(received), self._is_faster(received)
            known = _known_already(received, checkpoints.get(received.station))
            result.repeated += 0 if shared else known
            if known == len(received.records):
                continue
            segment = received.since(known) if known else received
            samples = samples_of(segment.reports, self.accepts) if known else decoded
            if isinstance(samples, Rejected):
                result.refused += [] if shared else [(segment.last, samples)]
            elif refusal := unprofiled.refuse(segment, self.accepts):
                result.refused += [] if shared else [(one, refusal) for one in segment.records]
            elif is_faster:
                segments += derivation.admit(segment, samples)
            else:
                segments += derivation.sent(jumps.admit(segment, samples))
        for counted in [jumps] if self.accepts.shares else [jumps, derivation.jumps]:
            result.refused += counted.refused
            result.repeated += counted.repeated
            result.waiting += counted.waiting
        before = _states({samples.station for _, samples in segments}, checkpoints)
        try:
            taken_in = self._take_in(segments, before)
        except Exception:
            log.exception("a batch was not taken in", runs=len(segments))
            taken_in = None
        predicted = _checkpoints(segments, taken_in.states) if taken_in else {}
        in_flight = BatchInFlight(
            batch, segments, result, before, taken_in, predicted, jumps, derivation
        )
        return replace(in_flight, checkpoints=in_flight.completed(predicted, checkpoints))

    def finish(
        self,
        in_flight: BatchInFlight,
        checkpoints: Mapping[str, StationCheckpoint],
        history: IndexHistory,
    ) -> Scored:
        """Score a windowed batch: the second half of `score`.

        The batch is windowed again if `checkpoints` has other buffers than predicted. If the batch
        fails as a whole, its records are taken in one by one and only those at fault are refused.
        """
        if not in_flight.stands(checkpoints):
            in_flight = self.take_in(in_flight.batch, checkpoints)
        self._scored(in_flight, checkpoints, history)
        in_flight.result.checkpoints = in_flight.completed(
            in_flight.result.checkpoints, checkpoints
        )
        _tell_offsets(in_flight.result.checkpoints, checkpoints)
        return in_flight.result

    def fingerprints(self, station: str) -> list[str]:
        """Hashes of the model, rules and declination that a station's state depends on.

        The first hash is written to new checkpoints; a checkpoint with any of them is usable. There
        are two for an unrotated station: a profile with a declination of 0 and no profile are
        equivalent.
        """
        declination_deg = self.accepts.declination_deg.get(station)
        equivalent_deg = [declination_deg]
        if not declination_deg:
            equivalent_deg.append(None if declination_deg is not None else NOT_TURNED_DEG)
        rules = self.rules
        bases = ((rules.model.sha256, rules.window, rules.alert, deg) for deg in equivalent_deg)
        return [hashlib.sha256(repr(basis).encode()).hexdigest() for basis in bases]

    def _scored(
        self,
        in_flight: BatchInFlight,
        checkpoints: Mapping[str, StationCheckpoint],
        history: IndexHistory,
    ) -> None:
        """Score the segments into `in_flight.result`, all together or else record by record."""
        segments, result = in_flight.segments, in_flight.result
        if in_flight.step is not None:
            try:
                self._finish(in_flight.step, segments, checkpoints, history, result)
            except Exception:
                log.exception("a batch failed", runs=len(segments))
            else:
                return
        for single in (single for segment, _ in segments for single in segment.alone()):
            self._alone(single, {**checkpoints, **result.checkpoints}, history, result)

    def _alone(
        self,
        single: Segment,
        checkpoints: Mapping[str, StationCheckpoint],
        history: IndexHistory,
        result: Scored,
    ) -> None:
        samples = samples_of(single.reports, self.accepts)
        if isinstance(samples, Rejected):
            result.refused.append((single.last, samples))
            return
        segments, derivation = [(single, samples)], None
        if self._is_faster(single):
            derivation = Derivation(checkpoints, [single.station], self.accepts)
            segments = [derivation.taken(single, samples)]
        try:
            taken_in = self._take_in(segments, _states({samples.station}, checkpoints))
            self._finish(taken_in, segments, checkpoints, history, result)
            if derivation:
                result.checkpoints = derivation.with_faster(result.checkpoints, checkpoints)
        except Exception as error:
            log.exception("a record failed", station=samples.station, offset=single.last.offset)
            detail = f"{type(error).__name__}: {error}"
            result.refused.append((single.last, Rejected(Reason.INTERNAL, detail)))

    def _derivation(self, batch: Batch, checkpoints: Mapping[str, StationCheckpoint]) -> Derivation:
        stations = {segment.station for segment, _ in batch.segments}
        if not self.accepts.derives_ms:
            stations = set()
        return Derivation(checkpoints, stations, self.accepts)

    def _is_faster(self, segment: Segment) -> bool:
        """Whether samples are derived from a segment."""
        return segment.reports[0].cadence_ms != self.accepts.cadence_ms

    def _is_shared(self, segment: Segment) -> bool:
        """Whether another model counts a segment's records, and refuses what is wrong in them."""
        return self.accepts.shares and self._is_faster(segment)

    def _take_in(self, segments: Segments, states: Mapping[str, StationState]) -> step.TakenIn:
        records = [samples for _, samples in segments]
        return step.take_in(states, records, self.reconstruct, self.rules, self.start)

    def _finish(
        self,
        taken_in: step.TakenIn,
        segments: Segments,
        checkpoints: Mapping[str, StationCheckpoint],
        history: IndexHistory,
        result: Scored,
    ) -> None:
        states = _states(taken_in.states, checkpoints)
        after, outcome = step.finish(
            taken_in, states, self.reconstruct, self.rules, history, self.start
        )
        for (segment, samples), intake in zip(segments, outcome.intake, strict=True):
            shared = self._is_shared(segment)
            result.taken.append(Taken(segment.records, samples.station, intake, shared))
        result.checkpoints.update(_checkpoints(segments, after))
        result.scores += outcome.scores
        result.alerts += outcome.alerts
        result.fits += outcome.fits
        if (setting := self.rules.setting) is not None:
            for station in {station for station, _ in taken_in.learning}:
                result.progress[station] = progress(after[station].learning, setting)


def _checkpoints(
    segments: Segments, states: Mapping[str, StationState]
) -> dict[str, StationCheckpoint]:
    """Checkpoints of the stations of these segments, each at its station's last record."""
    return {
        samples.station: StationCheckpoint(
            states[samples.station],
            segment.last.partition,
            segment.last.offset,
            offset_ms=segment.reports[-1].offset_ms,
        )
        for segment, samples in segments
    }


def _tell_offsets(
    after: Mapping[str, StationCheckpoint], before: Mapping[str, StationCheckpoint]
) -> None:
    """Log the stations that begin to stamp their samples beside the grid, or otherwise."""
    for station, checkpoint in after.items():
        known = before[station].offset_ms if station in before else 0
        if checkpoint.offset_ms != known:
            log.info(
                "samples count at the nearest multiples of the cadence",
                station=station,
                stamped_after_ms=checkpoint.offset_ms,
                before_ms=known,
            )


def _states(
    stations: Iterable[str], checkpoints: Mapping[str, StationCheckpoint]
) -> dict[str, StationState]:
    """The states of the stations that have a state."""
    return {station: checkpoints[station].state for station in stations if station in checkpoints}


def _buffer(states: Mapping[str, StationState], station: str) -> Buffer | None:
    return states[station].buffer if station in states else None


def _known_already(segment: Segment, checkpoint: StationCheckpoint | None) -> int:
    """Count of the segment's records that the checkpoint already contains, as after a restart."""
    if checkpoint is None or checkpoint.partition != segment.last.partition:
        return 0
    return bisect_right(segment.records, checkpoint.offset, key=lambda record: record.offset)
