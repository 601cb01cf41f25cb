"""Figures of a report in words, the same in the page and in mails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from archive.readings import counted
from monitor.dashboard.past.alert_words import NOTHING, duration, promise
from monitor.dashboard.past.year_page import WORST_FIRST
from monitor.records.scores_and_alerts import ModelFields
from monitor.report.station import StationReport
from monitor.report.windows import Trouble

HEAD = ("station", "samples", "longest gap", "windows scored", "delay, median and 95 %",
        "alerts", "promise of false alerts", "instrument trouble")  # fmt: skip


def summary(report: StationReport) -> tuple[str, ...]:
    """What stands of a station in the table of the summary, without its code."""
    if not report.days:
        return ("nothing kept", *[NOTHING] * 6)
    return (
        samples(report),
        longest_gap(report),
        windows(report),
        delays(report),
        alerts(report.classes),
        kept(report),
        troubles(report.windows.troubles),
    )


def samples(report: StationReport) -> str:
    """Share of the samples that are present."""
    share = report.coverage.share
    if not report.coverage.cadences_ms:
        return "none kept"
    text = f"{share:.2%}"
    return "over 99.99 %" if share < 1 and text == "100.00%" else text


def longest_gap(report: StationReport) -> str:
    """The longest gap, and how many there are."""
    gaps = len(report.coverage.gaps_ms)
    if not report.coverage.cadences_ms:
        return NOTHING
    if not gaps:
        return "none"
    longest = duration(report.coverage.longest_ms)
    return longest if gaps == 1 else f"{longest} of {gaps:,} gaps"


def windows(report: StationReport) -> str:
    """Windows that were scored, and those that were not."""
    by_quality = report.windows.by_quality
    if not by_quality:
        return "none kept"
    rest = [f"{by_quality[name]:,} {name}" for name in ("insufficient", "calibrating")
            if by_quality[name]]  # fmt: skip
    return ", ".join([f"{by_quality['ok']:,}", *rest])


def delays(report: StationReport) -> str:
    """Median and 95 % of the delay."""
    found = report.windows.delays_s
    return NOTHING if found is None else f"{found[0]:,.0f} s, {found[1]:,.0f} s"


def alerts(classes: Counter[str]) -> str:
    """How many alerts of each class."""
    if not classes:
        return "none"
    parts = [f"{classes[name]} {name}" for name in WORST_FIRST if classes[name]]
    return f"{classes.total()}: {', '.join(parts)}" if len(parts) > 1 else parts[0]


def kept(report: StationReport) -> str:
    """Whether the promise was kept: at the end of the day, or on how many days."""
    by_day = report.windows.kept
    if not by_day:
        return NOTHING
    if len(report.days) > 1:
        days = Counter(by_day.values())
        broken = f", not kept on {days[False]}" if days[False] else ""
        return f"kept on {counted(days[True], 'day')}{broken}"
    return "kept" if all(by_day.values()) else "not kept"


def promises(report: StationReport) -> str:
    """The last word on the promise, by model if there are several."""
    found = report.windows.promises
    several = len(found) > 1
    return "; ".join(
        (f"{model}: " if several else "") + (promise(one) or "") for model, one in found.items()
    )


def troubles(found: Iterable[Trouble]) -> str:
    """How often each kind of trouble was seen."""
    counts = Counter(one.fault for one in found)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def model(one: ModelFields) -> str:
    """A model with its version and the begin of its hash."""
    return f"{one.name} {one.version} ({one.sha256[:12]})"
