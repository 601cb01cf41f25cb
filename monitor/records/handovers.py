"""Handovers on the control topic: the deployment in charge from an event time on."""

from __future__ import annotations

import msgspec

from geofield.alerts.alert import ModelRef
from geofield.alerts.handover import Deployment, Handover
from geofield.utc import time_ms, utc
from monitor.records.kinds import UtcTime
from monitor.records.scores_and_alerts import ModelFields, model_fields

HANDOVER_SCHEMA = 1


class HandoverRecord(msgspec.Struct, frozen=True):
    """The line and model in charge of the windows that end at `since` or later, until the next."""

    schema_version: int
    since: UtcTime
    line: str
    model: ModelFields


_decoder = msgspec.json.Decoder(HandoverRecord)


def encode_handover(line: str, model: ModelRef, since_ms: int) -> tuple[bytes, bytes]:
    """Key and value of a record of the control topic."""
    record = HandoverRecord(HANDOVER_SCHEMA, utc(since_ms), line, model_fields(model))
    return record.since.encode(), msgspec.json.encode(record)


def decode_handover(value: bytes) -> tuple[Handover, HandoverRecord]:
    """A handover, and its record with further fields.

    Raises
    ------
    ValueError
        If the bytes are no handover.
    """
    record = _decoder.decode(value)
    since_ms = time_ms(record.since)
    return Handover(since_ms, Deployment(record.line, record.model.sha256)), record
