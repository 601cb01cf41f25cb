"""Convert records of topics to what the page shows, or to the reason why they cannot be shown.

Any producer may have written a record. The results can be drawn by every browser: times are
milliseconds, and numbers are finite and small enough for a chart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias, TypeVar

import msgspec
from aiokafka import ConsumerRecord

from geofield.series.samples import STATION_CODE, Samples
from geofield.utc import moment_ms, time_ms
from monitor.kafka.guard import printable
from monitor.records.dead_letters import MAX_DETAIL_CHARACTERS
from monitor.records.sample_decoder import (
    EARLIEST,
    Accepts,
    Reason,
    Rejected,
    raw_record,
    read,
    samples_of,
)
from monitor.records.scores_and_alerts import (
    ALERT_SCHEMA,
    SCORE_SCHEMA,
    AlertData,
    AlertEvent,
    PromiseFields,
    RemoteFields,
    ScoreRecord,
)
from monitor.records.sources import SOURCE_SCHEMA, SourceRecord

MAX_VALUE_BYTES = 16 * 1024  # of a score or an alert; usual are 1-2 kB
MAX_TEXT = 2000
MAX_KEY = 40  # characters of a key
REASONS = frozenset(reason.value for reason in Reason)
NEVER_MS = 2**52  # later than all records
MAX_FIGURE = 1e9  # above any score, count or return period in days
EARLIEST_MS = moment_ms(EARLIEST)
TIMES = ("start", "end", "peak", "decided", "time", "since", "window_start", "window_end")
Record = TypeVar("Record", ScoreRecord, AlertEvent, SourceRecord)


class Unshowable(ValueError):
    """A record that the page cannot show; the message is the reason."""


class WindowView(msgspec.Struct, frozen=True):
    """A window's score as the page keeps it. `end_ms` is in ms since 1970 UTC."""

    station: str
    end_ms: int
    quality: Literal["ok", "insufficient", "calibrating"]
    rmse: float | None
    threshold: float | None
    return_period_days: float | None
    completeness: float
    promise: str = ""  # alerts opened and promised, in words


class AlertView(msgspec.Struct, frozen=True):
    """A version of an alert as the page keeps it. Times are in ms since 1970 UTC."""

    alert_id: str
    version: int
    status: str
    station: str
    start_ms: int
    end_ms: int
    score: float
    threshold: float
    return_period_days: float
    severity: str
    classification: str
    kp_highest: float | None
    skill: str
    faults: tuple[str, ...]
    remote: RemoteFields | None
    seen: str = ""


class RefusedRecord(msgspec.Struct, frozen=True):
    """A dead letter as the page keeps it: key of the refused record, and the reason."""

    key: str
    reason: str
    detail: str


class SourceView(msgspec.Struct, frozen=True):
    """That a station's sources are silent since a time, in ms since 1970 UTC, and why if known."""

    station: str
    since_ms: int
    said: str


def shown_source(record: ConsumerRecord, latest_ms: int) -> tuple[str, SourceView | None]:
    """A station, and that its sources are silent; None if they speak.

    Raises
    ------
    Unshowable
        If it is no record of a source, or cannot be drawn.
    """
    source = _decoded(record.value, SourceRecord)
    _check_common(source.schema_version, SOURCE_SCHEMA, source.station)
    since_ms = _time_ms("since", source.since)
    if not EARLIEST_MS <= since_ms <= latest_ms:
        raise Unshowable(f"since is no time of the past: {source.since[:40]!r}")
    if source.state == "speaks":
        return source.station, None
    said = _text(source.said.encode(errors="replace"), MAX_DETAIL_CHARACTERS)
    return source.station, SourceView(source.station, since_ms, said)


CodeOf: TypeAlias = Callable[[str, str], str]
"""Code of a station on the page, given its IAGA code and a model's name; raises `Unshowable`."""


def iaga_code(station: str, _: str) -> str:
    """The code of a station where the page has one model."""
    return station


def shown_samples(record: ConsumerRecord, models: Sequence[Accepts]) -> Samples:
    """The samples of a record, by the rules of the model of its cadence.

    Raises
    ------
    Unshowable
        If a worker would refuse it.
    """
    report = read(raw_record(record), models[0], [accepts.cadence_ms for accepts in models])
    if isinstance(report, Rejected):
        raise Unshowable(report.detail)
    accepts = next(one for one in models if one.cadence_ms == report.cadence_ms)
    samples = samples_of([report], accepts)
    if isinstance(samples, Rejected):
        raise Unshowable(samples.detail)
    return samples


def shown_refusal(record: ConsumerRecord) -> RefusedRecord:
    """The refused record and the reason, from the key and headers of a dead letter.

    Raises
    ------
    Unshowable
        If it is no dead letter of a worker.
    """
    headers = dict(reversed(record.headers))
    reason, detail = (headers.get(header) or b"" for header in ("reason", "detail"))
    if (name := _text(reason, MAX_KEY)) not in REASONS:
        raise Unshowable(f"reason {name!r} is none that a worker gives")
    key = "" if record.key is None else _text(record.key, MAX_KEY)
    return RefusedRecord(key, name, _text(detail, MAX_DETAIL_CHARACTERS))


def shown_score(record: ConsumerRecord, latest_ms: int, code_of: CodeOf = iaga_code) -> WindowView:
    """The score of a window, which must end at `latest_ms` or before.

    Raises
    ------
    Unshowable
        If it is no score, or cannot be drawn.
    """
    return window_view(_decoded(record.value, ScoreRecord), latest_ms, code_of)


