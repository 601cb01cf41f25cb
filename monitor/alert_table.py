"""Alerts for the terminal and spreadsheets: selection, table, CSV, and text of a version."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import click
import msgspec
from rich.table import Table

from geofield.utc import time_ms
from monitor.kafka.guard import printable
from monitor.records.reviews import ReviewRecord
from monitor.records.scores_and_alerts import AlertData, AlertEvent, newest_alerts
from monitor.return_period import return_period
from support.table import no_formula, plain_table

COLOURS = {"opened": "red", "updated": "yellow", "resolved": "green", "cancelled": "cyan"}
STATUS_STYLES = {"open": "bold red", "cancelled": "dim"}
COLUMNS = (
    "alert_id", "version", "status", "station", "start", "end", "duration_s", "peak", "score",
    "threshold", "return_period_days", "severity", "classification", "kp_highest", "dst_lowest_nt",
    "completeness",
)  # fmt: skip
REVIEW_COLUMNS = {
    "review": "verdict", "review_note": "note", "reviewed_by": "by", "reviewed": "reviewed",
}  # fmt: skip
SHOWN_OF_ID = 8  # digits, enough to name an alert to `magwatch review`
Reviews: TypeAlias = Mapping[str, ReviewRecord]
"""The last review of each alert, by the alert's id."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Selection of alerts; an empty tuple selects all.

    Attributes
    ----------
    stations, classes, statuses
        IAGA codes, classifications and statuses, as in the record.
    since_ms
        Select alerts that end later, milliseconds since 1970.
    """

    stations: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since_ms: int | None = None

    def takes(self, event: AlertEvent) -> bool:
        """Whether a version of an alert is selected."""
        data = event.data
        return (
            (not self.stations or data.station in self.stations)
            and (not self.classes or data.classification in self.classes)
            and (not self.statuses or data.status in self.statuses)
            and (self.since_ms is None or time_ms(data.end) > self.since_ms)
        )


def newest(events: Iterable[AlertEvent]) -> list[AlertEvent]:
    """The last version of each alert, in order of their starts."""
    last = newest_alerts(events).values()
    return sorted(last, key=lambda event: (event.data.start, event.data.station))


def table(events: Sequence[AlertEvent], reviews: Reviews) -> Table:
    """A table with a row for each alert: peak score, threshold, and return period in quiet data."""
    shown = plain_table(
        ("began (UTC)", "lasted", "station", "status", "class", "severity", "id", "review"),
        ("score", "as high once in", "Kp"),
    )
    for data in (event.data for event in events):
        shown.add_row(
            data.start[:16].replace("T", " "),
            _length(_duration_s(data)),
            data.station,
            data.status,
            data.classification,
            data.severity,
            data.alert_id[:SHOWN_OF_ID],
            reviews[data.alert_id].verdict if data.alert_id in reviews else "",
            f"{data.score:.2f} / {data.threshold:.2f}",
            return_period(data.return_period_days),
            "" if data.kp_highest is None else f"{data.kp_highest:.1f}",
            style=STATUS_STYLES.get(data.status),
        )
    return shown


def as_csv(events: Iterable[AlertEvent], reviews: Reviews) -> str:
    """Alerts as CSV with a header line; text that an observer wrote begins no formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *REVIEW_COLUMNS))
    for data in (event.data for event in events):
        fields = {name: getattr(data, name, None) for name in COLUMNS}
        review = reviews.get(data.alert_id)
        said = [no_formula(getattr(review, name, "")) for name in REVIEW_COLUMNS.values()]
        writer.writerow([*{**fields, "duration_s": round(_duration_s(data))}.values(), *said])
    return text.getvalue()


def as_json(value: bytes, review: ReviewRecord | None) -> str:
    """An alert as published, on one line; with its `review` beside it where there is one."""
    if review is None:
        return value.decode()
    event: dict[str, msgspec.Raw] = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({**event, "review": review}).decode()


def readable(event: AlertEvent) -> str:
    """A version of an alert in three lines, with colours."""
    data = event.data
    change = event.type.rpartition(".")[2]
    known = indices_known(data)
    if data.remote is not None and data.remote.stations:
        known += f"; {data.remote.witnesses} of {data.remote.compared} distant stations share it"
    if data.troubled_windows:
        shown = f"{data.troubled_windows} of {data.exceeding_windows} windows"
        what = printable(data.seen) if data.seen else ", ".join(data.faults)
        known += f"; {what} in {shown}"
    head = click.style(f"{change.upper():9}", fg=COLOURS.get(change), bold=True)
    return (
        f"{head} {data.station}  {data.start} … {data.end}  "
        f"{data.severity}, {data.classification}\n"
        f"          score {data.score:.2f} over {data.threshold:.2f}, as high once in "
        f"{return_period(data.return_period_days)} of quiet data; {known}; "
        f"{data.completeness:.0%} of samples\n"
        f"          {data.alert_id} version {data.version}, model "
        + printable(f"{data.model.name} {data.model.version}: {data.skill}")
    )


def indices_known(data: AlertData) -> str:
    """Kp over the alert, and the most disturbed value of each further index that was known."""
    kp = "Kp not known" if data.kp_highest is None else f"Kp up to {data.kp_highest:.1f}"
    others = data.indices or {}
    return ", ".join([kp, *(f"{printable(name)} peak {others[name]:.1f}" for name in others)])


def _duration_s(data: AlertData) -> float:
    return (time_ms(data.end) - time_ms(data.start)) / 1000


def _length(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
