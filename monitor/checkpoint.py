"""Station states at rest: what a worker must know to go on as if it had never stopped.

A checkpoint of a station holds its state and the offset of the last record in that state. Offsets
are committed only up to what checkpoints cover. After a crash the records since are read again:
those that a station's checkpoint already has are skipped, the rest give the same scores and
alerts again, byte for byte.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, get_origin

import msgspec
import numpy as np

from geofield.step import StationState

LAYOUT = 2
DTYPES = ("<f8", "<f2")


@dataclass(frozen=True, slots=True)
class Held:
    """A station's state and where it stands in the samples topic."""

    state: StationState
    partition: int
    offset: int


class Checkpoint(msgspec.Struct, frozen=True):
    """What is written to the state topic. A state belongs to one model and one set of rules."""

    layout: int
    fingerprint: str
    station: str
    partition: int
    offset: int
    state: StationState


def encode(station: str, held: Held, fingerprint: str) -> bytes:
    """Compressed MessagePack."""
    checkpoint = Checkpoint(LAYOUT, fingerprint, station, held.partition, held.offset, held.state)
    return zlib.compress(_encoder.encode(checkpoint), level=1)


def decode(value: bytes, fingerprint: str) -> tuple[str, Held] | None:
    """The station and its state; None if it was written with another model, rules or layout.

    Raises
    ------
    ValueError
        If the bytes are no checkpoint.
    """
    try:
        raw = zlib.decompress(value)
    except zlib.error as error:
        raise ValueError(f"not a checkpoint: {error}") from None
    head = _head_decoder.decode(raw)
    if head.layout != LAYOUT or head.fingerprint != fingerprint:
        return None
    checkpoint = _decoder.decode(raw)
    return checkpoint.station, Held(checkpoint.state, checkpoint.partition, checkpoint.offset)


class _Head(msgspec.Struct, frozen=True):
    layout: int
    fingerprint: str


def _encode_array(value: object) -> list[object]:
    if isinstance(value, np.ndarray) and value.dtype.str in DTYPES:
        return [value.dtype.str, list(value.shape), value.tobytes()]
    raise NotImplementedError(f"no place for a {type(value).__name__} in a checkpoint")


def _decode_array(kind: Any, value: Any) -> Any:
    if (get_origin(kind) or kind) is np.ndarray:
        dtype, shape, data = value
        if dtype not in DTYPES:
            raise ValueError(f"no array of {dtype} belongs in a checkpoint")
        return np.frombuffer(data, dtype=dtype).reshape(shape)
    raise NotImplementedError(f"no way to read a {kind} from a checkpoint")


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_array)
_decoder = msgspec.msgpack.Decoder(Checkpoint, dec_hook=_decode_array)
_head_decoder = msgspec.msgpack.Decoder(_Head)
