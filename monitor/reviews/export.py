"""Reviews for training and calibration: labels as CSV, and left-out spans as recipes have them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from archive.files import FileRefused, contents
from archive.text import text_of
from geofield.series.samples import STATION_CODE
from geofield.utc import time_ms, utc
from monitor.errors import Refused
from monitor.records.reviews import NOT_OF_THE_FIELD, VERDICTS, ReviewRecord
from monitor.records.scores_and_alerts import AlertEvent
from support.spans import Span
from support.table import no_formula

COLUMNS = ("station", "start", "end", "verdict", "note", "by", "reviewed", "alert_id")
NEEDED = COLUMNS[:4]


def brought_up_to_date(
    reviews: Mapping[str, ReviewRecord], alerts: Mapping[str, AlertEvent]
) -> list[ReviewRecord]:
    """The last reviews, with the spans that the alerts have now, by station and time.

    An alert may have gone on after it was reviewed.
    """
    found = []
    for name, review in reviews.items():
        if (event := alerts.get(name)) is not None:
            review = msgspec.structs.replace(review, start=event.data.start, end=event.data.end)  # noqa: PLW2901
        found.append(review)
    return sorted(found, key=lambda one: (one.station, time_ms(one.start), one.alert_id))


def as_labels(reviews: Iterable[ReviewRecord]) -> str:
    """All reviews as CSV with a header line; times are UTC, the end is exclusive."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for review in reviews:
        writer.writerow([no_formula(getattr(review, name)) for name in COLUMNS])
    return text.getvalue()


def as_left_out(reviews: Sequence[ReviewRecord]) -> str:
    """What was named man-made or instrument, as TOML: for each station its `left_out`."""
    lines = ["# Copy the left_out of a station into [data] or [[stations]] of a recipe."]
    named = [review for review in reviews if review.verdict in NOT_OF_THE_FIELD]
    for station, some in groupby(named, key=lambda review: review.station):
        spans = "".join(
            f"  {{span = {_quoted(_span(one))}, why = {_quoted(_why(one))}}},\n" for one in some
        )
        lines += ["", f"[{station}]", f"left_out = [\n{spans}]"]
    return "\n".join(lines) + "\n"


def _span(review: ReviewRecord) -> str:
    return str(Span(time_ms(review.start), time_ms(review.end)))


def _why(review: ReviewRecord) -> str:
    note = f": {review.note}" if review.note else ""
    return f"{review.station}: {review.verdict} by {review.by}, {review.reviewed[:10]}{note}"


def _quoted(text: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON."""
    return msgspec.json.encode(text).decode()


def read_left_out(path: Path) -> dict[str, tuple[Span, ...]]:
    """Spans named man-made or instrument, by station, in a file of labels.

    Raises
    ------
    Refused
        If the file cannot be read or a line cannot be used; the message names the line.
    """
    try:
        rows = csv.DictReader(io.StringIO(text_of(contents(path)), newline=""))
        return _left_out(path, rows)
    except FileRefused as error:
        raise Refused(str(error)) from error
    except (ValueError, csv.Error) as error:
        raise Refused(f"{path}: {error}") from error


def _left_out(path: Path, rows: csv.DictReader[str]) -> dict[str, tuple[Span, ...]]:
    if missing := [name for name in NEEDED if name not in (rows.fieldnames or ())]:
        raise Refused(
            f"{path}: no column {missing[0]!r}; it needs {','.join(NEEDED)} in its first line, as "
            "`magwatch review --export` writes them"
        )
    spans: dict[str, tuple[Span, ...]] = {}
    for row in rows:
        station, start, end, verdict = ((row[name] or "").strip() for name in NEEDED)
        where = f"{path}, line {rows.line_num}"
        if verdict not in VERDICTS:
            raise Refused(f"{where}: {verdict[:40]!r} is none of {', '.join(VERDICTS)}")
        if not STATION_CODE.fullmatch(station.upper()):
            raise Refused(f"{where}: {station[:40]!r} is not an IAGA code")
        span = _span_of(where, start, end)
        if verdict in NOT_OF_THE_FIELD:
            spans[station.upper()] = (*spans.get(station.upper(), ()), span)
    return spans


def _span_of(where: str, start: str, end: str) -> Span:
    try:
        span = Span(time_ms(start), time_ms(end))
    except ValueError:
        raise Refused(f"{where}: start and end must be like {utc(0)}") from None
    if span.end_ms <= span.start_ms:
        raise Refused(f"{where}: it does not end after it begins")
    return span
