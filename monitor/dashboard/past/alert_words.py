"""What an alert's record says, in words, for its page and its picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec import UNSET, UnsetType

from geofield.utc import DAY_MS, HOUR_MS, MINUTE_MS, time_ms
from monitor.dashboard.past.html import Content, figure, moment, tag
from monitor.dashboard.past.records import KeptAlert
from monitor.records.scores_and_alerts import AlertData, PromiseFields, RemoteFields
from monitor.return_period import return_period

NOTHING = "\N{EN DASH}"
Field = TypeVar("Field")


def alert_facts(alert: KeptAlert) -> list[tuple[str, Content]]:
    """Names with what the last version says."""
    data = alert.last
    start_ms, end_ms, peak_ms = map(time_ms, (data.start, data.end, data.peak))
    model = f"{data.model.name} {data.model.version} ({data.model.sha256[:12]})"
    return [
        ("Begin, UTC", moment(start_ms)),
        ("End", f"{moment(end_ms)}, after {duration(end_ms - start_ms)}"),
        ("Peak", moment(peak_ms)),
        ("Score", f"{figure(data.score)}, threshold {figure(data.threshold)}"),
        ("In quiet data, once in", return_period(data.return_period_days)),
        ("Share of the error", shares(data)),
        ("Samples", f"{data.completeness:.1%}"),
        ("Kp and Dst", indices(data)),
        ("Neighbours", neighbours(data.remote)),
        ("Windows over the threshold", windows(data)),
        ("Not the field", not_the_field(data)),
        ("False alerts", promise(known(data.promise))),
        ("Model", model),
        ("Id", tag("code", data.alert_id)),
    ]


def version_rows(alert: KeptAlert) -> Iterable[tuple[Content, ...]]:
    """A row for each version."""
    for data in alert.versions:
        yield (
            str(data.version),
            moment(time_ms(data.decided)),
            data.status,
            tag("span", data.classification, class_=f"class {data.classification}"),
            data.severity,
            f"{figure(data.score)} of {figure(data.threshold)}",
            moment(time_ms(data.end)),
            NOTHING if data.kp_highest is None else f"{data.kp_highest:.1f}",
            neighbours(data.remote),
        )


def duration(span_ms: int) -> str:
    """A duration as on the live page: 8 s, 4 min, 3 h 20 min, 2 d 4 h."""
    if span_ms < 90_000:
        return f"{span_ms / 1000:.0f} s"
    minutes = round(span_ms / MINUTE_MS)
    if minutes < 90:
        return f"{minutes} min"
    if span_ms < 2 * DAY_MS:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(span_ms / HOUR_MS)
    return f"{hours // 24} d {hours % 24} h"


def shares(data: AlertData) -> str:
    """Share of each component."""
    share = data.share
    return f"H {share.H:.0%}, E {share.E:.0%}, Z {share.Z:.0%}"


def indices(data: AlertData) -> str:
    """Indices as the record has them; what is not known is said."""
    kp = "Kp not known" if data.kp_highest is None else f"Kp up to {data.kp_highest:.1f}"
    dst = "" if data.dst_lowest_nt is None else f"Dst down to {data.dst_lowest_nt:.0f} nT"
    others = [f"{name} {value:g}" for name, value in (known(data.indices) or {}).items()]
    return ", ".join(one for one in (kp, dst, *others) if one)


def neighbours(remote: RemoteFields | None) -> str:
    """The remote reference in words."""
    if remote is None:
        return "not decided"
    if not remote.stations:
        return "no station is far enough away"
    if not remote.compared:
        return f"none of {remote.stations} far stations has scores then"
    return f"{remote.witnesses} of {remote.compared} far stations disturbed too"


def windows(data: AlertData) -> str | None:
    """How many windows exceeded, and how many of them were troubled."""
    if data.exceeding_windows is None:
        return None
    troubled = data.troubled_windows or 0
    return f"{data.exceeding_windows:,}" + (f", {troubled:,} with faults" if troubled else "")


def not_the_field(data: AlertData) -> str:
    """What instruments or people did."""
    return known(data.seen) or ", ".join(dict.fromkeys(data.faults))


def promise(count: PromiseFields | None) -> str | None:
    """Whether the promised rate of false alerts was kept."""
    if count is None:
        return None
    kept = "kept" if count.kept else "not kept"
    return (
        f"{count.opened} opened, {count.expected:.2g} promised in {count.quiet_days:.3g} quiet "
        f"days: {kept}"
    )


def known(value: Field | UnsetType) -> Field | None:
    """A field of a record; None if the record does not have it."""
    return None if value is UNSET else value
