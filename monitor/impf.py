"""From an archive to records of the samples topic: INTERMAGNET's MQTT payload (IMPF)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from archive.recording import Recording
from geofield.types import Float64
from monitor.payload import DOUBLE
from monitor.records import utc

_encoder = msgspec.json.Encoder()
_binary_encoder = msgspec.msgpack.Encoder()


def encode_samples(recording: Recording) -> bytes:
    """Value of the samples topic; its key is the station. NaN becomes ``null``."""
    return _encoder.encode(_head(recording) | _arrays(recording, _with_nulls))


def encode_samples_binary(recording: Recording) -> bytes:
    """The same as MessagePack; its content type is `payload.BINARY`."""
    return _binary_encoder.encode(_head(recording) | _arrays(recording, _doubles))


def _head(recording: Recording) -> dict[str, object]:
    return {
        "iagaCode": recording.station,
        "cadence": iso_duration(recording.cadence_ms),
        "startDate": utc(recording.start_ms),
    }


def _arrays(recording: Recording, written: Callable[[Float64], object]) -> dict[str, object]:
    return {
        f"geomagneticField{element}": written(values)
        for element, values in recording.elements.items()
    }


def iso_duration(cadence_ms: int) -> str:
    """ISO 8601 duration: ``PT1S``, ``PT1M``, ``PT0.5S``."""
    minutes, rest_ms = divmod(cadence_ms, 60_000)
    return f"PT{minutes}M" if minutes and not rest_ms else f"PT{cadence_ms / 1000:g}S"


def _doubles(values: Float64) -> bytes:
    return values.astype(DOUBLE).tobytes()


def _with_nulls(values: Float64) -> list[float | None]:
    missing = np.isnan(values)
    if not missing.any():
        return list(values.tolist())
    return [None if gap else value for value, gap in zip(values.tolist(), missing, strict=True)]
