"""JSON Schemas (draft 2020-12) of all records, made from the types that write and read them.

``python -m monitor.records.schema`` writes them to ``monitor/schemas/``; a test compares the files.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import msgspec

from monitor.records.handovers import HANDOVER_SCHEMA, HandoverRecord
from monitor.records.indices import IndexRecord
from monitor.records.quakes import QUAKE_SCHEMA, QuakeRecord
from monitor.records.registrations import REGISTRATION_SCHEMA, RegistrationRecord
from monitor.records.reviews import REVIEW_SCHEMA, ReviewRecord
from monitor.records.sample_payloads import SamplesRecord
from monitor.records.scoreboards import SCOREBOARD_SCHEMA, ScoreboardDocument
from monitor.records.scores_and_alerts import (
    ALERT_SCHEMA,
    SCORE_SCHEMA,
    AlertEvent,
    DeadLetterHeaders,
    ScoreRecord,
)
from monitor.records.sources import SOURCE_SCHEMA, SourceRecord

FOLDER = Path(__file__).parents[1] / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
# By file name: the type, and the version, which changes when readers must change.
RECORDS: dict[str, tuple[type[msgspec.Struct], int]] = {
    "sample": (SamplesRecord, 1),
    "score": (ScoreRecord, SCORE_SCHEMA),
    "alert": (AlertEvent, ALERT_SCHEMA),
    "review": (ReviewRecord, REVIEW_SCHEMA),
    "deadletter-headers": (DeadLetterHeaders, 1),
    "index": (IndexRecord, 1),
    "quake": (QuakeRecord, QUAKE_SCHEMA),
    "registration": (RegistrationRecord, REGISTRATION_SCHEMA),
    "scoreboard": (ScoreboardDocument, SCOREBOARD_SCHEMA),
    "handover": (HandoverRecord, HANDOVER_SCHEMA),
    "source": (SourceRecord, SOURCE_SCHEMA),
}


def schema(name: str) -> dict[str, Any]:
    """The schema of one of `RECORDS`."""
    kind, version = RECORDS[name]
    made = msgspec.json.schema(kind)
    for definition in made["$defs"].values():
        definition["description"] = inspect.cleandoc(definition["description"])
    return {"$schema": DRAFT, "$id": f"urn:magwatch:schema:{name}:{version}"} | made


def encoded(name: str) -> bytes:
    """A schema as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(schema(name)), indent=2) + b"\n"


def write() -> None:
    """Write the files of all schemas."""
    FOLDER.mkdir(exist_ok=True)
    for name in RECORDS:
        (FOLDER / f"{name}.json").write_bytes(encoded(name))


if __name__ == "__main__":
    write()
