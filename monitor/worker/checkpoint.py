"""Checkpoints: encoded station states from which a worker continues as if it had never stopped.

A checkpoint holds a station's state and the offset of the last record in that state. Offsets are
committed only as far as checkpoints cover them. After a crash the later records are read again.
Records that a checkpoint contains are skipped; the others give the same scores and alerts again,
byte for byte.
"""

from __future__ import annotations

import zlib
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, get_origin

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from geofield.series.buffer import Buffer
from geofield.step import StationState
from monitor.records.sample_decoder import RawRecord

LAYOUT = 2
MOST_BYTES = 64 * 1024 * 1024  # of a decompressed checkpoint, about 100 times the usual size
DTYPES = ("<f8", "<f2")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record far ahead of its station that waits for a second one near it."""

    record: RawRecord
    start_ms: int  # of its samples
    end_ms: int  # of its samples, exclusive
    others: int = 0  # records of the station that came since
    refused: bool = False  # kept without its value, only to confirm the next one
    offset_ms: int = 0  # of its stamps


@dataclass(frozen=True, slots=True)
class Faster:
    """The faster samples from which those of the model's cadence are derived.

    See `geofield.series.derivation`; `waiting` and `offset_ms` are as in `StationCheckpoint`.
    """

    buffer: Buffer | None
    waiting: tuple[Waiting, ...] = ()
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class StationCheckpoint:
    """A station's state, its position in the samples topic, and its waiting records."""

    state: StationState
    partition: int
    offset: int  # of the last record in the state
    waiting: tuple[Waiting, ...] = ()
    offset_ms: int = 0  # how much later than the grid the station stamps its samples
    faster: Faster | None = None  # None if its samples are not derived


class Checkpoint(msgspec.Struct, frozen=True):
    """A record of the state topic; `fingerprint` identifies the model and rules of the state."""

    layout: int
    fingerprint: str
    station: str
    partition: int
    offset: int
    state: StationState
    waiting: tuple[Waiting, ...] = ()
    offset_ms: int = 0  # missing in older ones, whose samples were on the grid
    faster: Faster | UnsetType = UNSET


def encode(station: str, checkpoint: StationCheckpoint, fingerprint: str) -> bytes:
    """The checkpoint as compressed MessagePack."""
    record = Checkpoint(
        LAYOUT,
        fingerprint,
        station,
        checkpoint.partition,
        checkpoint.offset,
        checkpoint.state,
        checkpoint.waiting,
        checkpoint.offset_ms,
        checkpoint.faster or UNSET,
    )
    return zlib.compress(_encoder.encode(record), level=1)


def decode(value: bytes, fingerprints: Container[str]) -> tuple[str, StationCheckpoint] | None:
    """Station and state of a checkpoint; None if its model, rules or layout are others.

    Raises
    ------
    ValueError
        If the bytes are no checkpoint.
    """
    raw = _decompressed(value)
    head = _head_decoder.decode(raw)
    if head.layout != LAYOUT or head.fingerprint not in fingerprints:
        return None
    checkpoint = _decoder.decode(raw)
    faster = checkpoint.faster or None
    for buffer in (checkpoint.state.buffer, faster.buffer if faster else None):
        if buffer is not None and buffer.field_nt.shape[1:] != (3,):
            raise ValueError(f"samples of shape {buffer.field_nt.shape}")
    return checkpoint.station, StationCheckpoint(
        checkpoint.state,
        checkpoint.partition,
        checkpoint.offset,
        checkpoint.waiting,
        checkpoint.offset_ms,
        faster,
    )


def _decompressed(value: bytes) -> bytes:
    inflating = zlib.decompressobj()
    try:
        raw = inflating.decompress(value, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"not a checkpoint: {error}") from None
    if not inflating.eof:
        raise ValueError(f"a checkpoint that is cut off, or larger than {MOST_BYTES:,} bytes")
    return raw


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
