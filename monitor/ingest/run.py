"""A run of `magwatch ingest`: state from the topic, sources, and the way out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import structlog
from aiokafka.errors import KafkaError

from geofield.utc import HOUR_MS
from monitor.http.client import session
from monitor.http.fetch import Unanswered
from monitor.http.probe_server import Health
from monitor.http.probes import watched
from monitor.ingest.connections import Connections, source_name
from monitor.ingest.intake import Intake
from monitor.ingest.outbox import Outbox, Publish
from monitor.ingest.passwords import passwords_of
from monitor.ingest.source import SampleSource
from monitor.ingest.source_states import SourceStates
from monitor.ingest.station_feed import StationFeed
from monitor.ingest.stations import StationPlan
from monitor.ingest.topic_state import restored
from monitor.ingest.watch import IngestMetrics, SourceWatch
from monitor.kafka.producer import Publisher
from monitor.kafka.topics import unreachable
from monitor.settings import Settings
from monitor.stopping import cancel_and_wait, until_stopped
from support.clock import now_ms

LAST_S = 1.5  # for what is still to be published when a signal ends the run
AGAIN_S = 10.0  # until a source is started again after a fault of its own
log = structlog.get_logger("magwatch.ingest")


@dataclass(frozen=True, slots=True)
class IngestRun:
    """What a run is to do.

    Attributes
    ----------
    settings
        Where the topics are.
    plans
        The stations.
    metrics
        Kept up to date.
    once
        Whether to end when all sources have caught up.
    publish
        Takes the records in place of Kafka, whose topic is then not read either; nothing is
        acknowledged to a source. None for Kafka.
    """

    settings: Settings
    plans: Sequence[StationPlan]
    metrics: IngestMetrics
    once: bool = False
    publish: Publish | None = None


def run_ingest(run: IngestRun, health: Health | None) -> list[str]:
    """Run until SIGTERM, or until all has been caught up; return a line for each failed source.

    `health` is good while the broker and at least one of the sources answer.

    Raises
    ------
    Refused
        If a password is missing, or no broker answers while the topic is read.
    """
    try:
        return asyncio.run(_run(run, health))
    except KafkaError as error:
        raise unreachable(run.settings, error) from None


async def _run(run: IngestRun, health: Health | None) -> list[str]:
    watch = SourceWatch(run.metrics)
    for name in _names(run.plans):
        watch.expect(name)
    async with watched(run.settings, health, partial(_waits_for, watch, run.plans)):
        await until_stopped(_ingest(run, watch))
    return [f"{name}: {why}" for name, why in watch.problems.items()] if run.once else []


def _names(plans: Sequence[StationPlan]) -> set[str]:
    return {source_name(address) for plan in plans for address in plan.sources}


def _waits_for(watch: SourceWatch, plans: Sequence[StationPlan]) -> str | None:
    if _names(plans) - watch.problems.keys():
        return None
    said = "; ".join(f"{name}: {why}" for name, why in watch.problems.items())
    return f"a source ({said})"


async def _ingest(run: IngestRun, watch: SourceWatch) -> None:
    feeds = {plan.station: _feed(plan) for plan in run.plans}
    for plan in run.plans:
        watch.station(plan.station, plan.table.silent_s, time.time())
    async with session(run.settings.ingest_contact) as client, _kafka(run) as publish:
        outbox = Outbox(publish, acknowledges=run.publish is None)
        states = SourceStates(run.settings.topic("sources"), now_ms)
        intake = Intake(run.settings, feeds, outbox, watch, time.monotonic, states)
        passwords = passwords_of(run.settings.ingest_passwords)
        connections = Connections(
            client, passwords, watch, intake.wanted_of, outbox.empty, now_ms, run.once
        )
        sources = connections.sources(run.plans)
        intake.fillers = connections.fillers(run.plans)
        if run.publish is None:
            await _restore(run, feeds)
        for plan in run.plans:
            if plan.backfill:
                feeds[plan.station].series.begin_at(now_ms() - round(plan.table.reach_h * HOUR_MS))
        _announce(run.plans)
        await _listen(run, intake, sources)


def _feed(plan: StationPlan) -> StationFeed:
    names = list(dict.fromkeys(source_name(address) for address in plan.sources))
    return StationFeed(plan, names, time.monotonic())


async def _restore(run: IngestRun, feeds: Mapping[str, StationFeed]) -> None:
    reach_h = max(plan.table.reach_h for plan in run.plans)
    cadences = {plan.station: plan.cadence_ms for plan in run.plans}
    found = await restored(run.settings, cadences, now_ms() - round(2 * reach_h * HOUR_MS))
    for code, series in found.items():
        feeds[code].series = series
    known = sum(series.after is not None for series in found.values())
    log.info("topic read", stations=len(found), with_samples=known)


def _announce(plans: Sequence[StationPlan]) -> None:
    for plan in plans:
        log.info(
            "station",
            station=plan.station,
            sources=[address.text for address in plan.sources],
            backfill=plan.backfill.text if plan.backfill else None,
            terms=plan.table.terms
            or {one.text: one.terms for one in (*plan.sources, plan.backfill) if one and one.terms}
            or "not stated",
        )


async def _listen(run: IngestRun, intake: Intake, sources: Sequence[SampleSource]) -> None:
    sending = asyncio.create_task(intake.outbox.run())
    ticking = asyncio.create_task(intake.tick())
    telling = asyncio.create_task(_tell(run, intake.states))
    listening = [asyncio.create_task(_keep_on(source, intake)) for source in sources]
    try:
        done: set[asyncio.Task[None]] = set()
        if run.once:
            await asyncio.gather(*listening)
            await intake.settle(now_ms())
        else:
            done, _ = await asyncio.wait(
                {sending, ticking, *listening}, return_when=asyncio.FIRST_COMPLETED
            )
        for task in done:
            task.result()
    finally:
        await cancel_and_wait([ticking, telling, *listening])
        intake.release()
        with suppress(TimeoutError):
            await asyncio.wait_for(intake.outbox.empty(), LAST_S)
        await cancel_and_wait([sending])


async def _tell(run: IngestRun, states: SourceStates) -> None:
    """Publish which sources are silent, on a connection of its own; nowhere in a dry run."""
    if run.publish is None:
        async with _kafka(run) as publish:
            await states.run(publish)


async def _keep_on(source: SampleSource, intake: Intake) -> None:
    """Listen to a source; a fault in it takes no other along."""
    while True:
        try:
            await source.listen(partial(intake.deliver, source))
        except Exception as error:
            log.exception("a fault of magwatch, not of the source", source=source.name)
            intake.watch.state(source.name, repr(error))
            await asyncio.sleep(AGAIN_S)
        else:
            return


@asynccontextmanager
async def _kafka(run: IngestRun) -> AsyncIterator[Publish]:
    """What publishes: a producer, or what takes its place."""
    if run.publish is not None:
        yield run.publish
        return
    publisher = Publisher(run.settings, lambda: None)
    await publisher.start()
    try:
        yield publisher.publish
    finally:
        await publisher.stop()


async def check_sources(
    settings: Settings, plans: Sequence[StationPlan], say: Callable[[str, str, bool], None]
) -> bool:
    """Try every source and backfill once, say what came of it, and return whether all are well."""
    watch = SourceWatch(IngestMetrics.unregistered())
    passwords = passwords_of(settings.ingest_passwords)
    good = True
    async with session(settings.ingest_contact) as client:
        connections = Connections(
            client, passwords, watch, lambda *_: None, asyncio.Event().wait, now_ms, once=True
        )
        for source in [*connections.sources(plans), *connections.fillers(plans).values()]:
            stations = ", ".join(plan.station for plan in source.plans)
            try:
                say(f"{source.name} ({stations})", await source.check(), True)
            except Unanswered as failure:
                say(f"{source.name} ({stations})", str(failure), False)
                good = False
    return good
