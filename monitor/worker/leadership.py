"""Leadership: which windows this worker publishes, by the control topic; it shadows the others.

The control topic keeps one handover for each event time (its key), so that a replay changes models
at the same event times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from aiokafka import ConsumerRecord

from geofield.alerts.alert import Alert
from geofield.alerts.handover import FIRST_LINE, Deployment, Handover, Handovers
from geofield.scoring.score import WindowScore
from monitor.kafka.guard import Guard
from monitor.records.handovers import HandoverRecord, decode_handover
from monitor.records.sample_decoder import RawRecord

log = structlog.get_logger("magwatch.charge")


def _handover(record: ConsumerRecord) -> tuple[Handover, HandoverRecord]:
    return decode_handover(record.value or b"")


@dataclass(slots=True)
class Leadership:
    """The handovers so far, as they concern one worker."""

    deployment: Deployment = field(
        default_factory=lambda: Deployment(FIRST_LINE, "")
    )  # this worker
    window_ms: int = 0  # length of a window
    cadence_ms: int = 0  # of the model
    handovers: Handovers = field(default_factory=Handovers)  # replaced with every handover
    newest_ms: int = 0  # end of the newest decided window
    guard: Guard = field(default_factory=lambda: Guard("control"))  # leaves out malformed records

    def window(self, end_ms: int) -> bool:
        """Whether this worker publishes the windows that end at `end_ms`."""
        return self.handovers.leads(self.deployment, end_ms)

    def alert(self, alert: Alert) -> bool:
        """Whether this worker publishes an alert.

        The worker in charge of the alert's first window publishes all its versions.
        """
        return self.window(alert.start_ms + self.window_ms)

    def letter(self, record: RawRecord) -> bool:
        """Whether this worker publishes the dead letter of a refused record.

        The rule is `Handovers.leads_refused`.
        """
        return self.handovers.leads_refused(self.deployment, record.timestamp_ms, self.newest_ms)

    def decided(self, scores: Iterable[WindowScore]) -> None:
        """Record that the windows of an adopted batch are decided."""
        self.newest_ms = max([self.newest_ms, *(score.end_ms for score in scores)])

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Take in records of the control topic, in order."""
        for handover, about in self.guard(records, _handover):
            if handover.concerns(self.cadence_ms):
                self.handovers = self.handovers.with_handover(handover)
                log.info("handover", since=about.since, line=about.line, sha256=about.model.sha256)


def take_all(leaderships: Iterable[Leadership], records: Iterable[ConsumerRecord]) -> None:
    """Let the leadership of each model take in records of the control topic."""
    taken = list(records)
    for leadership in leaderships:
        leadership.take(taken)
