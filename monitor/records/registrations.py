"""Registered protocols of a scoreboard: what was fixed before, in a canonical form with its hash.

Key: the hash. The topic is kept, not compacted: neither a deletion nor a repetition may touch a
registration, and the first record of a hash counts.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, TypeAlias

import msgspec

from geofield.earthquakes.rules import RadiusRule
from monitor.records.kinds import Sha256, Share
from monitor.records.scores_and_alerts import AlertClass, ModelFields

REGISTRATION_SCHEMA = 1
ControlName: TypeAlias = Literal["random", "kp", "polarization", "placebo"]
Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class ProtocolPart(msgspec.Struct, frozen=True, kw_only=True):
    """A table of a protocol."""


class EarthquakeTable(ProtocolPart, frozen=True):
    """Which earthquakes count, with the keys of `[labels]` of a recipe."""

    radius: RadiusRule
    magnitude_min: float
    radius_km: NotNegative = 0.0
    kls_min: NotNegative = 0.0
    magnitude_max: float = 10.0
    depth_max_km: Positive = 1000.0
    aftershock_km: NotNegative = 100.0
    aftershock_hours: NotNegative = 72.0
    mainshock_min: float = 5.0
    swarm_km: NotNegative = 0.0
    swarm_days: NotNegative = 0.0


class ScoredStationTable(ProtocolPart, frozen=True):
    """Where a station is, and what differs there from `[earthquakes]`; null for nothing."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=360)]
    radius: RadiusRule | None = None
    radius_km: float | None = None
    kls_min: float | None = None
    magnitude_min: float | None = None
    magnitude_max: float | None = None
    depth_max_km: float | None = None


class SuccessTable(ProtocolPart, frozen=True):
    """The rule of success."""

    min_events: Annotated[int, msgspec.Meta(ge=1)]
    p_max: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.01
    beat: list[ControlName] = msgspec.field(
        default_factory=lambda: ["random", "kp", "polarization", "placebo"]
    )


class ControlsTable(ProtocolPart, frozen=True):
    """Draws of shuffled catalogues and random alarms, and the days a placebo leaves out."""

    draws: Annotated[int, msgspec.Meta(ge=19, le=100_000)] = 999
    placebo_gap_days: NotNegative = 1.0


class ProtocolTable(ProtocolPart, frozen=True):
    """A protocol: the file `scoreboard.toml`; see docs/scoreboard.md for each key."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    start: Annotated[str, msgspec.Meta(description="UTC date")]
    classes: list[AlertClass]
    alarm_days: Positive
    earthquakes: EarthquakeTable
    stations: dict[str, ScoredStationTable]
    success: SuccessTable
    lead_days: NotNegative = 0.0
    coverage_min: Share = 0.5
    delay_hours: NotNegative = 6.0
    settle_days: NotNegative = 30.0
    controls: ControlsTable = msgspec.field(default_factory=ControlsTable)
    rehearsal: bool = False


class RegistrationRecord(msgspec.Struct, frozen=True):
    """A protocol with the model that it is about and the interval of its windows.

    `sha256` is the hash of `protocol`, `model` and `hop_s` as JSON with sorted keys and without
    spaces.
    """

    schema_version: int
    sha256: Sha256
    protocol: ProtocolTable
    model: ModelFields
    hop_s: float


_decoder = msgspec.json.Decoder(RegistrationRecord)


def registration(protocol: ProtocolTable, model: ModelFields, hop_s: float) -> RegistrationRecord:
    """The record of a protocol."""
    digest = _digest(protocol, model, hop_s)
    return RegistrationRecord(REGISTRATION_SCHEMA, digest, protocol, model, hop_s)


def encode_registration(record: RegistrationRecord) -> tuple[bytes, bytes]:
    """Key and value of a record of the scoreboard topic."""
    return record.sha256.encode(), msgspec.json.encode(record, order="deterministic")


def decode_registration(value: bytes) -> RegistrationRecord:
    """A record of the scoreboard topic.

    Raises
    ------
    ValueError
        If the bytes are none, or its hash is not that of what it says.
    """
    record = _decoder.decode(value)
    if record.sha256 != _digest(record.protocol, record.model, record.hop_s):
        raise ValueError(f"the registration {record.sha256[:12]} does not have this hash")
    return record


def _digest(protocol: ProtocolTable, model: ModelFields, hop_s: float) -> str:
    fixed = {"protocol": protocol, "model": model, "hop_s": hop_s}
    return hashlib.sha256(msgspec.json.encode(fixed, order="sorted")).hexdigest()
