"""An intake without Kafka: what it publishes is kept in a list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from archive.recording import Recording
from geofield.utc import time_ms
from monitor.http.client import session
from monitor.ingest.connections import Connections, source_name
from monitor.ingest.intake import Intake
from monitor.ingest.outbox import Outbox
from monitor.ingest.source import SampleSource
from monitor.ingest.source_states import SourceStates
from monitor.ingest.station_feed import StationFeed
from monitor.ingest.stations import StationPlan, read_plans
from monitor.ingest.watch import IngestMetrics, SourceWatch
from monitor.kafka.producer import Outgoing
from monitor.settings import Settings

Row = tuple[int, tuple[float | None, ...]]


@dataclass
class Local:
    """An intake, its sources, and the records that it has published."""

    intake: Intake
    sources: list[SampleSource]
    watch: SourceWatch
    records: list[Outgoing]
    clock_s: list[float] = field(default_factory=lambda: [0.0])

    def rows(self, station: str = "WIC") -> list[Row]:
        """Times and values of what was published, in order."""
        rows: list[Row] = []
        for record in self.records:
            value = json.loads(record.value or b"{}")
            if value.get("iagaCode") == station:
                columns = [value[name] for name in value if name.startswith("geomagneticField")]
                step_ms = {"PT1S": 1000, "PT1M": 60_000}[value["cadence"]]
                start_ms = time_ms(value["startDate"])
                rows += [
                    (start_ms + number * step_ms, row)
                    for number, row in enumerate(zip(*columns, strict=True))
                ]
        return rows


@asynccontextmanager
async def local_intake(
    folder: Path, toml: str, now_ms: Callable[[], int], *, once: bool = False
) -> AsyncIterator[Local]:
    """Sources of a file, whose pauses are short, and whose clock the test sets."""
    file = folder / "stations.toml"
    file.write_text(toml)
    plans, records, clock_s = read_plans(file), [], [0.0]

    async def publish(batch: Sequence[Outgoing]) -> None:
        records.extend(batch)

    watch = SourceWatch(IngestMetrics.unregistered())
    async with session("test@example.org") as client:
        feeds = {plan.station: _feed(plan) for plan in plans}
        states = SourceStates("sources", now_ms)
        intake = Intake(Settings(), feeds, Outbox(publish), watch, lambda: clock_s[0], states)
        sources = _sources(client, watch, intake, plans, now_ms, once=once)
        sending = asyncio.create_task(intake.outbox.run())
        try:
            yield Local(intake, sources, watch, records, clock_s)
        finally:
            sending.cancel()


def _sources(
    client: aiohttp.ClientSession,
    watch: SourceWatch,
    intake: Intake,
    plans: list[StationPlan],
    now_ms: Callable[[], int],
    *,
    once: bool,
) -> list[SampleSource]:
    connections = Connections(
        client, {}, watch, intake.wanted_of, intake.outbox.empty, now_ms, once
    )
    sources = connections.sources(plans)
    intake.fillers = connections.fillers(plans)
    for source in [*sources, *intake.fillers.values()]:
        if hasattr(source, "host"):
            source.host.pause_s = source.least_poll_s = 0.01
        if hasattr(source, "look_s"):
            source.look_s = 0.02
    return sources


def _feed(plan: StationPlan) -> StationFeed:
    return StationFeed(plan, [source_name(address) for address in plan.sources], 0.0)


def rows_of(recording: Recording, *, decimals: int = 3) -> list[Row]:
    """What a source had, without what is missing."""
    columns = [values.round(decimals).tolist() for values in recording.elements.values()]
    rows = [
        (recording.start_ms + number * recording.cadence_ms, row)
        for number, row in enumerate(zip(*columns, strict=True))
    ]
    return [row for row in rows if row[1][0] == row[1][0]]
