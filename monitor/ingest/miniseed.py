"""miniSEED of magnetometers: records of one channel each, joined to samples of a vector.

Source: INTERMAGNET/miniseed-sncl, SNCL.md: a channel is band (B 10 Hz, L 1 s, U 1 min), `F`, and an
element or the axis of the instrument, U (north), V (east) or W (down). A record holds samples of
one channel from a start of its own, so three channels are joined by time. Values are counts. USGS
sends nT and minutes of arc, both times 1000.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np

from archive.elements import ELEMENTS
from archive.recording import Recording
from geofield.series.orientation import OrientationError, orientation_of
from geofield.types import Float64
from geofield.utc import time_ms, utc
from monitor.ingest.addresses import SeedChannels
from monitor.ingest.parsing import SCALARS, on_grid_ms, recording_of
from monitor.ingest.series import MEMORY
from monitor.ingest.source import SourceMessage
from monitor.ingest.stations import StationPlan
from support.extras import needs

with needs("seedlink"):
    from pymseed import MiniSEEDError, MS3Record, sourceid2nslc

AXES = {"U": "H", "V": "E", "W": "Z"}  # of the instrument
LONGEST_LAG = MEMORY  # samples that one channel is waited for; what comes later fills the gap
MOST_NT = 1_000_000  # above any field and any fill value: counts
RATE_ERROR = 1e-4
DECIMALS = 6  # so that 20901123 times 0.001 is 20901.123


@dataclass(frozen=True, slots=True, eq=False)
class ChannelRun:
    """Samples of one element.

    Attributes
    ----------
    element
        Letter of the element.
    first
        Number of the first sample, in steps of the cadence from 1970.
    values
        Shape [n], nT, or the unit of the source's angles.
    """

    element: str
    first: int
    values: Float64

    @property
    def end(self) -> int:
        """Number after the last sample."""
        return self.first + len(self.values)


def read_run(plan: StationPlan, channels: SeedChannels, body: bytes) -> ChannelRun | None:
    """The samples of a record; None if it is not of these channels, or of the scalar.

    Raises
    ------
    ValueError
        If the record cannot be read, has another cadence, or values that can be no nT.
    """
    try:
        record = MS3Record.parse(body, unpack_data=True)
        network, station, location, channel = sourceid2nslc(record.sourceid)
        wanted = (network, station) == (channels.network, channels.station)
        if not wanted or not _fits(channels, location, channel):
            return None
        element = plan.table.channels.get(channel) or AXES.get(channel[-1:], channel[-1:])
        if element not in ELEMENTS or element in SCALARS:
            return None
        counts = np.array(record.datasamples, dtype=np.float64)
        values = np.round(counts * plan.table.scale_nt, DECIMALS)
        period_ms = record.samprate_period_ns / 1e6
        start_ms = round(record.starttime / 1e6)
    except (MiniSEEDError, ValueError, BufferError, TypeError) as error:
        raise ValueError(f"no miniSEED: {error}") from None
    if abs(period_ms - plan.cadence_ms) > RATE_ERROR * plan.cadence_ms:
        raise ValueError(
            f"{channel} has a sample every {period_ms / 1000:g} s, and [{plan.station}] says "
            f"{plan.table.cadence}"
        )
    if plan.table.scale_nt == 1 and len(values) and np.abs(values).min() > MOST_NT:
        raise ValueError(f"{channel} has values like {values[0]:,.0f}, counts: set `scale_nt`")
    return ChannelRun(element, on_grid_ms(start_ms, plan.cadence_ms) // plan.cadence_ms, values)


def _fits(channels: SeedChannels, location: str, channel: str) -> bool:
    return fnmatchcase(location, channels.location) and any(
        fnmatchcase(channel, pattern) for pattern in channels.patterns
    )


@dataclass(slots=True)
class _Pending:
    """A record whose samples from `begin` on have not been handed over."""

    body: bytes
    begin: int
    end: int


@dataclass(slots=True)
class RecordJoin:
    """Joins the records of one connection to messages that all elements of the vector are in.

    Attributes
    ----------
    plan, channels
        The station, and which channels to take.
    since_ms
        Time before which samples are left out.
    """

    plan: StationPlan
    channels: SeedChannels
    since_ms: int
    _pending: list[_Pending] = field(default_factory=list)
    _newest: dict[str, int] = field(default_factory=dict)  # number after the last, by element

    def passed(self, body: bytes) -> SourceMessage | None:
        """The message that this record makes complete, if any.

        A record that cannot be read is a message of its own, for the parser to refuse.
        """
        try:
            run = read_run(self.plan, self.channels, body)
        except ValueError:
            return SourceMessage(self.plan, self.channels.station, body)
        since = -(-self.since_ms // self.plan.cadence_ms)
        if run is None or run.end <= since:
            return None
        self._pending.append(_Pending(body, max(run.first, since), run.end))
        self._newest[run.element] = max(run.end, self._newest.get(run.element, run.end))
        return self._message(self._until())

    def _until(self) -> int:
        """Number of the sample up to which every element has come, or was waited for too long."""
        newest = self._newest.values()
        longest = max(newest) - LONGEST_LAG
        try:
            orientation_of(frozenset(self._newest))
        except OrientationError:  # more are to come, or the parser will refuse what came
            return longest
        return max(min(newest), longest)

    def _message(self, until: int) -> SourceMessage | None:
        passed = [record for record in self._pending if record.begin < until]
        if not passed:
            return None
        begin = min(record.begin for record in passed)
        self._pending = [record for record in self._pending if record.end > until]
        for record in passed:
            record.begin = until
        subject = _subject(self.plan, self._newest, begin, until)
        return SourceMessage(self.plan, subject, b"".join(record.body for record in passed))


def _subject(plan: StationPlan, elements: Iterable[str], begin: int, until: int) -> str:
    """What the parser has to make of the records: elements, begin and end (exclusive)."""
    start, end = utc(begin * plan.cadence_ms), utc(until * plan.cadence_ms)
    return f"{''.join(sorted(elements))}/{start}/{end}"


def parse_miniseed(
    plan: StationPlan, channels: SeedChannels, subject: str, body: bytes
) -> list[Recording]:
    """Samples of a message of `RecordJoin`, NaN where an element lacks.

    Raises
    ------
    ValueError
        If a record cannot be read, or the elements make no vector.
    """
    records = _records(body)
    runs = [run for record in records if (run := read_run(plan, channels, record))]
    elements, _, span = subject.partition("/")
    begin, until = (time_ms(moment) // plan.cadence_ms for moment in span.split("/"))
    columns = {element: np.full(until - begin, np.nan) for element in elements}
    for run in runs:
        first, end = max(run.first, begin), min(run.end, until)
        if first < end:
            part = run.values[first - run.first : end - run.first]
            columns[run.element][first - begin : end - begin] = part
    recording = recording_of(plan, begin * plan.cadence_ms, columns)
    return [] if recording is None else [recording]


def _records(body: bytes) -> list[bytes]:
    """The records that a message joins."""
    try:
        return [record.record for record in MS3Record.from_buffer(body)]
    except (MiniSEEDError, ValueError, BufferError) as error:
        raise ValueError(f"no miniSEED: {error}") from None
