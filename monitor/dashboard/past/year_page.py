"""The calendar of a station's year: a cell a day, which leads to the page of the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from monitor.dashboard.past.day_page import UP, day_form
from monitor.dashboard.past.folder import days_of_year
from monitor.dashboard.past.html import Content, Markup, facts, link, page, table, tag
from monitor.dashboard.past.summary import DaySummary

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
WORST_FIRST = ("local", "unknown", "global", "space-weather", "data-quality")
# least share of the samples, with the class of the style sheet and the words of the legend
FILLS = (
    (0.99, "whole", "99 % of the samples or more"),
    (0.90, "most", "90 % or more"),
    (1e-9, "part", "less than 90 %"),
    (0.0, "none", "none, but scores or alerts"),
)


def year_page(
    station: str,
    year: int,
    days: Mapping[str, DaySummary],
    years: Sequence[int],
) -> bytes:
    """The page of a year; `years` are those of which the history has anything."""
    dates = days_of_year(year)
    return page(
        f"{station}, {year}",
        UP,
        tag(
            "div",
            tag("h1", f"{station}, {year}"),
            tag("nav", _years(station, year, years), class_="tools", aria_label="Other years"),
            day_form(f"../{station}", ""),
            class_="past-head",
        ),
        facts(_facts(dates, days)),
        legend(),
        tag(
            "div",
            (_month(station, number, dates, days) for number in range(1, 13)),
            class_="months",
        ),
        tag("h2", "Months"),
        table(
            ("month", "days kept", "samples", "alerts", "promise kept", "not kept"),
            _rows(dates, days),
            "Months",
        ),
    )


def _years(station: str, year: int, years: Sequence[int]) -> list[Content]:
    return [
        link(f"../{station}/{one}", str(one), aria_current="page" if one == year else None)
        for one in years
    ]


def _facts(dates: Sequence[str], days: Mapping[str, DaySummary]) -> list[tuple[str, Content]]:
    classes = Counter(name for day in days.values() for name in day.alerts)
    worst = ", ".join(f"{classes[name]} {name}" for name in WORST_FIRST if classes[name])
    kept = Counter(day.kept for day in days.values())
    damaged = sum(day.damaged for day in days.values())
    return [
        ("Days kept", f"{len(days)} of {len(dates)}"),
        ("Samples", _share(days.values())),
        ("Alerts", f"{classes.total():,}" + (f": {worst}" if worst else "")),
        ("Promise of false alerts", f"kept on {kept[True]} days, not kept on {kept[False]}"),
        ("Damaged", f"files of {damaged} days cannot be read" if damaged else None),
    ]


def _share(days: Iterable[DaySummary]) -> str:
    shares = [day.complete or 0.0 for day in days]
    return f"{sum(shares) / len(shares):.1%} on the days kept" if shares else "none"


def legend() -> Markup:
    """What the cells of a calendar mean."""
    fills = [_key(f"cell {name}", words) for _, name, words in FILLS]
    marks = [
        _key("cell", "nothing kept"),
        tag("span", tag("b", "▲2", class_="class local"), " alerts, in the colour of the worst"),
        tag("span", tag("b", "✗", class_="broken"), " promise not kept"),
        tag("span", tag("b", "?", class_="broken"), " a file cannot be read"),
    ]
    return tag("p", "Samples: ", fills, marks, class_="legend note")


def _key(classes: str, words: str) -> Markup:
    return tag("span", tag("i", class_=classes), f" {words}")


def _month(
    station: str, number: int, dates: Sequence[str], days: Mapping[str, DaySummary]
) -> Markup:
    own = _of_month(number, dates)
    head = tag("h3", MONTHS[number - 1])
    if not any(day in days for day in own):
        return tag("section", head, tag("p", "nothing kept", class_="note"))
    before = date.fromisoformat(own[0]).weekday()
    cells: list[Content] = [
        tag("span", name, class_="weekday", aria_hidden="true") for name in WEEKDAYS
    ]
    cells += [tag("span") for _ in range(before)]
    cells += [cell(day, days.get(day), f"../{station}/{day}") for day in own]
    return tag("section", head, tag("div", cells, class_="month"))


def _of_month(number: int, dates: Sequence[str]) -> list[str]:
    return [day for day in dates if int(day[5:7]) == number]


def cell(day: str, found: DaySummary | None, address: str | None = None) -> Markup:
    """A day of a calendar, which leads to an address if there is one."""
    number = str(int(day[8:]))
    if found is None:
        return tag("span", number, class_="cell")
    marks: list[Content] = []
    if found.alerts:
        worst = next((name for name in WORST_FIRST if name in found.alerts), "unknown")
        marks.append(tag("b", f"▲{len(found.alerts)}", class_=f"class {worst}"))
    if found.kept is False:
        marks.append(tag("b", "✗", class_="broken"))
    if found.damaged:
        marks.append(tag("b", "?", class_="broken"))
    words = _words(day, found)
    classes = f"cell {_fill(found)}"
    if address is None:
        spoken = tag("span", words, class_="spoken")
        return tag("span", number, marks, spoken, class_=classes, title=words)
    return link(address, number, marks, class_=classes, title=words, aria_label=words)


def _fill(found: DaySummary) -> str:
    return next(name for least, name, _ in FILLS if (found.complete or 0.0) >= least)


def _words(day: str, found: DaySummary) -> str:
    complete = found.complete
    parts = [day, "no samples" if complete is None else f"{complete:.1%} of the samples"]
    if found.alerts:
        counts = Counter(found.alerts)
        parts.append("alerts: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    if found.kept is not None:
        parts.append("promise kept" if found.kept else "promise not kept")
    if found.damaged:
        parts.append("a file cannot be read")
    return "; ".join(parts)


def _rows(dates: Sequence[str], days: Mapping[str, DaySummary]) -> list[Sequence[Content]]:
    rows: list[Sequence[Content]] = []
    for number, name in enumerate(MONTHS, start=1):
        own = _of_month(number, dates)
        found = [days[day] for day in own if day in days]
        if found:
            kept = Counter(day.kept for day in found)
            alerts = sum(len(day.alerts) for day in found)
            rows.append(
                (name, f"{len(found)} of {len(own)}", _share(found).partition(" ")[0], str(alerts),
                 str(kept[True]), str(kept[False]))
            )  # fmt: skip
    return rows
