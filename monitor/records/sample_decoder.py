"""Decode a samples record into `Samples`, or into the reason of its rejection.

The value is INTERMAGNET's MQTT payload (IMPF) in one of the encodings of `sample_payloads`, with
the two fields that IMPF keeps in its MQTT topic: `iagaCode` and `cadence`. Angles are in degrees; a
declination that can only be the station's in minutes of arc is refused. Other IMPF keys are
ignored. Decoding uses no clock: a record is from the future by its own Kafka timestamp, so a replay
decides the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from geofield.series.angle_units import UnitError, check_declination
from geofield.series.consistency import LEAST_SAMPLES
from geofield.series.limits import MOST_BEYOND
from geofield.series.orientation import OrientationError, orientation_of, to_hez
from geofield.series.samples import STATION_CODE, Samples
from geofield.series.stamps import nearest_ms
from geofield.types import Float64
from geofield.utc import DAY_MS, EPOCH, MILLISECOND
from monitor.kafka.record_wire import fault_of
from monitor.records.contradictions import check_values
from monitor.records.sample_payloads import (
    ENCODINGS,
    BinarySamplesRecord,
    SamplesRecord,
    encoding_of,
)

MAX_VALUE_BYTES = 8 * 1024 * 1024  # a day of 1 s samples with all their digits
MAX_CONTENT_TYPE_BYTES = 1000
ANY_CADENCE = 0
LOG_APPEND_TIME = 1  # Kafka's type of timestamps set by the broker
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
DURATION = re.compile(
    r"P(?:(?P<d>\d{1,4})D)?(?:T(?:(?P<h>\d{1,6})H)?(?:(?P<m>\d{1,6})M)?(?:(?P<s>\d{1,8}(?:\.\d{1,3})?)S)?)?",
    re.IGNORECASE,
)


class Reason(str, Enum):
    """Reason of a refusal: the `reason` header of the dead letter and a label of a metric."""

    NOT_JSON = "not-json"
    NOT_MESSAGEPACK = "not-messagepack"
    CONTENT_TYPE = "content-type"
    WRONG_TYPE = "wrong-type"
    TOO_BIG = "too-big"
    BAD_KEY = "bad-key"
    KEY_MISMATCH = "key-mismatch"
    BAD_TIME = "bad-time"
    BAD_CADENCE = "bad-cadence"
    OFF_GRID = "off-grid"
    FUTURE = "future"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    UNEQUAL_ARRAYS = "unequal-arrays"
    ORIENTATION = "orientation"
    BAD_FIELD = "bad-field"
    UNITS = "units"
    TOO_MANY_STATIONS = "too-many-stations"
    UNREADABLE = "unreadable"
    INTERNAL = "internal"


class NotForUs(str, Enum):
    """Reason to leave a record aside that is no fault: a label of a metric."""

    SCALAR = "scalar-only"
    CADENCE = "other-cadence"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that is not used. `detail` is a sentence for the station's operator.

    `ignored` is the reason if the record is no fault, only not for this model: it is counted, and
    no dead letter comes of it.
    """

    reason: Reason
    detail: str
    ignored: NotForUs | None = None


class RawRecord(msgspec.Struct, frozen=True, gc=False):
    """A record of the samples topic as Kafka delivered it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int  # -1 without one
    key: bytes | None
    value: bytes | None
    content_type: str = ""
    by_broker: bool = False  # whether the broker, not the sender, set the timestamp
    fault: str = ""  # the reason why it could not be read; key and value may then be missing

    @property
    def size_bytes(self) -> int:
        """Approximate size of the record."""
        return len(self.key or b"") + len(self.value or b"") + len(self.content_type)


def raw_record(record: Any) -> RawRecord:
    """The parts of a consumed record that are used; a long content type is cut off."""
    content_type = ""
    for name, value in record.headers:
        if name.lower() == "content-type":
            content_type = (value or b"")[:MAX_CONTENT_TYPE_BYTES].decode(errors="replace")
    timestamp_ms = -1 if record.timestamp is None else record.timestamp
    return RawRecord(
        record.topic,
        record.partition,
        record.offset,
        timestamp_ms,
        record.key,
        record.value,
        content_type,
        record.timestamp_type == LOG_APPEND_TIME,
        fault_of(record),
    )


@dataclass(frozen=True, slots=True)
class Accepts:
    """The rules by which records are accepted."""

    cadence_ms: int  # of the model; `ANY_CADENCE` accepts all
    future_tolerance_ms: int
    declination_deg: Mapping[str, float]  # reference declinations of the stations with a profile
    most_unprofiled: int  # stations without a profile that each partition may have
    derives_ms: tuple[int, ...] = ()  # cadences from which samples of the model's are derived
    lateness_ms: int = 0  # largest lag of such a sample behind its station's newest
    shares: bool = False  # whether another model takes the records of those cadences

    @property
    def cadences_ms(self) -> tuple[int, ...]:
        """Cadences of the records that are taken."""
        return (self.cadence_ms, *self.derives_ms)


_SCALARS = frozenset("FS")
NOT_READABLE = {"JSON": Reason.NOT_JSON, "MessagePack": Reason.NOT_MESSAGEPACK}


class _Refusal(Exception):
    def __init__(self, reason: Reason, detail: str, ignored: NotForUs | None = None) -> None:
        super().__init__(detail)
        self.rejected = Rejected(reason, detail, ignored)


class Report(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A well-formed record; `samples_of` checks whether its values make a vector field."""

    station: str
    start_ms: int
    cadence_ms: int
    elements: tuple[str, ...]  # letters
    values: Float64  # [elements, samples], nT or degrees
    offset_ms: int = 0  # how much later than `start_ms` says the samples are stamped

    @property
    def end_ms(self) -> int:
        """Time just after the last sample (exclusive)."""
        return self.start_ms + int(self.values.shape[1]) * self.cadence_ms


