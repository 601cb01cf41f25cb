"""The mail with a report: a summary as text and as HTML, and the page as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from monitor.dashboard.past.html import SAYS, Content, Markup, figure, moment, tag
from monitor.report import words
from monitor.report.sheet import Bulletin

MOST_ALERTS = 30  # named in a mail
CELL = "padding:3px 9px;border-bottom:1px solid #ccc;text-align:left"
ATTACHED = "The attached page has charts, gaps and all else; open it in a browser."


def letter(
    report: Bulletin, page: bytes, sender: str, to: Sequence[str], now: datetime
) -> EmailMessage:
    """The mail, for the addresses in `to`."""
    message = EmailMessage()
    message["Subject"] = " ".join(report.title.split())
    message["From"], message["To"] = sender, ", ".join(to)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text(report))
    message.add_alternative(_html(report), subtype="html")
    name = f"magwatch-{report.period.name}.html"
    message.add_attachment(
        page, maintype="text", subtype="html", params={"charset": "utf-8"}, filename=name
    )  # as bytes, they stay as they are
    return message


def text(report: Bulletin) -> str:
    """The summary as plain text."""
    lines = [report.title, "", SAYS, ""]
    for one in report.stations:
        lines.append(one.station)
        values = zip(words.HEAD[1:], words.summary(one), strict=True)
        shown = [f"  {name}: {value}" for name, value in values]
        lines += shown if one.days else ["  nothing kept"]
    lines += ["", "Alerts", *(f"  {line}" for line in _alerts(report)), ""]
    if report.faults:
        lines += ["Could not be read", *(f"  {fault}" for fault in report.faults), ""]
    return "\n".join([*lines, ATTACHED, ""])


def _html(report: Bulletin) -> str:
    head = tag("tr", (tag("th", name, style=CELL) for name in words.HEAD))
    rows = [
        tag("tr", (tag("td", cell, style=CELL) for cell in (one.station, *words.summary(one))))
        for one in report.stations
    ]
    parts: list[Content] = [
        tag("h1", report.title, style="font-size:20px"),
        tag("p", SAYS),
        tag("table", head, rows, style="border-collapse:collapse;font-size:13px"),
        tag("h2", "Alerts", style="font-size:16px"),
        tag("ul", (tag("li", line) for line in _alerts(report))),
    ]
    if report.faults:
        parts += [tag("h2", "Could not be read", style="font-size:16px"),
                  tag("ul", (tag("li", fault) for fault in report.faults))]  # fmt: skip
    body = tag("body", parts, tag("p", ATTACHED), style="font-family:sans-serif")
    return Markup(f"<!doctype html>\n{tag('html', body, lang='en')}\n")


def _alerts(report: Bulletin) -> list[str]:
    found = [alert.view for one in report.stations for alert in one.alerts]
    lines = [
        f"{one.station} {moment(one.start_ms)} to {moment(one.end_ms)}: {one.classification}, "
        f"{one.severity}, {one.status}, score {figure(one.score)} of {figure(one.threshold)}"
        for one in found[:MOST_ALERTS]
    ]
    rest = len(found) - MOST_ALERTS
    return [*lines, *([f"and {rest:,} more"] if rest > 0 else [])] or ["none"]
