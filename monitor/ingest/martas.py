"""MARTAS: lines of numbers over MQTT, and beside them what the numbers mean.

Source: geomagpy/MARTAS 2, martas/lib/publishing.py and collector.py (the format; nothing of it is
used). Topics are `<station>/<sensor>/data`, `meta` and `dict`. Data are lines joined by `;`, each
`Y,M,D,h,m,s,µs,v1,v2,…`; a value is v over its multiplier. Meta is `# MagPyBin <sensor> [keys]
[elements] [units] [multipliers] …`. Nothing is retained and meta comes every ten messages or so:
data wait for it. Keys say nothing of the orientation, the elements do; the station's `channels`
maps elements that are no letters. Other columns, such as a second clock, are left alone.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from archive.elements import ELEMENTS, unit_scale
from archive.recording import Recording
from geofield.types import Float64
from geofield.utc import moment_ms
from monitor.ingest.parsing import on_grid_ms, recording_of
from monitor.ingest.source import SourceMessage
from monitor.ingest.stations import StationPlan

_META = re.compile(r"# MagPyBin (\S+) \[(.*?)\] \[(.*?)\] \[(.*?)\] \[(.*?)\]")
_CLOCK = 7  # columns of the time
MOST_WAITING = 15  # data messages of a sensor without its meta; a broker hands over twenty
MOST_LINES = 86_400
SEPARATOR = b"\n"


@dataclass(slots=True)
class MartasMeta:
    """What the sensors of a connection have said of their columns, and data that wait for it."""

    _meta: dict[str, bytes] = field(default_factory=dict)  # by topic without its last level
    _waiting: dict[str, deque[SourceMessage]] = field(default_factory=dict)

    def passed(self, message: SourceMessage) -> list[SourceMessage]:
        """Messages that can be read now, each with its meta before its lines."""
        sensor, _, kind = message.subject.rpartition("/")
        if kind == "data" and sensor in self._meta:
            return [_joined(self._meta[sensor], message)]
        if kind == "data":
            waiting = self._waiting.setdefault(sensor, deque())
            waiting.append(message)
            return [waiting.popleft()] if len(waiting) > MOST_WAITING else []
        message.acknowledge()
        if kind != "meta":
            return []
        self._meta[sensor] = message.body
        return [_joined(message.body, data) for data in self._waiting.pop(sensor, ())]


def _joined(meta: bytes, message: SourceMessage) -> SourceMessage:
    return replace(message, body=meta.strip() + SEPARATOR + message.body)


def parse_martas(plan: StationPlan, topic: str, body: bytes) -> list[Recording]:
    """Samples of a message that begins with its meta; none of one with the scalar alone.

    Raises
    ------
    ValueError
        If meta or lines cannot be read, or are not of this station's cadence.
    """
    meta, _, lines = body.partition(SEPARATOR)
    columns = _columns(plan, meta.decode(errors="replace"), topic)
    rows = [line.split(",") for line in lines.decode("ascii").strip().split(";") if line.strip()]
    if not rows or len(rows) > MOST_LINES:
        raise ValueError(f"{len(rows):,} lines of data")
    times_ms = [_time_ms(row, plan.cadence_ms) for row in rows]
    if any(later <= earlier for earlier, later in pairwise(times_ms)):
        raise ValueError("its lines are not in the order of time")
    places = (np.array(times_ms) - times_ms[0]) // plan.cadence_ms
    elements: dict[str, Float64] = {}
    for element, (column, multiplier) in columns.items():
        elements[element] = np.full(int(places[-1]) + 1, np.nan)
        elements[element][places] = [float(row[_CLOCK + column]) / multiplier for row in rows]
    recording = recording_of(plan, times_ms[0], elements, scale_nt=plan.table.scale_nt)
    return [] if recording is None else [recording]


def _columns(plan: StationPlan, meta: str, topic: str) -> dict[str, tuple[int, float]]:
    """Column and divisor of each element of the field."""
    match = _META.match(meta)
    if match is None:
        raise ValueError(f"no meta of {topic.rpartition('/')[0]} came before its data")
    elements, units, multipliers = (
        [part.strip() for part in text.split(",")] for text in match.groups()[2:]
    )
    found = {}
    for column, (name, unit, multiplier) in enumerate(
        zip(elements, units, multipliers, strict=True)
    ):
        element = plan.table.channels.get(name, name.upper())
        if element in ELEMENTS:
            found[element] = (column, float(multiplier) * unit_scale(element, unit))
    if not found:
        raise ValueError(f"no element of the field among {', '.join(elements)}: set `channels`")
    return found


def _time_ms(row: list[str], cadence_ms: int) -> int:
    """Time of a line, at the nearest multiple of the cadence."""
    year, month, day, hour, minute, second, microsecond = (int(part) for part in row[:_CLOCK])
    at = datetime(year, month, day, hour, minute, second, microsecond, UTC)
    return on_grid_ms(moment_ms(at), cadence_ms)
