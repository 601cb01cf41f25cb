"""JSON Schemas (draft 2020-12) of every record, made from the types that write and read them.

``python -m monitor.schema`` writes them to ``monitor/schemas/``; a test says when that was
forgotten.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import msgspec

from monitor.charge import HANDOVER_SCHEMA, HandoverRecord
from monitor.indices import IndexRecord
from monitor.payload import SamplesRecord
from monitor.records import ALERT_SCHEMA, SCORE_SCHEMA, AlertEvent, DeadLetterHeaders, ScoreRecord

FOLDER = Path(__file__).parent / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
# Name of the file: type, and the version that changes when readers have to.
RECORDS: dict[str, tuple[type[msgspec.Struct], int]] = {
    "sample": (SamplesRecord, 1),
    "score": (ScoreRecord, SCORE_SCHEMA),
    "alert": (AlertEvent, ALERT_SCHEMA),
    "deadletter-headers": (DeadLetterHeaders, 1),
    "index": (IndexRecord, 1),
    "handover": (HandoverRecord, HANDOVER_SCHEMA),
}


def schema(name: str) -> dict[str, Any]:
    """The schema of one of `RECORDS`."""
    kind, version = RECORDS[name]
    made = msgspec.json.schema(kind)
    for definition in made["$defs"].values():
        definition["description"] = inspect.cleandoc(definition["description"])
    return {"$schema": DRAFT, "$id": f"urn:magwatch:schema:{name}:{version}"} | made


def encoded(name: str) -> bytes:
    """Bytes of the file of a schema."""
    return msgspec.json.format(msgspec.json.encode(schema(name)), indent=2) + b"\n"


def write() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name in RECORDS:
        (FOLDER / f"{name}.json").write_bytes(encoded(name))


if __name__ == "__main__":
    write()
