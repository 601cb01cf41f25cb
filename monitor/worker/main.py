"""Run a worker until it is told to stop: ordered start-up, probes, clean shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import faust
import structlog
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from geofield.alerts.handover import Deployment
from geofield.step import Rules
from geofield.window_scores import Start
from monitor.assembly import Assembly, assemble_all
from monitor.ending import GRACE_S, end_within
from monitor.errors import BrokerUnreachable, Refused
from monitor.http.probe_server import Health, probe_server
from monitor.kafka.follower import Follower
from monitor.kafka.guard import Guard
from monitor.kafka.outage import error_fields, until_answered
from monitor.kafka.producer import Publisher
from monitor.kafka.topics import create_topics, partition_count
from monitor.metrics.metrics import Metrics
from monitor.records.dead_letters import smaller
from monitor.settings import Settings
from monitor.stopping import cancel_and_wait, or_stop, stop_event
from monitor.worker.executors import in_daemon_thread, on_threads, timed
from monitor.worker.faust_app import Consumption, create_app, is_member
from monitor.worker.fencing import Fence
from monitor.worker.index_follower import IndexReader
from monitor.worker.lag import LagMeter
from monitor.worker.leadership import Leadership, take_all
from monitor.worker.network_follower import ScoreReader
from monitor.worker.pipeline import Worker
from monitor.worker.pipelines import Pipelines
from monitor.worker.profile_watcher import ProfileWatch, profiles_page
from monitor.worker.recorder import HANDOVER, INDEX, SCORE, Observer, left_out
from monitor.worker.scorer import Scorer
from monitor.worker.state_store import States
from support.clock import now_ms
from support.memory import settle_down

BEAT_S = 1.0
LEAVE_S, CLOSE_S = 2.5, 2.0  # to commit and leave the group, and to send what is queued
log = structlog.get_logger("magwatch.serve")


def program_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("magwatch")
    except PackageNotFoundError:
        return "0+source"


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; mistakes of the operator are raised as `Refused`."""
    assemblies = assemble_all(settings)  # before connecting: a bad model ends here
    disable_created_metrics()  # type: ignore[no-untyped-call]  # doubles the counters
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    models = [assembly.rules.model.name for assembly in assemblies]
    of_models = Metrics.of_models(registry, settings.metrics_stations, models)
    metrics, health = of_models[0], Health(settings.stalled_after_s)
    metrics.progress.live.set_function(lambda: health.alive()[0])
    metrics.progress.ready.set_function(lambda: health.ready()[0])
    host, port = settings.metrics_host, settings.metrics_port
    with (
        probe_server(host, port, registry, health) as address,
        tempfile.TemporaryDirectory() as data,
    ):
        log.info("probes", address=f"http://{address[0]}:{address[1]}")
        settle_down()
        asyncio.run(_serve(_Parts(settings, assemblies, of_models, health), data))


