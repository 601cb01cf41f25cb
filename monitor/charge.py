"""What a worker is in charge of, as the control topic tells it; the rest it does in shadow.

The topic keeps one handover for each time (its key), so that a replay changes models where they
were changed then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import structlog
from aiokafka import ConsumerRecord

from geofield.alert import Alert, ModelRef
from geofield.handover import FIRST_LINE, Handover, Handovers, Party
from monitor.codec import RawRecord
from monitor.fields import UtcTime
from monitor.records import ModelFields, model_fields, time_ms, utc

HANDOVER_SCHEMA = 1
log = structlog.get_logger("magwatch.charge")


class HandoverRecord(msgspec.Struct, frozen=True):
    """The line and model in charge of the windows that end at `since` or later, until the next."""

    schema_version: int
    since: UtcTime
    line: str
    model: ModelFields


_decoder = msgspec.json.Decoder(HandoverRecord)


def encode_handover(line: str, model: ModelRef, since_ms: int) -> tuple[bytes, bytes]:
    """Key and value on the control topic."""
    record = HandoverRecord(HANDOVER_SCHEMA, utc(since_ms), line, model_fields(model))
    return record.since.encode(), msgspec.json.encode(record)


def decode_handover(value: bytes) -> tuple[Handover, HandoverRecord]:
    """A handover, and the record that tells more of it.

    Raises
    ------
    ValueError
        If the bytes are no handover.
    """
    record = _decoder.decode(value)
    since_ms = time_ms(record.since)
    return Handover(since_ms, Party(record.line, record.model.sha256)), record


@dataclass(slots=True)
class Charge:
    """Handovers so far, for one worker; `newest_ms` is the end of the last window it decided."""

    party: Party = field(default_factory=lambda: Party(FIRST_LINE, ""))
    window_ms: int = 0
    handovers: Handovers = field(default_factory=Handovers)
    newest_ms: int = 0

    def window(self, end_ms: int) -> bool:
        """Whether this worker publishes the windows that end then."""
        return self.handovers.in_charge(self.party, end_ms)

    def alert(self, alert: Alert) -> bool:
        """Whether it publishes an alert: who had its first window has it to its end."""
        return self.window(alert.start_ms + self.window_ms)

    def letter(self, record: RawRecord) -> bool:
        """Whether it publishes a refused record.

        That has no window, and its own time may be anything: near a handover it may be published
        twice, but never by nobody.
        """
        return self.window(record.timestamp_ms) or self.window(self.newest_ms)

    def decided(self, end_ms: int) -> None:
        """A window has been decided."""
        self.newest_ms = max(self.newest_ms, end_ms)

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Records of the control topic, in order."""
        for record in records:
            try:
                handover, about = decode_handover(record.value or b"")
            except (ValueError, RecursionError) as error:
                log.warning("handover not understood", offset=record.offset, error=str(error))
                continue
            self.handovers = self.handovers.with_handover(handover)
            log.info("handover", since=about.since, line=about.line, sha256=about.model.sha256)
