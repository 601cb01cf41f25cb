"""The page of a report: one file with all that it needs, without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files

from archive.readings import counted
from monitor.dashboard.past.html import SAYS, Content, Markup, facts, link, table, tag, warnings
from monitor.dashboard.past.year_page import legend
from monitor.dashboard.station_file import ListedStation
from monitor.report import words
from monitor.report.period import Period
from monitor.report.source import SourceFile, fingerprint
from monitor.report.station import StationReport
from monitor.report.station_section import calendar, linked, station_section

STYLES = ("colours", "page", "station", "past")  # of the live page
MOST_LISTED = 60  # files
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
DELAY = (
    "Delay is the time of the data from the end of a window to its decision (decided, in records): "
    "how long a window waits for its filter and for samples that come late. How fast senders, "
    "lines and machines were is not in the history."
)
PROMISE = (
    "The promise is the rate of false alerts that a threshold was fitted for. It is kept while no "
    "more alerts opened in quiet data than such a rate gives by chance (95 %)."
)


@dataclass(frozen=True, slots=True)
class Bulletin:
    """What a page is made of.

    Attributes
    ----------
    network
        Name of the network; empty without one.
    period
        The time.
    stations
        The stations, in order.
    places
        Positions and names of stations that have them.
    sources
        Files that were read.
    made
        When it was made, in words; empty if that is not to be said.
    """

    network: str
    period: Period
    stations: Sequence[StationReport]
    places: Mapping[str, ListedStation]
    sources: Sequence[SourceFile]
    made: str = ""

    @property
    def title(self) -> str:
        """Its title."""
        return f"{self.kind}, {self.period.name}"

    @property
    def kind(self) -> str:
        """Its title without the date."""
        return f"{self.network}: geomagnetic bulletin" if self.network else "Geomagnetic bulletin"

    @property
    def faults(self) -> list[str]:
        """What could not be read, of all stations."""
        return list(dict.fromkeys(word for one in self.stations for word in one.faults))


def page(report: Bulletin) -> bytes:
    """The page as HTML."""
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        tag("title", report.title),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        tag("style", Markup(_styles())),
    )
    held = [one for one in report.stations if one.days]
    main = tag(
        "main",
        tag("h1", f"{report.kind}, ", tag("span", report.period.name)),
        tag("p", SAYS, class_="says"),
        facts(_facts(report)),
        _unread(report),
        _summary(report),
        [station_section(one, report.places.get(one.station)) for one in held],
        _made_from(report),
        id="content",
        class_="past",
    )
    body = tag("body", main, tag("footer", tag("p", SAYS)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n".encode()


def _styles() -> str:
    static = files("monitor.dashboard") / "static"
    sheets = [static / f"{name}.css" for name in STYLES]
    sheets.append(files("monitor.report") / "report.css")
    return "\n".join(one.read_text(encoding="utf-8") for one in sheets)


def _facts(report: Bulletin) -> list[tuple[str, Content]]:
    period, held = report.period, [one for one in report.stations if one.days]
    models = sorted({words.model(one) for found in held for one in found.windows.models})
    days = period.days
    when = "00:00 to 24:00" if period.is_day else f"{days[0]} to {days[-1]}"
    return [
        (period.kind.capitalize(), f"{period.name}, {when} UTC"),
        ("Stations", f"{len(held)} of {len(report.stations)} with data"),
        ("Models", ", ".join(models) or "no scores are kept"),
        ("Made by", f"magwatch {version('magwatch')}"),
        ("Made at", report.made),
    ]


def _unread(report: Bulletin) -> Content:
    if not report.faults:
        return None
    said = tag("p", "Figures of damaged files are missing below, those of all others are there.")
    return [warnings(report.faults), said]


def _summary(report: Bulletin) -> list[Content]:
    rows = [(linked(one), *words.summary(one)) for one in report.stations]
    strips: list[Content] = []
    if not report.period.is_day:
        for one in report.stations:
            if one.days:
                strips += [tag("h3", linked(one)), calendar(one, report.period)]
        strips += [legend()]
    return [
        tag("h2", "Stations"),
        tag("div", table(words.HEAD, rows, "Stations"), class_="summary"),
        tag("p", DELAY, class_="note"),
        tag("p", PROMISE, class_="note"),
        strips,
    ]


def _made_from(report: Bulletin) -> Markup:
    sources = report.sources
    rows = [
        (tag("code", one.name), f"{one.size:,}", tag("code", one.sha256[:16])) for one in sources
    ]
    listed = len(sources) <= MOST_LISTED
    return tag(
        "section",
        tag("h2", "Made from"),
        tag(
            "p",
            f"{counted(len(sources), 'file')} of the history, with those of the days beside it. "
            "The sha256 of the list that `sha256sum` prints of them, in order of their names: ",
            tag("code", fingerprint(sources)),
        ),
        table(("file", "bytes", "sha256"), rows, "Files") if listed else None,
        link("#content", "To the top", class_="no-print"),
        class_="made-from",
    )
