"""The part of a report about a station."""

from __future__ import annotations

from collections.abc import Sequence

from geofield.utc import time_ms
from monitor.dashboard.past.alert_page import VERSION_HEAD, reconstruction_section
from monitor.dashboard.past.alert_words import NOTHING, alert_facts, duration, version_rows
from monitor.dashboard.past.day_page import alert_table, field_charts, marks_of, score_charts
from monitor.dashboard.past.html import Content, Markup, facts, link, moment, table, tag, warnings
from monitor.dashboard.past.story import AlertStory
from monitor.dashboard.past.year_page import cell
from monitor.dashboard.station_file import ListedStation
from monitor.report import words
from monitor.report.period import Period
from monitor.report.station import StationReport

MOST_ROWS = 60  # of gaps and of troubles


def station_section(report: StationReport, place: ListedStation | None) -> Markup:
    """Everything about a station that has something in the period."""
    return tag(
        "section",
        tag("h2", _title(report.station, place)),
        warnings(report.faults),
        facts(_facts(report)),
        _day(report),
        _alerts(report),
        _gaps(report),
        _troubles(report),
        [_alert(story) for story in report.stories],
        id=anchor(report.station),
        class_="station",
    )


def anchor(station: str) -> str:
    """Where a station's part begins in the page."""
    return f"station/{station}"


def alert_anchor(alert_id: str) -> str:
    """Where an alert's part begins in the page."""
    return f"alert/{alert_id}"


def calendar(report: StationReport, period: Period) -> Markup:
    """A strip with a cell for each day of a month."""
    cells = [cell(day, report.days.get(day)) for day in period.days]
    return tag("div", cells, class_="month strip")


def _title(station: str, place: ListedStation | None) -> list[Content]:
    if place is None:
        return [station]
    latitude, longitude = place.position_deg
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    where = f"{abs(latitude):.2f}° {north}, {abs(longitude):.2f}° {east}"
    named = f", {place.name}" if place.name else ""
    return [f"{station}{named} ", tag("span", where, class_="unit")]


def _facts(report: StationReport) -> list[tuple[str, Content]]:
    cadences = " and ".join(f"{one / 1000:g} s" for one in report.coverage.cadences_ms)
    return [
        (
            "Samples",
            f"{words.samples(report)} of one every {cadences}" if cadences else "none kept",
        ),
        ("Longest gap", words.longest_gap(report)),
        ("Windows scored", words.windows(report)),
        ("Delay, median and 95 %", words.delays(report)),
        ("Alerts", words.alerts(report.classes)),
        ("Promise of false alerts", words.promises(report)),
        ("Promise, day by day", words.kept(report) if len(report.days) > 1 else None),
        ("Instrument trouble", words.troubles(report.windows.troubles)),
        ("Models", ", ".join(map(words.model, report.windows.models))),
    ]


def _day(report: StationReport) -> list[Content]:
    day = report.whole
    if day is None:
        return []
    span_ms = (day.start_ms, day.end_ms)
    return [
        tag("h3", "Field ", tag("span", "nT", class_="unit")),
        field_charts(day, span_ms),
        score_charts(day.scores, span_ms, marks_of(day.alerts), "h3"),
    ]


def _alerts(report: StationReport) -> list[Content]:
    drawn = {story.alert.last.alert_id for story in report.stories}

    def address(alert_id: str) -> str | None:
        return f"#{alert_anchor(alert_id)}" if alert_id in drawn else None

    left_out = len(report.alerts) - len(drawn)
    return [
        tag("h3", "Alerts"),
        alert_table([alert.view for alert in report.alerts], address),
        _note(f"The {len(drawn)} highest above their thresholds are drawn below.")
        if left_out
        else None,
        [
            _note(
                f"Since {moment(one.view.start_ms)}, before this time: {one.view.classification}, "
                f"{one.view.severity}, until {moment(one.view.end_ms)}."
            )
            for one in report.earlier
        ],
    ]


def _alert(story: AlertStory) -> Markup:
    alert, data = story.alert, story.alert.last
    opened_ms = time_ms(alert.versions[0].decided)
    opened = f"{moment(opened_ms)}, {duration(opened_ms - alert.view.start_ms)} after its begin"
    return tag(
        "article",
        tag("h3", f"{data.station}: alert of {moment(alert.view.start_ms)} UTC"),
        tag(
            "p",
            tag("span", data.classification, class_=f"badge class {data.classification}"),
            " ",
            tag("span", f"{data.severity}, {data.status}", class_="badge"),
        ),
        facts([("First version", opened), *alert_facts(alert)]),
        tag("p", f"Model: {data.skill}", class_="note skill"),
        tag("h4", "Field ", tag("span", "nT", class_="unit")),
        field_charts(story.around, story.span_ms),
        reconstruction_section(story, "h4"),
        score_charts(story.around.scores, story.span_ms, marks_of(story.around.alerts), "h4"),
        tag("h4", "Versions"),
        table(VERSION_HEAD, version_rows(alert), "Versions of the alert"),
        id=alert_anchor(data.alert_id),
        class_="alert-part",
    )


def _gaps(report: StationReport) -> list[Content]:
    gaps_ms = report.coverage.gaps_ms
    if not report.coverage.cadences_ms:
        return [tag("h3", "Gaps"), _note("No samples are kept.")]
    longest = sorted(gaps_ms, key=lambda one: one[0] - one[1])[:MOST_ROWS]
    rows = [
        (moment(begin_ms), moment(end_ms), duration(end_ms - begin_ms))
        for begin_ms, end_ms in sorted(longest)
    ]
    return _rows("Gaps", ("begin, UTC", "end", "length"), rows, len(gaps_ms), "longest")


def _troubles(report: StationReport) -> list[Content]:
    found = report.windows.troubles
    largest = sorted(found, key=lambda one: -one.windows)[:MOST_ROWS]
    rows = [
        (moment(one.span_ms[0]), moment(one.span_ms[1]), one.fault, one.components,
         f"{one.windows:,}", one.seen or NOTHING)
        for one in sorted(largest, key=lambda one: one.span_ms)
    ]  # fmt: skip
    head = ("begin of the first window, UTC", "end of the last", "kind", "components", "windows",
            "measured")  # fmt: skip
    return _rows("Instrument trouble", head, rows, len(found), "of most windows")


def _rows(
    title: str, head: Sequence[str], rows: Sequence[Sequence[Content]], total: int, which: str
) -> list[Content]:
    if not rows:
        return [tag("h3", title), _note("None.")]
    left_out = _note(f"{len(rows)} of {total:,}, the {which}.") if total > len(rows) else None
    return [tag("h3", title), table(head, rows, title), left_out]


def _note(text: str) -> Markup:
    return tag("p", text, class_="note")


def linked(report: StationReport) -> Content:
    """The code of a station, with a link to its part if there is one."""
    return link(f"#{anchor(report.station)}", report.station) if report.days else report.station