def shown_alert(record: ConsumerRecord, latest_ms: int, code_of: CodeOf = iaga_code) -> AlertView:
    """A version of an alert, which must end at `latest_ms` or before.

    Raises
    ------
    Unshowable
        If it is no alert, or cannot be drawn.
    """
    return alert_view(_decoded(record.value, AlertEvent).data, latest_ms, code_of)


def window_view(score: ScoreRecord, latest_ms: int, code_of: CodeOf = iaga_code) -> WindowView:
    """The view of a score; raises `Unshowable` as `shown_score` does."""
    _check_common(score.schema_version, SCORE_SCHEMA, score.station)
    _check_figures(score, ("rmse", "threshold", "return_period_days"))
    _, end_ms = _span_ms(score, ("window_start", "window_end"), latest_ms)
    _time_ms("decided", score.decided)
    return WindowView(
        code_of(score.station, score.model.name),
        end_ms,
        score.quality,
        score.rmse,
        score.threshold,
        score.return_period_days,
        score.completeness,
        _promise_text(score.promise or None),
    )


def _promise_text(promise: PromiseFields | None) -> str:
    if promise is None:
        return ""
    _check_figures(promise, ("quiet_days", "expected", "opened"))
    verdict = "kept" if promise.kept else "not kept"
    return (
        f"{promise.opened} opened, {promise.expected:.2g} promised in {promise.quiet_days:.3g} "
        f"quiet days: {verdict}"
    )


def alert_view(alert: AlertData, latest_ms: int, code_of: CodeOf = iaga_code) -> AlertView:
    """The view of an alert; raises `Unshowable` as `shown_alert` does."""
    _check_common(alert.schema_version, ALERT_SCHEMA, alert.station)
    _check_figures(alert, ("version", "score", "threshold", "return_period_days"))
    if alert.remote is not None:
        _check_figures(alert.remote, ("stations", "compared", "witnesses"))
    if len(alert.skill) > MAX_TEXT:
        raise Unshowable(f"skill has more than {MAX_TEXT:,} characters")
    start_ms, end_ms = _span_ms(alert, ("start", "end"), latest_ms)
    for name in ("peak", "decided"):
        _time_ms(name, getattr(alert, name))
    return AlertView(
        alert_id=alert.alert_id,
        version=alert.version,
        status=alert.status,
        station=code_of(alert.station, alert.model.name),
        start_ms=start_ms,
        end_ms=end_ms,
        score=alert.score,
        threshold=alert.threshold,
        return_period_days=alert.return_period_days,
        severity=alert.severity,
        classification=alert.classification,
        kp_highest=alert.kp_highest,
        skill=alert.skill,
        faults=tuple(dict.fromkeys(alert.faults)),
        remote=alert.remote,
        seen=alert.seen or "",
    )


def _decoded(value: bytes | None, kind: type[Record]) -> Record:
    if value is None:
        raise Unshowable("the record has no value")
    if len(value) > MAX_VALUE_BYTES:
        raise Unshowable(f"{len(value):,} bytes are more than the {MAX_VALUE_BYTES:,} accepted")
    try:
        return msgspec.json.decode(value, type=kind)
    except msgspec.ValidationError as error:
        raise Unshowable(_plain(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unshowable(str(error)) from None
    except RecursionError:
        raise Unshowable("it is nested too deeply") from None


def _plain(message: str) -> str:
    """A message of msgspec with the name of the field first: `rmse: expected ...`."""
    what, _, path = message.partition(" - at `$.")
    name = path.rstrip("`").rpartition(".")[2]
    if name in TIMES:
        return f"{name} is no time"
    return f"{name}: {what[:1].lower()}{what[1:]}" if name else what


def _check_common(schema: int, newest: int, station: str) -> None:
    if not 1 <= schema <= newest:
        raise Unshowable(f"schema_version is {schema}, this dashboard knows 1 to {newest}")
    if not STATION_CODE.fullmatch(station):  # the `$` of a pattern allows a trailing newline
        raise Unshowable(f"station {station[:40]!r} is not an IAGA code")


def _check_figures(record: msgspec.Struct, names: Iterable[str]) -> None:
    for name in names:
        figure = getattr(record, name)
        if figure is not None and not figure <= MAX_FIGURE:
            raise Unshowable(f"{name} is more than {MAX_FIGURE:g}")


def _span_ms(record: msgspec.Struct, names: tuple[str, str], latest_ms: int) -> tuple[int, int]:
    start_ms, end_ms = (_time_ms(name, getattr(record, name)) for name in names)
    if start_ms > end_ms:
        raise Unshowable(f"{names[1]} is before {names[0]}")
    if start_ms < EARLIEST_MS:
        raise Unshowable(f"{names[0]} is before {EARLIEST.year}")
    if end_ms > latest_ms:
        raise Unshowable(f"{names[1]} is in the future")
    return start_ms, end_ms


def _text(value: bytes, most: int) -> str:
    """Untrusted bytes as printable text of at most `most` characters."""
    text = printable(value[: 4 * most].decode(errors="replace"))
    return text if len(text) <= most else text[: most - 1] + "…"


def _time_ms(name: str, text: str) -> int:
    try:
        if text.isascii():
            return time_ms(text)
    except (ValueError, OverflowError):
        pass
    raise Unshowable(f"{name} is no time: {text[:40]!r}")
