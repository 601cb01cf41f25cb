"""Runs a worker until it is told to stop: start-up in the right order, probes, clean shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar

import faust
import structlog
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from archive.memory import settle_down
from geofield.handover import Party
from geofield.step import Rules
from geofield.watch import Start
from monitor.app import Consumption, create_app, is_member
from monitor.aside import aside, timed
from monitor.assembly import Assembly, assemble
from monitor.charge import Charge
from monitor.errors import BrokerUnreachable, Refused
from monitor.following import Follower
from monitor.history import IndexReader
from monitor.http import Health, probe_server
from monitor.lag import LagMeter
from monitor.lease import Lease
from monitor.metrics import Metrics
from monitor.observe import INDEX, Observer
from monitor.publisher import Publisher
from monitor.remote import ScoreReader
from monitor.scoring import Scorer
from monitor.settings import Settings
from monitor.states import States
from monitor.topics import create_topics, partition_count
from monitor.worker import Worker

BEAT_S = 1.0
Result = TypeVar("Result")
STOP_TIMEOUT_S = 15.0
log = structlog.get_logger("magwatch.serve")


def program_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("magwatch")
    except PackageNotFoundError:
        return "0+source"


def run_worker(settings: Settings) -> None:
    """Blocks until SIGTERM or SIGINT; raises what the operator has to know."""
    assembly = assemble(settings)  # before anything is connected or bound: a bad model ends here
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    metrics = Metrics.create(registry, settings.metrics_stations)
    health = Health(settings.stalled_after_s)
    metrics.progress.live.set_function(lambda: health.alive()[0])
    metrics.progress.ready.set_function(lambda: health.ready()[0])
    host, port = settings.metrics_host, settings.metrics_port
    with (
        probe_server(host, port, registry, health) as address,
        tempfile.TemporaryDirectory() as data,
    ):
        log.info("probes", address=f"http://{address[0]}:{address[1]}")
        settle_down()
        asyncio.run(_serve(settings, assembly, metrics, health, data))


async def _serve(
    settings: Settings, assembly: Assembly, metrics: Metrics, health: Health, datadir: str
) -> None:
    stop = _stop_on_signals()
    beat = asyncio.create_task(_beat(health))
    try:
        partitions = await _or_stop(_topics_when_reachable(settings, health), stop)
        if partitions is not None:
            app = create_app(settings, datadir)
            await _consume(_Parts(settings, assembly, metrics, health), app, partitions, stop)
    finally:
        beat.cancel()
    log.info("stopped")


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: Settings
    assembly: Assembly
    metrics: Metrics
    health: Health


async def _consume(parts: _Parts, app: faust.App, partitions: int, stop: asyncio.Event) -> None:
    publisher = Publisher(parts.settings, parts.metrics.work.publish_retries.inc)
    saver = Publisher(parts.settings, parts.metrics.work.publish_retries.inc)
    with _thread("step", 2) as executor, _thread("windows", 2) as beside:
        lease = Lease(parts.settings, lambda: is_member(app))
        worker = _worker(parts, publisher, saver, lease, executor, aside(beside))
        consumption = Consumption(worker, parts.metrics, partitions)
        consumption.install(app)
        lag = LagMeter(parts.settings, consumption, parts.metrics.progress)
        helpers = [
            asyncio.create_task(worker.indices.follow()),
            asyncio.create_task(worker.remote.follow()),
            asyncio.create_task(worker.control.follow()),
            asyncio.create_task(lag.follow()),
            asyncio.create_task(lease.keep()),
            asyncio.create_task(consumption.score()),
            asyncio.create_task(worker.score()),
            asyncio.create_task(worker.publish()),
            asyncio.create_task(_watch(publisher, consumption, worker, parts)),
        ]
        for helper in helpers:
            helper.add_done_callback(consumption.helper_ended)
        try:
            await _or_stop(publisher.start(), stop)
            await _or_stop(worker.control.caught_up.wait(), stop)
            if not stop.is_set():
                await _run_until_stopped(app, consumption, stop)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(publisher.stop(), saver.stop())


def _thread(name: str, count: int = 1) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=count, thread_name_prefix=name)


def _worker(
    parts: _Parts,
    publisher: Publisher,
    saver: Publisher,
    lease: Lease,
    executor: ThreadPoolExecutor,
    start: Start,
) -> Worker:
    settings, assembly, metrics = parts.settings, parts.assembly, parts.metrics
    charge = _charge(settings, assembly.rules)
    observer = Observer(metrics, assembly.rules, charge)
    observer.about(program_version(), time.time())
    reconstruct = timed(assembly.model.reconstruct, metrics.work)
    scorer = Scorer(assembly.rules, assembly.accepts, reconstruct, start)
    refused = metrics.intake.deadletters.labels(INDEX).inc
    network = replace(assembly.network, since_ms=round(time.time() * 1000))
    return Worker(
        settings=settings,
        scorer=scorer,
        states=States(settings, scorer, observer),
        indices=IndexReader(settings, refused),
        remote=ScoreReader(settings, network, assembly.rules.model.sha256),
        charge=charge,
        control=Follower(settings, ["control"], charge.take),
        publisher=publisher,
        saver=saver,
        observer=observer,
        lease=lease,
        executor=executor,
    )


def _charge(settings: Settings, rules: Rules) -> Charge:
    window = rules.window
    return Charge(Party(settings.line, rules.model.sha256), window.samples * window.cadence_ms)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _or_stop(work: Awaitable[Result], stop: asyncio.Event) -> Result | None:
    """The result of `work`, or None if the stop signal comes first."""
    task = asyncio.ensure_future(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        task.cancel()
        return None
    return task.result()


async def _topics_when_reachable(settings: Settings, health: Health) -> int:
    """Partitions of the samples topic; waits for the broker, creates topics if allowed to."""
    health.waits_for("the broker")
    while True:
        try:
            if settings.create_topics:
                await asyncio.to_thread(create_topics, settings)
            return await asyncio.to_thread(partition_count, settings)
        except BrokerUnreachable as error:
            log.warning("waiting for the broker", error=str(error))
            await asyncio.sleep(BEAT_S)


async def _run_until_stopped(app: faust.App, consumption: Consumption, stop: asyncio.Event) -> None:
    app.finalize()
    starting = asyncio.create_task(app.start())
    while not (stop.is_set() or _failed(app, consumption, starting)):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=BEAT_S)
    failed = _failed(app, consumption, starting)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(app.stop(), timeout=STOP_TIMEOUT_S)
    starting.cancel()
    if failed:
        raise Refused("the worker failed, see the log above; start it again")


def _failed(app: faust.App, consumption: Consumption, starting: asyncio.Task[None]) -> bool:
    not_started = starting.done() and starting.exception() is not None
    return bool(app.should_stop) or not_started or consumption.failure is not None


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(BEAT_S)


async def _watch(
    publisher: Publisher, consumption: Consumption, worker: Worker, parts: _Parts
) -> None:
    """Keeps readiness true to what the worker could do now."""
    health = parts.health
    while True:
        reachable = await publisher.reachable()
        parts.metrics.progress.broker_reachable.set(reachable)
        if not reachable:
            health.waits_for("the broker")
        elif not worker.control.caught_up.is_set():
            health.waits_for("the handovers present at start-up")
        elif not worker.indices.caught_up.is_set():
            health.waits_for("the indices present at start-up")
        elif not consumption.assigned:
            health.waits_for("partitions")
        else:
            health.waits_for(None)
        await asyncio.sleep(BEAT_S)
