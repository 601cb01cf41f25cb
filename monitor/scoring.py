"""A batch of raw records through the domain's step: the part of the worker that is not async.

It runs on the inference thread. It changes nothing in place; what it returns takes effect only
once everything in it is on the broker.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from geofield.alert import Alert
from geofield.buffer import Intake
from geofield.calibrating import Fit, progress
from geofield.indices import KpHistory
from geofield.samples import Samples
from geofield.score import Reconstruct, WindowScore
from geofield.step import Outcome, Rules, StationState, step
from geofield.watch import Start, at_once
from monitor.checkpoint import Held
from monitor.codec import Accepts, RawRecord, Reason, Rejected, samples_of
from monitor.runs import Batch, Run, read_batch
from monitor.strangers import Strangers

log = structlog.get_logger("magwatch.scoring")


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
        result = Scored(refused=list(batch.refused))
        strangers = Strangers(held, self.accepts)
        runs: list[tuple[Run, Samples]] = []
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
        self._step_all(runs, held, history, result)
        return result

    def fingerprint(self, station: str) -> str:
        """Identifies what a station's state depends on: another model or rule makes it void."""
        declination_deg = self.accepts.declination_deg.get(station)
        parts = (self.rules.model.sha256, self.rules.window, self.rules.alert, declination_deg)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _step_all(
        self,
        runs: list[tuple[Run, Samples]],
        held: Mapping[str, Held],
        history: KpHistory,
        result: Scored,
    ) -> None:
        """All at once; if that fails, one by one, so that only the record at fault is refused."""
        try:
            self._step(runs, held, history, result)
        except Exception:
            log.exception("a batch failed, taking its records one by one", runs=len(runs))
            for one in (record for run, _ in runs for record in run.alone()):
                self._step_alone(one, {**held, **result.held}, history, result)

    def _step_alone(
        self, one: Run, held: Mapping[str, Held], history: KpHistory, result: Scored
    ) -> None:
        samples = samples_of(one.reports, self.accepts)
        if isinstance(samples, Rejected):
            result.refused.append((one.last, samples))
            return
        try:
            self._step([(one, samples)], held, history, result)
        except Exception as error:
            log.exception("a record failed", station=samples.station, offset=one.last.offset)
            detail = f"{type(error).__name__}: {error}"
            result.refused.append((one.last, Rejected(Reason.INTERNAL, detail)))

    def _step(
        self,
        runs: list[tuple[Run, Samples]],
        held: Mapping[str, Held],
        history: KpHistory,
        result: Scored,
    ) -> None:
        stations = {samples.station for _, samples in runs}
        states = {name: held[name].state for name in stations if name in held}
        after, outcome = step(
            states,
            [samples for _, samples in runs],
            self.reconstruct,
            self.rules,
            history,
            self.start,
        )
        _collect(runs, after, outcome, result)
        if (setting := self.rules.setting) is not None:
            stations = {score.station for score in outcome.scores} - self.rules.profiles.keys()
            for station in stations:
                result.progress[station] = progress(after[station].learning, setting)


def _collect(
    runs: list[tuple[Run, Samples]],
    after: Mapping[str, StationState],
    outcome: Outcome,
    result: Scored,
) -> None:
    for (run, samples), intake in zip(runs, outcome.intake, strict=True):
        result.taken.append(Taken(run.records, samples.station, intake))
        last = run.last
        result.held[samples.station] = Held(after[samples.station], last.partition, last.offset)
    result.scores += outcome.scores
    result.alerts += outcome.alerts
    result.fits += outcome.fits


def _known_already(run: Run, held: Held | None) -> int:
    """How many of its records a checkpoint has, which are being read again after a restart."""
    if held is None or held.partition != run.last.partition:
        return 0
    return bisect_right(run.records, held.offset, key=lambda record: record.offset)
