"""The page of a station's day, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from geofield.utc import DAY_MS
from monitor.dashboard.past.day import PastDay, quarters_ms
from monitor.dashboard.past.html import (
    Content,
    Markup,
    clock,
    facts,
    figure,
    link,
    moment,
    page,
    table,
    tag,
    until,
    warnings,
)
from monitor.dashboard.past.plot import Line, MarkedSpan, chart
from monitor.dashboard.showable import AlertView
from monitor.dashboard.traces import FieldTrace, ScoreTrace
from monitor.return_period import return_period

NAMES = {"H": "H, magnetic north", "E": "E, magnetic east", "Z": "Z, down"}
UP = "../../"
NOTHING = "\N{EN DASH}"


def day_page(day: PastDay, midnight_ms: int, days: tuple[str | None, str | None]) -> bytes:
    """The page of a day; `days` are the dates before and after it that the history has."""
    span_ms = (day.start_ms, day.end_ms)
    title = f"{day.station}, {day.day}"
    return page(
        title,
        UP,
        heading(day.station, day.day, days),
        _part_links(midnight_ms, span_ms),
        warnings(day.faults),
        facts(_facts(day)),
        tag("h2", "Field ", tag("span", "nT", class_="unit")),
        field_charts(day, span_ms),
        score_charts(day.scores, span_ms, marks_of(day.alerts)),
        tag("h2", "Alerts"),
        alert_table(day.alerts),
    )


def heading(station: str, when: str, days: tuple[str | None, str | None]) -> Markup:
    """Station and date, with the ways to other days."""
    before, after = days
    return tag(
        "div",
        tag("h1", f"{station}, {when}"),
        tag(
            "nav",
            link(f"../{station}/{before}", f"◀ {before}", rel="prev") if before else None,
            link(f"../{station}/{after}", f"{after} ▶", rel="next") if after else None,
            link(f"../{station}/{when[:4]}", f"Calendar of {when[:4]}"),
            aria_label="Other days",
            class_="tools",
        ),
        day_form(f"../{station}", when if len(when) > 4 else ""),
        class_="past-head",
    )


def day_form(address: str, day: str) -> Markup:
    """The choice of a day of a station."""
    return tag(
        "form",
        tag(
            "label",
            "Day (UTC) ",
            Markup(
                f'<input type="date" name="day" required value="{day}" '
                'min="1900-01-01" max="2199-12-31">'
            ),
        ),
        tag("button", "Show"),
        method="get",
        action=address,
        class_="day-form",
    )


def _part_links(midnight_ms: int, shown_ms: tuple[int, int]) -> Markup:
    parts_ms = [(midnight_ms, midnight_ms + DAY_MS), *quarters_ms(midnight_ms)]
    links = [
        link(
            "?" if number == 0 else f"?part={number}",
            "Whole day" if number == 0 else f"{clock(part_ms[0])[:2]}-{6 * number:02} h",
            aria_current="true" if part_ms == shown_ms else None,
        )
        for number, part_ms in enumerate(parts_ms)
    ]
    return tag("nav", links, class_="tools parts", aria_label="Part of the day")


def _facts(day: PastDay) -> list[tuple[str, Content]]:
    detail = f", lowest and highest of each {day.columns}" if day.columns > 2 else ""
    known = f"{day.complete:.1%} of one every {day.cadence_ms / 1000:g} s{detail}"
    return [
        ("Shown", f"{clock(day.start_ms)} to {until(day.end_ms)} UTC"),
        ("Samples", known if day.field else "none kept"),
        ("Scores", " and ".join(_counted(day.scores)) or "none kept"),
    ]


def _counted(scores: dict[str, ScoreTrace]) -> list[str]:
    return [
        f"{sum(value is not None for value in trace.rmse):,} windows by {model}"
        for model, trace in scores.items()
    ]


def field_charts(day: PastDay, span_ms: tuple[int, int]) -> list[Markup]:
    """Charts of H, E and Z."""
    marks = marks_of(day.alerts)
    names = list(NAMES)
    return [
        chart(
            NAMES[name],
            span_ms,
            [_field_line(day.field.get(name), day)],
            marks,
            times=name == names[-1],
        )
        for name in names
    ]


def _field_line(trace: FieldTrace | None, day: PastDay) -> Line:
    if trace is None:
        return Line("trace", [], [])
    return Line("trace", [day.first_ms + at * day.cadence_ms for at in trace.at], trace.nt)


def score_charts(
    scores: dict[str, ScoreTrace],
    span_ms: tuple[int, int],
    marks: Sequence[MarkedSpan],
    level: str = "h2",
) -> list[Content]:
    """A chart for each model's scores, below a heading of this level."""
    shown: list[Content] = []
    for model, trace in scores.items():
        lines = [
            Line("score", trace.end_ms, trace.rmse, "score"),
            Line("alert", trace.end_ms, trace.threshold, "threshold"),
        ]
        head = tag(
            level,
            f"Score by {model} against threshold ",
            tag("span", "units of the station's background", class_="unit"),
        )
        shown += [head, chart("Each window", span_ms, lines, marks, unit="", log=True, times=True)]
    return shown


def marks_of(alerts: Sequence[AlertView]) -> list[MarkedSpan]:
    """Alerts as marked spans."""
    return [MarkedSpan(alert.start_ms, alert.end_ms, alert.classification) for alert in alerts]


def page_of_alert(alert_id: str) -> str:
    """The way from a day to the page of an alert."""
    return f"{UP}alert/{alert_id}"


def alert_table(
    alerts: Sequence[AlertView], address: Callable[[str], str | None] = page_of_alert
) -> Markup:
    """Alerts, each with a link to its address if it has one."""
    if not alerts:
        return tag("p", "None.", class_="note")
    rows = [
        (
            _begin(alert, address(alert.alert_id)),
            moment(alert.end_ms),
            tag("span", alert.classification, class_=f"class {alert.classification}"),
            alert.severity,
            f"{figure(alert.score)} of {figure(alert.threshold)}",
            return_period(alert.return_period_days),
            NOTHING if alert.kp_highest is None else f"{alert.kp_highest:.1f}",
            alert.status,
        )
        for alert in alerts
    ]
    head = ("begin, UTC", "end", "class", "severity", "score", "in quiet data, once in", "Kp",
            "status")  # fmt: skip
    return table(head, rows, "Alerts")


def _begin(alert: AlertView, address: str | None) -> Content:
    begin = moment(alert.start_ms)
    return link(address, begin) if address else begin


def missing_page(title: str, up: str, *words: Content) -> bytes:
    """A page that says what is not there and what to do."""
    return page(title, up, tag("h1", title), [tag("p", one) for one in words])
