"""Services of docker-compose.yml in containers: samples to alerts, health checks, and the end.

The broker is the embedded one; the index service and the receiver are real servers of the tests.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from tests.containers.engine import Engine
from tests.containers.run import Container, run, started
from tests.deploy.composition import services
from tests.deploy.natively import page, wait_for
from tests.monitor.index_feed.services import Served, gfz, service, table
from tests.monitor.webhook.receivers import Script, receiver
from tests.monitor.workers import Site, received

RECORDS = 4 * 24 * 60  # four days of one-minute records
WATCHED = [
    name
    for name, one in services(GRAFANA_ADMIN_PASSWORD="unused").items()  # noqa: S106
    if one["image"].startswith("magwatch-") and "healthcheck" in one
]
METRICS = "http://127.0.0.1:9464/metrics"
ENDED_BY_SIGTERM = 128 + signal.SIGTERM
MOMENTS_S = [0.0, 0.3, 1.0]  # after the start, while Python loads


def metric(name: str) -> float:
    """Sum over all labels."""
    lines = [line.rsplit(" ", 1) for line in page(METRICS).splitlines()]
    return sum(float(value) for key, value in lines if key.partition("{")[0] == name)


@pytest.fixture(scope="module")
def topics(engine: Engine, composed: dict[str, Any], site: Site) -> str:
    return run(engine, composed["topics"])


@contextmanager
def running(engine: Engine, name: str, **changes: Any) -> Iterator[Container]:
    """A service that finds all it looks for, and is healthy."""
    with service(Served(gfz(table()))) as index, receiver(Script()) as hook:
        composed = services(GRAFANA_ADMIN_PASSWORD="unused", WEBHOOK=hook)  # noqa: S106
        with started(engine, {**composed[name], **changes}, INDEX_GFZ_URL=index) as container:
            wait_for(f"a healthy {name}", container.healthy)
            yield container


def test_a_storm_goes_from_the_archive_through_kafka_into_alerts(
    engine: Engine, composed: dict[str, Any], site: Site, topics: str
) -> None:
    assert all(line.startswith("created") for line in topics.splitlines())
    run(engine, composed["calibrate"])
    with running(engine, "worker") as worker:
        run(engine, composed["replay"])
        wait_for("all records", lambda: metric("magwatch_records_total") == RECORDS)
        assert worker.stop() == 0
    scores = [msgspec.json.decode(record.value) for record in received(site, "scores")]
    assert {score["station"] for score in scores} == {"WIC"}
    assert sum(score["quality"] == "ok" for score in scores) > 5_000
    assert b"magwatch.alert.opened" in received(site, "alerts")[0].value
    assert received(site, "deadletter") == []


@pytest.mark.parametrize("name", WATCHED)
def test_a_health_check_tells_a_process_that_stands_still(
    engine: Engine, topics: str, name: str
) -> None:
    with running(engine, name) as container:
        container.signal(signal.SIGSTOP)
        wait_for("a failed check", container.unhealthy)
        container.signal(signal.SIGCONT)
        wait_for("a passed one", container.healthy)
        assert container.stop() == 0, container.log()


def test_a_worker_ends_as_the_first_process_itself(engine: Engine, topics: str) -> None:
    """As without Compose's `init`, where the kernel keeps every unhandled signal from it."""
    with running(engine, "worker", init=False) as worker:
        assert worker.stop() == 0, worker.log()


@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_a_worker_ends_in_time_in_its_first_moments(
    engine: Engine, composed: dict[str, Any], topics: str, moment_s: float
) -> None:
    with started(engine, composed["worker"]) as worker:
        time.sleep(moment_s)
        status = worker.stop()
        assert status in (0, ENDED_BY_SIGTERM), worker.log()
        assert "Traceback" not in worker.log()
