"""The page of an alert, and what is said where there is none."""

from __future__ import annotations

from geofield.utc import time_ms, utc_day
from monitor.dashboard.past.alert_words import alert_facts, version_rows
from monitor.dashboard.past.day_page import (
    NAMES,
    field_charts,
    marks_of,
    missing_page,
    score_charts,
)
from monitor.dashboard.past.html import Content, Markup, facts, link, moment, page, table, tag
from monitor.dashboard.past.html import warnings as unread
from monitor.dashboard.past.plot import Line, chart
from monitor.dashboard.past.review import review_section
from monitor.dashboard.past.story import AlertStory

UP = "../"
VERSION_HEAD = ("version", "decided, UTC", "status", "class", "severity", "score", "end, UTC",
                "Kp", "neighbours")  # fmt: skip


def alert_page(story: AlertStory) -> bytes:
    """The page of an alert."""
    alert = story.alert
    data = alert.last
    title = f"Alert at {data.station}, {moment(alert.view.start_ms)} UTC"
    return page(
        title,
        UP,
        _heading(story, title),
        unread(story.around.faults),
        facts(alert_facts(alert)),
        tag("p", f"Model: {data.skill}", class_="note skill"),
        review_section(story.review),
        tag("h2", "Field ", tag("span", "nT", class_="unit")),
        field_charts(story.around, story.span_ms),
        reconstruction_section(story),
        score_charts(story.around.scores, story.span_ms, marks_of(story.around.alerts)),
        tag("h2", "Versions"),
        table(VERSION_HEAD, version_rows(alert), "Versions of the alert"),
    )


def no_alert_page(alert_id: str, *, well_formed: bool, live: bool) -> bytes:
    """What is said where an alert is not kept."""
    if not well_formed:
        what: list[Content] = [
            "The id of an alert has 32 hexadecimal digits, as records and the live page have it."
        ]
    elif live:
        what = [
            f"The alert {alert_id} is on the live page and not in the history yet. Its files are "
            "written every MAGWATCH_HISTORY_WRITE_S seconds (300): reload this page then. If it "
            "does not come, see that `magwatch history` runs."
        ]
    else:
        what = [
            f"The history has no alert {alert_id}.",
            "An alert comes here MAGWATCH_HISTORY_WRITE_S seconds (300) after it was published. "
            "What was published before the history began, and days that were deleted, are not "
            "here. `magwatch alerts` lists the alerts of the topic.",
        ]
    return missing_page("No such alert", UP, *what)


def _heading(story: AlertStory, title: str) -> Markup:
    data, alert_id = story.alert.last, story.alert.last.alert_id
    before, after = story.neighbours
    day = utc_day(time_ms(data.start))
    ways = tag(
        "nav",
        link(before, "◀ Previous alert", rel="prev") if before else None,
        link(after, "Next alert ▶", rel="next") if after else None,
        link(f"{UP}station/{data.station}/{day}", f"{data.station} on {day}"),
        link(f"{UP}station/{data.station}/{day[:4]}", f"Calendar of {day[:4]}"),
        link(f"{alert_id}.png", "Picture"),
        aria_label="Other alerts",
        class_="tools",
    )
    return tag(
        "div",
        tag("h1", title),
        tag("p", data.classification, class_=f"badge class {data.classification}"),
        tag("p", f"{data.severity}, {data.status}", class_="badge"),
        ways,
        class_="past-head",
    )


def reconstruction_section(story: AlertStory, level: str = "h2") -> list[Content]:
    """Band-passed field with the model's reconstruction, or why there is none."""
    unit = tag("span", "nT", class_="unit")
    head = tag(level, "Band-passed field and the model's reconstruction ", unit)
    why_not = tag("p", story.why_not, class_="note") if story.why_not else None
    drawn = story.drawn
    if drawn is None:
        return [head, why_not]
    marks, names = marks_of([story.alert.view]), list(NAMES)
    charts: list[Content] = []
    for name in names:
        lines = [Line("trace", drawn.time_ms, drawn.filtered_nt[name], "field")]
        if drawn.reconstruction_nt:
            rebuilt_nt = drawn.reconstruction_nt[name]
            lines.append(Line("rebuilt", drawn.time_ms, rebuilt_nt, "reconstruction"))
        last = name == names[-1]
        charts.append(chart(NAMES[name], story.drawn_ms, lines, marks, times=last))
    return [head, why_not, charts]