async def _serve(parts: _Parts, datadir: str) -> None:
    settings, health = parts.settings, parts.health
    beat = asyncio.create_task(_beat(health))
    with stop_event() as stop:
        partitions = await or_stop(_topics_when_reachable(settings, health), stop)
        if partitions is not None:
            app = create_app(settings, datadir)
            await _consume(parts, app, partitions, stop)
    beat.cancel()
    log.info("stopped")


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: Settings
    assemblies: Sequence[Assembly]  # of the models
    of_models: Sequence[Metrics]  # as each model sees them
    health: Health

    @property
    def metrics(self) -> Metrics:
        """The metrics, for all that is not of one model."""
        return self.of_models[0]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the pipelines of all models share."""

    settings: Settings
    publisher: Publisher
    saver: Publisher
    fence: Fence
    executor: ThreadPoolExecutor
    start: Start
    indices: IndexReader
    control: Follower
    leaderships: Sequence[Leadership]  # of the models


async def _consume(parts: _Parts, app: faust.App, partitions: int, stop: asyncio.Event) -> None:
    settings, models = parts.settings, len(parts.assemblies)
    retried = parts.metrics.work.publish_retries.inc
    letters = settings.topic("deadletter")
    publisher = Publisher(settings, retried, partial(smaller, topic=letters))
    saver = Publisher(settings, retried)
    with _thread("step", 2 * models) as executor, _thread("windows", 2) as beside:
        fence = Fence(settings, lambda: is_member(app))
        leaderships = [_leadership(settings, assembly.rules) for assembly in parts.assemblies]
        shared = _Shared(
            settings=settings,
            publisher=publisher,
            saver=saver,
            fence=fence,
            executor=executor,
            start=on_threads(beside),
            indices=IndexReader(settings, left_out(parts.metrics, INDEX)),
            control=Follower(settings, ["control"], partial(take_all, leaderships)),
            leaderships=leaderships,
        )
        pipelines = Pipelines(_workers(parts, shared))
        consumption = Consumption(pipelines, parts.metrics, partitions)
        consumption.install(app)
        lag = LagMeter(settings, consumption, parts.metrics.progress)
        watches = [
            ProfileWatch(settings.profiles, settings.profiles_look_s, worker)
            for worker in pipelines.workers
        ]
        parts.health.profiles = partial(profiles_page, watches)
        running = [
            shared.indices.follow(),
            shared.control.follow(),
            lag.follow(),
            fence.renew_forever(),
            consumption.score(),
            _watch(publisher, consumption, shared, parts),
        ]
        helpers = [asyncio.create_task(helper) for helper in running]
        for worker, watch in zip(pipelines.workers, watches, strict=True):
            with worker.named():
                helpers += map(asyncio.create_task, [*_stages(worker), watch.follow()])
        for helper in helpers:
            helper.add_done_callback(consumption.helper_ended)
        try:
            await or_stop(publisher.start(), stop)
            await or_stop(shared.control.caught_up.wait(), stop)
            if not stop.is_set():
                await _run_until_stopped(app, consumption, stop)
        finally:
            await cancel_and_wait(helpers)
            closing = [asyncio.create_task(producer.stop()) for producer in (publisher, saver)]
            await asyncio.wait(closing, timeout=CLOSE_S)


def _stages(worker: Worker) -> list[Coroutine[None, None, None]]:
    """What runs for ever in the pipeline of a model."""
    return [worker.remote.follow(), worker.score(), worker.publish()]


def _thread(name: str, count: int = 1) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=count, thread_name_prefix=name)


def _workers(parts: _Parts, shared: _Shared) -> list[Worker]:
    models = zip(parts.assemblies, parts.of_models, shared.leaderships, strict=True)
    return [_worker(assembly, metrics, led, shared) for assembly, metrics, led in models]


def _worker(
    assembly: Assembly, metrics: Metrics, leadership: Leadership, shared: _Shared
) -> Worker:
    settings = shared.settings
    observer = Observer(
        metrics, assembly.rules, leadership, settings.future_tolerance_s, settings.silent_after_s
    )
    observer.about(program_version(), time.time())
    reconstruct = timed(assembly.model.reconstruct, metrics.work)
    scorer = Scorer(assembly.rules, assembly.accepts, reconstruct, shared.start)
    leadership.guard = Guard("control", observer.left_out(HANDOVER))
    network = replace(assembly.network, since_ms=now_ms())
    return Worker(
        settings=settings,
        scorer=scorer,
        states=States(settings, scorer, observer, assembly.names),
        indices=shared.indices,
        remote=ScoreReader(
            settings, network, assembly.rules.model.sha256, observer.left_out(SCORE)
        ),
        leadership=leadership,
        control=shared.control,
        publisher=shared.publisher,
        saver=shared.saver,
        observer=observer,
        fence=shared.fence,
        executor=shared.executor,
        names=assembly.names,
    )


def _leadership(settings: Settings, rules: Rules) -> Leadership:
    window = rules.window
    deployment = Deployment(settings.line, rules.model.sha256)
    return Leadership(deployment, window.length_ms, window.cadence_ms)


async def _topics_when_reachable(settings: Settings, health: Health) -> int:
    """Count of partitions of the samples topic; waits for the broker and may create topics."""
    health.waits_for("the broker")
    while True:
        try:
            await until_answered(settings)
            if settings.create_topics:
                await in_daemon_thread(create_topics, settings)
            return await in_daemon_thread(partition_count, settings)
        except BrokerUnreachable as error:
            log.warning("no broker yet", **error_fields(error))
            await asyncio.sleep(BEAT_S)


async def _run_until_stopped(app: faust.App, consumption: Consumption, stop: asyncio.Event) -> None:
    app.finalize()
    starting = asyncio.create_task(app.start())
    while not (stop.is_set() or _failed(app, consumption, starting)):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=BEAT_S)
    if failed := _failed(app, consumption, starting):
        end_within(GRACE_S, 1, f"not ended {GRACE_S:g} s after it failed, ended now")
    await asyncio.wait({asyncio.create_task(app.stop())}, timeout=LEAVE_S)
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
    publisher: Publisher, consumption: Consumption, shared: _Shared, parts: _Parts
) -> None:
    """Keep the readiness probe up to date, and name the first thing the worker waits for."""
    health = parts.health
    while True:
        reachable = await publisher.reachable()
        parts.metrics.progress.broker_reachable.set(reachable)
        if not reachable:
            health.waits_for("the broker")
        elif not shared.control.caught_up.is_set():
            health.waits_for("the handovers present at start-up")
        elif not shared.indices.caught_up.is_set():
            health.waits_for("the indices present at start-up")
        elif not consumption.assigned:
            health.waits_for("partitions")
        else:
            health.waits_for(None)
        await asyncio.sleep(BEAT_S)