def decode(record: RawRecord, accepts: Accepts) -> Samples | Rejected:
    """Decode a record; any fault gives a `Rejected`, never an exception."""
    report = read(record, accepts)
    return report if isinstance(report, Rejected) else samples_of([report], accepts)


def read(record: RawRecord, accepts: Accepts, cadences_ms: Sequence[int] = ()) -> Report | Rejected:
    """Decode a record without checking its values.

    Its cadence must be one of `cadences_ms`; without them, that of `accepts`.
    """
    try:
        fields = _parsed(record)
        station = _station(record.key, fields.iaga_code)
        cadence_ms = _cadence_ms(fields.cadence, cadences_ms or (accepts.cadence_ms,))
        start_ms, offset_ms = _start_ms(fields.start_date, cadence_ms)
        elements, values = _arrays(fields, cadence_ms)
        report = Report(station, start_ms, cadence_ms, elements, values, offset_ms)
        _not_from_the_future(report.end_ms - cadence_ms + offset_ms, record, accepts)
    except _Refusal as refusal:
        return refusal.rejected
    return report


def samples_of(reports: Sequence[Report], accepts: Accepts) -> Samples | Rejected:
    """The samples of contiguous reports of one station, or the reason of their rejection."""
    try:
        return samples_of_all([reports], accepts)[0]
    except UnitError as error:
        return Rejected(Reason.UNITS, str(error))
    except OrientationError as error:
        reason = Reason.BAD_FIELD if _is_vector(reports[0].elements) else Reason.ORIENTATION
        return Rejected(reason, str(error))


def samples_of_all(segments: Sequence[Sequence[Report]], accepts: Accepts) -> list[Samples]:
    """The samples of runs of contiguous reports, all with the same elements, in one call.

    Raises
    ------
    OrientationError
        If the values of one report make no vector field, or, among several reports, one value is
        beyond its limit: how many may be is a matter of each report alone.
    """
    for run in segments:
        _check_declinations(run, accepts.declination_deg.get(run[0].station, 0.0))
        for report in run:
            if report.values.shape[1] >= LEAST_SAMPLES:
                check_values(report.elements, report.values, report.cadence_ms)
    values = [report.values for run in segments for report in run]
    rows = values[0] if len(values) == 1 else np.concatenate(values, axis=1)
    lengths = [sum(report.values.shape[1] for report in run) for run in segments]
    declinations_deg = [accepts.declination_deg.get(run[0].station, 0.0) for run in segments]
    elements = dict(zip(segments[0][0].elements, rows, strict=True))
    most_beyond = MOST_BEYOND if len(values) == 1 else 0.0
    field_nt = to_hez(elements, np.repeat(declinations_deg, lengths), most_beyond)
    samples, begin = [], 0
    for (first, *_), length in zip(segments, lengths, strict=True):
        station_nt = field_nt[begin : begin + length]
        samples.append(Samples(first.station, first.start_ms, first.cadence_ms, station_nt))
        begin += length
    return samples


def _check_declinations(run: Sequence[Report], reference_deg: float) -> None:
    """Check the declinations of reports; that of a first sample near the reference is quick."""
    if not reference_deg or "D" not in run[0].elements:
        return
    row = run[0].elements.index("D")
    for report in run:
        d_deg = report.values[row]
        if not abs(d_deg[0] - reference_deg) < 1.0:
            check_declination(d_deg, reference_deg)


