"""A batch of raw records through the domain's step: the part of the worker that is not async.

It comes in two halves, each on a thread of its own, so that a batch is taken in while the windows
of the one before are looked at. It changes nothing in place; what it returns takes effect only once
everything in it is on the broker.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from geofield import step
from geofield.alert import Alert
from geofield.buffer import Buffer, Intake
from geofield.calibrating import Fit, progress
from geofield.indices import KpHistory
from geofield.samples import Samples
from geofield.score import Reconstruct, WindowScore
from geofield.step import Rules, StationState
from geofield.watch import Start, at_once
from monitor.checkpoint import Held
from monitor.codec import Accepts, RawRecord, Reason, Rejected, samples_of
from monitor.runs import Batch, Run, read_batch
from monitor.strangers import Strangers

log = structlog.get_logger("magwatch.scoring")
Runs: TypeAlias = list[tuple[Run, Samples]]


@dataclass(frozen=True, slots=True)
class Taken:
    """Records that entered a station's window, and what became of their samples."""

    records: Sequence[RawRecord]
    station: str
    intake: Intake

    @property
    def sent_ms(self) -> int:
        """Kafka's time of the last of them; -1 if the broker keeps none."""
        return self.records[-1].timestamp_ms


@dataclass(slots=True)
class Scored:
    """What a batch came to. `held` has only the stations that changed.

    `fits` are attempts at profiles, `progress` how far calibrations are, from 0 to 1.
    """

    held: dict[str, Held] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    refused: list[tuple[RawRecord, Rejected]] = field(default_factory=list)
    scores: list[WindowScore] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    fits: list[Fit] = field(default_factory=list)
    progress: dict[str, float] = field(default_factory=dict)
    repeated: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """A batch of which the records are taken in, while their windows are looked at.

    Attributes
    ----------
    batch
        All of it.
    runs
        What entered windows, or would have.
    result
        What is known of the batch so far.
    before
        The states it began with.
    step
        None where taking the records in failed.
    held
        What the next batch may begin with before more is known of this one.
    """

    batch: Batch
    runs: Runs
    result: Scored
    before: Mapping[str, StationState]
    step: step.Begun | None
    held: Mapping[str, Held]

    def stands(self, held: Mapping[str, Held]) -> bool:
        """Whether the batches before it have left the samples that it began with."""
        stations = {samples.station for _, samples in self.runs}
        states = _states(stations, held)
        return all(_buffer(self.before, one) is _buffer(states, one) for one in stations)


@dataclass(frozen=True, slots=True)
class Scorer:
    """Decodes records and steps the stations with one model and one set of rules."""

    rules: Rules
    accepts: Accepts
    reconstruct: Reconstruct
    start: Start = at_once

    def read(self, records: Sequence[RawRecord]) -> Batch:
        """Read records as far as that goes without any state; on any thread."""
        return read_batch(records, self.accepts)

    def score(self, batch: Batch, held: Mapping[str, Held], history: KpHistory) -> Scored:
        """Take the records of a batch in order, starting from the states in `held`."""
        return self.finish(self.begin(batch, held), held, history)

    def begin(self, batch: Batch, held: Mapping[str, Held]) -> Begun:
        """The first half of `score`, perhaps from what the batch before it has `begun`."""
        result = Scored(refused=list(batch.refused))
        strangers = Strangers(held, self.accepts)
        runs: Runs = []
        for whole, understood in batch.runs:
            known = _known_already(whole, held.get(whole.station))
            result.repeated += known
            if known == len(whole.records):
                continue
            run = whole.since(known) if known else whole
            samples = samples_of(run.reports, self.accepts) if known else understood
            if isinstance(samples, Rejected):
                result.refused.append((run.last, samples))
            elif refusal := strangers.refuse(run, self.accepts):
                result.refused += [(record, refusal) for record in run.records]
            else:
                runs.append((run, samples))
        before = _states({samples.station for _, samples in runs}, held)
        try:
            begun = self._begin(runs, before)
        except Exception:
            log.exception("a batch was not taken in", runs=len(runs))
            begun = None
        ahead = _held(runs, begun.states) if begun else {}
        return Begun(batch, runs, result, before, begun, ahead)

    def finish(self, begun: Begun, held: Mapping[str, Held], history: KpHistory) -> Scored:
        """The second half of `score`.

        If the batch before has come to something else than it had begun with, this one begins
        again. If all at once fails, records go one by one: only the one at fault is refused.
        """
        if not begun.stands(held):
            begun = self.begin(begun.batch, held)
        runs, result = begun.runs, begun.result
        if begun.step is not None:
            try:
                self._finish(begun.step, runs, held, history, result)
            except Exception:
                log.exception("a batch failed", runs=len(runs))
            else:
                return result
        for one in (record for run, _ in runs for record in run.alone()):
            self._alone(one, {**held, **result.held}, history, result)
        return result

    def fingerprint(self, station: str) -> str:
        """Identifies what a station's state depends on: another model or rule makes it void."""
        declination_deg = self.accepts.declination_deg.get(station)
        parts = (self.rules.model.sha256, self.rules.window, self.rules.alert, declination_deg)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _alone(
        self, one: Run, held: Mapping[str, Held], history: KpHistory, result: Scored
    ) -> None:
        samples = samples_of(one.reports, self.accepts)
        if isinstance(samples, Rejected):
            result.refused.append((one.last, samples))
            return
        runs = [(one, samples)]
        try:
            begun = self._begin(runs, _states({samples.station}, held))
            self._finish(begun, runs, held, history, result)
        except Exception as error:
            log.exception("a record failed", station=samples.station, offset=one.last.offset)
            detail = f"{type(error).__name__}: {error}"
            result.refused.append((one.last, Rejected(Reason.INTERNAL, detail)))

    def _begin(self, runs: Runs, states: Mapping[str, StationState]) -> step.Begun:
        records = [samples for _, samples in runs]
        return step.begin(states, records, self.reconstruct, self.rules, self.start)

    def _finish(
        self,
        begun: step.Begun,
        runs: Runs,
        held: Mapping[str, Held],
        history: KpHistory,
        result: Scored,
    ) -> None:
        states = _states(begun.states, held)
        after, outcome = step.finish(
            begun, states, self.reconstruct, self.rules, history, self.start
        )
        for (run, samples), intake in zip(runs, outcome.intake, strict=True):
            result.taken.append(Taken(run.records, samples.station, intake))
        result.held.update(_held(runs, after))
        result.scores += outcome.scores
        result.alerts += outcome.alerts
        result.fits += outcome.fits
        if (setting := self.rules.setting) is not None:
            stations = {score.station for score in outcome.scores} - self.rules.profiles.keys()
            for station in stations:
                result.progress[station] = progress(after[station].learning, setting)


def _held(runs: Runs, states: Mapping[str, StationState]) -> dict[str, Held]:
    """The states after these runs, with the last record in each."""
    return {
        samples.station: Held(states[samples.station], run.last.partition, run.last.offset)
        for run, samples in runs
    }


def _states(stations: Iterable[str], held: Mapping[str, Held]) -> dict[str, StationState]:
    """States of those of the stations that have one."""
    return {station: held[station].state for station in stations if station in held}


def _buffer(states: Mapping[str, StationState], station: str) -> Buffer | None:
    return states[station].buffer if station in states else None


def _known_already(run: Run, held: Held | None) -> int:
    """How many of its records a checkpoint has, which are being read again after a restart."""
    if held is None or held.partition != run.last.partition:
        return 0
    return bisect_right(run.records, held.offset, key=lambda record: record.offset)
