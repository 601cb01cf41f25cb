"""A live worker before a real Prometheus: every query has data, every fault reaches a receiver.

Times of the shipped rules are shortened (see `hastened`), nothing else.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from archive.model import default_model_path
from monitor.kafka.embedded_broker import free_port
from monitor.kafka.topics import MAX_DEAD_LETTER_BYTES
from tests.brokers import ROOT
from tests.monitor.feeds import station
from tests.monitor.workers import Running, Site, encoded, new_site, send, started, worker
from tests.service.queries import (
    Query,
    alerting,
    filled,
    panel_queries,
    rule_queries,
    selectors,
)
from tests.service.stack import (
    AHEAD,
    GAPPY,
    LOUD,
    NEW,
    QUIET,
    RESTLESS,
    SILENT,
    UNHEARD,
    Stack,
    running,
)

OTHER_MODEL = ROOT / "exports" / "minute-teo.onnx"
OF_STATIONS = {
    "MagwatchStationSilent": {"station": SILENT},
    "MagwatchStationNeverHeard": {"station": UNHEARD},
    "MagwatchStationHeldBack": {"station": AHEAD},
    "MagwatchStationNotScored": {"station": GAPPY},
    "MagwatchStationNotCalibrated": {"station": NEW},
    "MagwatchAlertOpen": {"station": LOUD},
    "MagwatchScoresDrifted": {"station": LOUD, "quantile": "0.9"},
    "MagwatchFalseAlarms": {"station": RESTLESS},
    "MagwatchDeadLetters": {"reason": "not-json"},
    "MagwatchMisplacedRecords": {},
    "MagwatchSourceSilent": {"station": SILENT},
    "MagwatchSourceAway": {},
    "MagwatchSourceNonsense": {},
}
OF_WORKERS = {
    "MagwatchModelMismatch",
    "MagwatchNoModelInCharge",
    "MagwatchPublishRetries",
    "MagwatchNoProgress",
    "MagwatchLagGrowing",
    "MagwatchWorkerStalled",
    "MagwatchWorkerDown",
    "MagwatchBrokerAway",
    "MagwatchNoWorkers",
}
OF_HISTORY = {"MagwatchHistoryBehind"}
VARIABLES = {
    "station": LOUD,
    "instance": ".*",
    "datasource": "",
    "__rate_interval": "10s",
    "__interval": "10s",
    "__range": "10m",
}
# Queries of panels that may be empty, with the reason.
EMPTY_PANELS: dict[str, str] = {}


def test_every_fault_has_a_test() -> None:
    assert OF_STATIONS.keys() | OF_WORKERS | OF_HISTORY == alerting().keys()


@pytest.mark.parametrize("name", OF_STATIONS)
def test_a_station_that_misbehaves_is_reported(stack: Stack, name: str) -> None:
    alert = stack.receiver.wait_for(name, **OF_STATIONS[name])
    assert alert["labels"]["severity"] in ("info", "warning")
    assert "docs" not in alert["labels"]
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    assert "{{" not in str(alert["annotations"])


def test_a_station_that_behaves_is_not_reported(stack: Stack) -> None:
    """Two hours without a score, here ten seconds, may only be a busy machine."""
    stack.prometheus.wait_for(f'magwatch_windows_total{{station="{QUIET}", quality="ok"}} > 20')
    reported = {name for name, _, station in stack.receiver.seen() if station == QUIET}
    assert reported <= {"MagwatchStationNotScored"}


@pytest.mark.parametrize("query", rule_queries(), ids=lambda query: query.where)
def test_every_query_of_a_rule_finds_its_data(stack: Stack, query: Query) -> None:
    stack.prometheus.query(query.expression)  # as it is shipped, times and all
    for selector in selectors(query.expression):
        stack.prometheus.wait_for(selector)
    if query.where not in alerting():
        stack.prometheus.wait_for(query.where)


@pytest.mark.skipif(not panel_queries(), reason="there are no dashboards in deploy/grafana")
def test_every_query_of_a_dashboard_finds_its_data(stack: Stack) -> None:
    assert panels_without_data(stack, panel_queries()) == []


def panels_without_data(stack: Stack, queries: list[Query]) -> list[str]:
    """Queries of panels that return nothing though nothing excuses it."""
    asked = {filled(one.expression, VARIABLES): one for one in queries}
    deadline_s = time.monotonic() + 30
    empty = list(asked)
    while empty and time.monotonic() < deadline_s:
        empty = [one for one in empty if not stack.prometheus.query(one)]
        time.sleep(0.5 if empty else 0)
    return [one for one in empty if asked[one].expression not in EMPTY_PANELS]


def test_a_worker_that_cannot_publish_is_reported_until_it_can(
    stack: Stack, kafka_address: str, tmp_path: Path
) -> None:
    """Its broker answers, and refuses dead letters as too large."""
    site = new_site(kafka_address, tmp_path, default_model_path())
    with worker(site) as stuck, stack.watching(stack.worker, stuck):
        begin, about = stack.receiver.mark(), {"instance": address(stuck)}
        limit_dead_letters(site, 10)
        with refused_records(site):
            stack.receiver.wait_for("MagwatchNoProgress", **about)
            stack.receiver.wait_for("MagwatchPublishRetries", **about)
            stack.receiver.wait_for("MagwatchLagGrowing", since=begin)
            assert stuck.page("/readyz")[0] == 200
            assert "MagwatchStationSilent" in stack.alertmanager.inhibited()
        limit_dead_letters(site, MAX_DEAD_LETTER_BYTES)
        stack.receiver.wait_for("MagwatchNoProgress", "resolved", **about)
        own = f'{{instance="{address(stuck)}"}}'
        read_to_the_end = f"sum(magwatch_consumer_position{own}) > 0"
        stack.prometheus.wait_for(f"sum(magwatch_records_total{own}) == ({read_to_the_end})")
        stack.prometheus.wait_for(f"sum(magwatch_consumer_lag_records{own}) == 0")


def test_workers_that_differ_stand_still_or_end_are_reported(stack: Stack, tmp_path: Path) -> None:
    site = new_site(stack.site.settings.broker, tmp_path, OTHER_MODEL)
    begin = stack.receiver.mark()
    # a beat that no event loop can keep: it counts as still
    nobody = f"127.0.0.1:{free_port()}"
    with (
        started(site, BROKER=nobody, STALLED_AFTER_S="0.001") as still,
        worker(site) as other,
        stack.watching(stack.worker, still, other),
    ):
        stack.receiver.wait_for("MagwatchModelMismatch", since=begin)
        stack.receiver.wait_for("MagwatchWorkerStalled", instance=address(still))
        other.process.send_signal(signal.SIGKILL)
        stack.receiver.wait_for("MagwatchWorkerDown", instance=address(other))


def test_a_network_with_a_line_in_shadow_alone_is_reported(stack: Stack, tmp_path: Path) -> None:
    site = new_site(stack.site.settings.broker, tmp_path, default_model_path())
    with worker(site, LINE="next") as alone, stack.watching(alone):
        send(site, encoded(station("NEW", 20, seed=9).records(60)))
        stack.receiver.wait_for("MagwatchNoModelInCharge")


def test_a_history_that_cannot_be_written_is_reported_until_it_can(stack: Stack) -> None:
    samples = stack.site.folder / "history" / "samples"
    for _ in range(6):  # it may just be replacing a file
        files = list(samples.rglob("*.parquet"))
        for path in files:
            path.write_bytes(b"damaged")
        time.sleep(0.5)
    stack.receiver.wait_for("MagwatchHistoryBehind")
    for path in files:
        path.unlink()
    stack.receiver.wait_for("MagwatchHistoryBehind", "resolved")


def address(worker: Running) -> str:
    """What Prometheus calls a worker."""
    return worker.url.removeprefix("http://")


def limit_dead_letters(site: Site, size: int) -> None:
    """The most bytes that the broker takes of them."""
    name = site.settings.topic("deadletter")
    wanted = {"max.message.bytes": str(size)}
    with closing(KafkaAdminClient(bootstrap_servers=site.settings.broker)) as admin:
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, configs=wanted)], raise_on_unknown=False
        )


@contextmanager
def refused_records(site: Site) -> Iterator[None]:
    """Two hundred records a second that cannot be used."""
    stop, topic = Event(), site.settings.topic("samples")

    def pour() -> None:
        with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
            while not stop.wait(0.1):
                for _ in range(20):
                    producer.send(topic, b"rubbish", LOUD.encode())

    with running(Thread(target=pour, daemon=True), stop):
        yield


def test_a_broker_that_does_not_answer_is_reported_until_it_does(stack: Stack) -> None:
    about = {"instance": address(stack.worker)}
    stack.broker.process.send_signal(signal.SIGSTOP)
    try:
        stack.receiver.wait_for("MagwatchBrokerAway", **about)
        assert stack.worker.page("/readyz") == (503, "waiting for the broker\n")
    finally:
        stack.broker.process.send_signal(signal.SIGCONT)
    stack.receiver.wait_for("MagwatchBrokerAway", "resolved", **about)


def test_the_absence_of_all_workers_is_reported_until_one_is_there(stack: Stack) -> None:
    """The servers of the stack are up before its worker is."""
    stack.receiver.wait_for("MagwatchNoWorkers", "resolved")