def _parsed(record: RawRecord) -> SamplesRecord | BinarySamplesRecord:
    if record.fault:
        raise _Refusal(Reason.UNREADABLE, record.fault)
    value, encoding = record.value, encoding_of(record.content_type)
    if encoding is None:
        known = " and ".join(ENCODINGS)
        raise _Refusal(
            Reason.CONTENT_TYPE, f"content type {record.content_type[:80]!r}; known are {known}"
        )
    undecodable = NOT_READABLE[encoding.name]
    if value is None:
        raise _Refusal(undecodable, "the record has no value")
    if len(value) > MAX_VALUE_BYTES:
        limit = f"{MAX_VALUE_BYTES:,} bytes"
        raise _Refusal(Reason.TOO_BIG, f"{len(value):,} bytes are more than the {limit} accepted")
    try:
        return encoding.read(value)
    except msgspec.ValidationError as error:
        raise _Refusal(Reason.WRONG_TYPE, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        no_nan = undecodable is Reason.NOT_JSON and b"NaN" in value
        hint = "; JSON has no NaN, a gap is null" if no_nan else ""
        raise _Refusal(undecodable, f"{error}{hint}") from None


@lru_cache(4096)
def _station(key: bytes | None, iaga_code: str) -> str:
    if key is None:
        raise _Refusal(Reason.BAD_KEY, "the record has no key; it must be the IAGA code")
    code = key.decode("ascii", errors="replace")
    if not STATION_CODE.fullmatch(code):
        raise _Refusal(Reason.BAD_KEY, f"key {code[:40]!r} is not an IAGA code in upper case")
    if iaga_code.upper() != code:
        raise _Refusal(Reason.KEY_MISMATCH, f"key {code} but iagaCode {iaga_code[:40]!r}")
    return code


@lru_cache(256)
def cadence_of(text: str) -> int:
    """Milliseconds of an ISO 8601 duration such as ``PT1S``, ``PT1M`` or ``PT0.5S``.

    Raises
    ------
    ValueError
        If it is none.
    """
    match = DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        raise ValueError(f"cadence {text[:40]!r} is not an ISO 8601 duration")
    days, hours, minutes = (int(match[part] or 0) for part in "dhm")
    whole_ms = ((days * 24 + hours) * 60 + minutes) * 60_000
    return whole_ms + round(float(match["s"] or 0) * 1000)


def _cadence_ms(text: str, expected_ms: Sequence[int]) -> int:
    try:
        cadence_ms = cadence_of(text)
    except ValueError as error:
        raise _Refusal(Reason.BAD_CADENCE, str(error)) from None
    if cadence_ms <= 0:
        raise _Refusal(Reason.BAD_CADENCE, f"cadence {text[:40]} is no time")
    if cadence_ms not in expected_ms and ANY_CADENCE not in expected_ms:
        known = " or ".join(f"{cadence / 1000:g} s" for cadence in expected_ms)
        whose = "the model's" if len(expected_ms) == 1 else "a model's:"
        raise _Refusal(
            Reason.BAD_CADENCE, f"cadence {text[:40]} is not {whose} {known}", NotForUs.CADENCE
        )
    return cadence_ms


@lru_cache(4096)
def _start_ms(text: str, cadence_ms: int) -> tuple[int, int]:
    """Time at which the first sample counts, and how much later it is stamped."""
    try:
        start = datetime.fromisoformat(text)
        start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _Refusal(Reason.BAD_TIME, f"startDate {text[:40]!r}: {error}") from None
    if not EARLIEST <= start < LATEST:
        raise _Refusal(Reason.BAD_TIME, f"startDate {text[:40]} is not between 1900 and 2200")
    stamped_ms, remainder = divmod(start - EPOCH, MILLISECOND)
    if remainder:
        raise _Refusal(Reason.OFF_GRID, f"startDate {text[:40]} is not in whole milliseconds")
    start_ms = nearest_ms(stamped_ms, cadence_ms)
    return start_ms, stamped_ms - start_ms


def _arrays(
    fields: SamplesRecord | BinarySamplesRecord, cadence_ms: int
) -> tuple[tuple[str, ...], Float64]:
    lengths = fields.lengths()
    if not lengths:
        raise _Refusal(Reason.ORIENTATION, "no geomagneticField arrays")
    if lengths.keys() <= _SCALARS:
        stated = " and ".join(lengths)
        raise _Refusal(
            Reason.ORIENTATION, f"only the scalar {stated} is in it, no vector", NotForUs.SCALAR
        )
    if len(set(lengths.values())) > 1:
        stated = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise _Refusal(Reason.UNEQUAL_ARRAYS, f"arrays of unequal length: {stated}")
    length = max(lengths.values())
    if not length:
        raise _Refusal(Reason.EMPTY, "the arrays are empty")
    if length * cadence_ms > DAY_MS:
        raise _Refusal(Reason.TOO_LONG, f"{length:,} samples are more than a day")
    return tuple(lengths), fields.values()


def _not_from_the_future(newest_ms: int, record: RawRecord, accepts: Accepts) -> None:
    if record.timestamp_ms < 0:  # the broker may keep no timestamps
        return
    ahead_ms = newest_ms - record.timestamp_ms
    if ahead_ms > accepts.future_tolerance_ms:
        raise _Refusal(
            Reason.FUTURE,
            f"the last sample is {ahead_ms / 1000:,.0f} s ahead of the record's own time",
        )


def _is_vector(elements: Iterable[str]) -> bool:
    try:
        orientation_of(frozenset(elements))
    except OrientationError:
        return False
    return True
