"""Encode recordings as records of the samples topic: INTERMAGNET's MQTT payload (IMPF)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from archive.recording import Recording
from geofield.types import Float64
from geofield.utc import utc
from monitor.records.sample_payloads import DOUBLE

_encoder = msgspec.json.Encoder()
_binary_encoder = msgspec.msgpack.Encoder()


NOTHING_MORE: Mapping[str, object] = {}


def encode_samples(recording: Recording, about: Mapping[str, object] = NOTHING_MORE) -> bytes:
    """A recording as JSON, the value of a record whose key is the station. NaN becomes ``null``.

    `about` has further keys of IMPF, such as ``termsOfUse``.
    """
    return _encoder.encode({**_head(recording), **about, **_arrays(recording, _with_nulls)})


def encode_samples_binary(recording: Recording) -> bytes:
    """A recording as MessagePack; the content type is `sample_payloads.BINARY`."""
    return _binary_encoder.encode(_head(recording) | _arrays(recording, _doubles))


def _head(recording: Recording) -> dict[str, object]:
    return {
        "iagaCode": recording.station,
        "cadence": iso_duration(recording.cadence_ms),
        "startDate": utc(recording.start_ms + recording.offset_ms),
    }


def _arrays(recording: Recording, encode: Callable[[Float64], object]) -> dict[str, object]:
    return {
        f"geomagneticField{element}": encode(values)
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
