"""Handovers on the control topic: the deployment in charge from an event time on."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from geofield.alerts.alert import ModelRef
from geofield.alerts.handover import Deployment, Handover
from geofield.utc import time_ms, utc
from monitor.records.kinds import UtcTime
from monitor.records.sample_decoder import cadence_of
from monitor.records.sample_encoder import iso_duration
from monitor.records.scores_and_alerts import ModelFields, model_fields

HANDOVER_SCHEMA = 1


class HandoverRecord(msgspec.Struct, frozen=True):
    """The line and model in charge of the windows that end at `since` or later, until the next.

    `cadence` is that of the model, as in `PT1S`: other cadences keep the model that they have.
    Without it, as in older records, the model is in charge of all.
    """

    schema_version: int
    since: UtcTime
    line: str
    model: ModelFields
    cadence: str | UnsetType = UNSET


_decoder = msgspec.json.Decoder(HandoverRecord)


def encode_handover(
    line: str, model: ModelRef, since_ms: int, cadence_ms: int | None = None
) -> tuple[bytes, bytes]:
    """Key and value of a record of the control topic."""
    cadence = UNSET if cadence_ms is None else iso_duration(cadence_ms)
    record = HandoverRecord(HANDOVER_SCHEMA, utc(since_ms), line, model_fields(model), cadence)
    key = f"{record.since} {cadence}" if cadence else record.since
    return key.encode(), msgspec.json.encode(record)


def decode_handover(value: bytes) -> tuple[Handover, HandoverRecord]:
    """A handover, and its record with further fields.

    Raises
    ------
    ValueError
        If the bytes are no handover.
    """
    record = _decoder.decode(value)
    since_ms = time_ms(record.since)
    cadence_ms = cadence_of(record.cadence) if record.cadence else None
    deployment = Deployment(record.line, record.model.sha256)
    return Handover(since_ms, deployment, cadence_ms), record
