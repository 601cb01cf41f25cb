"""Every command ends in time when it is asked to, whatever its broker does.

Ten seconds is what supervisors grant. The processes of a test run side by side, since each takes
seconds to load.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from monitor.kafka.embedded_broker import free_port
from monitor.settings import Settings
from tests.abuse.mute import (
    FETCH,
    JOIN,
    OFFSETS,
    PRODUCE,
    Proxy,
    mute_broker,
    request,
    tansu_behind_a_proxy,
)
from tests.archive.builders import iaga2002
from tests.brokers import KafkaProcess, NoKafka, kafka_jars
from tests.monitor.feeds import calibrated, station
from tests.monitor.index_feed.services import Served, gfz, service, table
from tests.monitor.workers import (
    Running,
    Site,
    committed,
    encoded,
    new_site,
    received,
    send,
    started,
    values_by_key,
    wait_until,
    worker,
)
from tests.processes import Magwatch, Process

IN_TIME_S = 10.0
LOADED_S = 60.0
AT_ONCE = 4  # processes that load side by side
RECORDS = 20
STILL_S = 3.0


@dataclass(frozen=True)
class End:
    """How a process ended."""

    seconds: float
    status: int
    log: str


def asked_to_end(process: Process, log: Path, *signals: signal.Signals) -> End:
    """Send the signals, and see how long it takes."""
    began_s = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
    return End(time.monotonic() - began_s, process.wait(), log.read_text(errors="replace"))


def all_at_once(work: Mapping[str, Callable[[], End]]) -> dict[str, End]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        ends = {name: threads.submit(one) for name, one in work.items()}
    return {name: end.result() for name, end in ends.items()}


def assert_in_time(ends: Mapping[str, End]) -> None:
    assert {name: end.log for name, end in ends.items() if end.seconds > IN_TIME_S} == {}


# --- the worker -----------------------------------------------------------------------------------


def worker_before(folder: Path, broker: str, asked: Callable[[Running], bool]) -> End:
    """A worker that has `asked` for its broker and not heard of it yet."""
    site = Site(Settings(broker=broker, profiles=folder), folder)
    with started(site) as running:
        wait_until(lambda: asked(running), LOADED_S)
        running.wait_for("/readyz", 503, LOADED_S)
        return asked_to_end(running.process, running.log, signal.SIGTERM)


def start_absent(folder: Path, _: Path) -> End:
    def asked(running: Running) -> bool:
        return "waiting for the broker" in running.log.read_text()

    return worker_before(folder, f"127.0.0.1:{free_port()}", asked)


def start_mute(folder: Path, _: Path) -> End:
    with mute_broker() as proxy:
        return worker_before(folder, proxy.address, lambda _: proxy.connections > 0)


@contextmanager
def mutable(
    folder: Path, model: Path, at_once: bytes = b"", number: int = FETCH
) -> Iterator[tuple[Proxy, Site, Running]]:
    """A worker whose broker falls silent, at such a request of its start or later."""
    with ExitStack() as open_ones:
        proxy = open_ones.enter_context(tansu_behind_a_proxy())
        site = new_site(proxy.address, folder, model)
        calibrated(folder / "profiles", model, "WIC", 3.0)
        if at_once or number == JOIN:
            proxy.mute(request(number, at_once))
        yield proxy, site, open_ones.enter_context(started(site, CHECKPOINT_S="1"))


def at_start(number: int, holding: bytes) -> Callable[[Path, Path], End]:
    def of_worker(folder: Path, model: Path) -> End:
        with mutable(folder, model, holding, number) as (proxy, _, running):
            assert proxy.silent.wait(LOADED_S)
            time.sleep(1.0)
            return asked_to_end(running.process, running.log, signal.SIGTERM)

    return of_worker


def while_sending(number: int, holding: bytes) -> Callable[[Path, Path], End]:
    def of_worker(folder: Path, model: Path) -> End:
        with mutable(folder, model) as (proxy, site, running):
            running.wait_for("/readyz", 200, LOADED_S)
            proxy.mute(request(number, holding))
            Thread(target=send_records, args=(site,), daemon=True).start()
            assert proxy.silent.wait(LOADED_S)
            time.sleep(1.0)
            return asked_to_end(running.process, running.log, signal.SIGTERM)

    return of_worker


def send_records(site: Site) -> None:
    with suppress(Exception):  # its answers may not come any more
        send(site, encoded(station("WIC", RECORDS, seed=3).records(60)))


def after_it_went(folder: Path, model: Path) -> End:
    with mutable(folder, model) as (proxy, _, running):
        running.wait_for("/readyz", 200, LOADED_S)
        proxy.go()
        time.sleep(2.0)
        return asked_to_end(running.process, running.log, signal.SIGINT, signal.SIGINT)


WORKERS: dict[str, Callable[[Path, Path], End]] = {
    "absent from the start": start_absent,
    "mute from the start": start_mute,
    "mute while states load": at_start(OFFSETS, b".state"),
    "mute while it joins": at_start(JOIN, b""),
    "mute while it publishes": while_sending(PRODUCE, b".scores"),
    "gone, asked twice": after_it_went,
}


def test_a_worker_ends_in_time_in_every_state(tmp_path: Path, model_path: Path) -> None:
    work = {}
    for number, (name, of_worker) in enumerate(WORKERS.items()):
        (folder := tmp_path / str(number)).mkdir()
        work[name] = lambda of_worker=of_worker, folder=folder: of_worker(folder, model_path)
    ends = all_at_once(work)
    assert_in_time(ends)
    for name, end in ends.items():
        # to be asked again while Python puts itself away ends it at once
        assert end.status in ((0, -signal.SIGTERM) if "twice" in name else (0,)), (name, end.log)
        assert '"stopped"' in end.log.splitlines()[-1], (name, end.log)  # and nothing after it


# --- the other commands ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A command that runs until it is asked to end, and the request at which its broker is mute."""

    arguments: tuple[str, ...]
    number: int
    holding: bytes
    status: int = 0


def commands(archive: str, url: str) -> dict[str, tuple[Command, signal.Signals]]:
    term, ctrl_c = signal.SIGTERM, signal.SIGINT
    replay = ("replay", archive, "--no-kp", "--record-s", "1")
    return {
        "dashboard": (Command(("dashboard", "--port", "0"), FETCH, b".alerts"), term),
        "indices": (Command(("indices", "--source", "gfz"), PRODUCE, b".indices"), term),
        "alerts": (Command(("alerts", "--versions"), FETCH, b".alerts"), term),
        "table": (Command(("alerts",), FETCH, b".alerts", status=-signal.SIGTERM), term),
        "webhook": (Command(("alerts", "--webhook", url), FETCH, b".alerts"), ctrl_c),
        "replay": (Command((*replay, "--speed", "0.5x"), PRODUCE, b".samples", status=1), term),
    }


def test_every_other_command_ends_in_time(tmp_path: Path, model_path: Path) -> None:
    archive = iaga2002(tmp_path / "wic.sec", "HEZF", [(21000.0, 2.0, 43000.0, 48000.0)] * 60)
    with service(Served(gfz(table()))) as url:
        work = {}
        for number, (name, (command, asking)) in enumerate(commands(str(archive), url).items()):
            (folder := tmp_path / str(number)).mkdir()
            site = (folder, model_path, url)
            work[name] = lambda of=(command, site, asking): while_it_runs(*of)
        ends = all_at_once(work)
    assert_in_time(ends)
    expected = {name: command.status for name, (command, _) in commands("", "").items()}
    assert {name: end for name, end in ends.items() if end.status != expected[name]} == {}
    assert not [(name, end.log) for name, end in ends.items() if "Traceback" in end.log]


def while_it_runs(command: Command, site: tuple[Path, Path, str], asking: signal.Signals) -> End:
    folder, model, url = site
    with tansu_behind_a_proxy() as proxy:
        environment = new_site(proxy.address, folder, model).environment(INDEX_GFZ_URL=url)
        proxy.mute(request(command.number, command.holding))
        with (log := folder / "log").open("wb") as stream:
            process = Magwatch(command.arguments, env=environment, stdout=stream, stderr=stream)
        try:
            assert proxy.silent.wait(LOADED_S), log.read_text()
            time.sleep(1.0)
            assert process.poll() is None, log.read_text()
            return asked_to_end(process, log, asking)
        finally:
            process.kill()
            process.wait()


# --- a real broker that stands still --------------------------------------------------------------


def test_a_worker_ends_in_time_while_a_real_kafka_stands_still(
    tmp_path: Path, model_path: Path
) -> None:
    try:
        jars = kafka_jars()
    except NoKafka as reason:
        pytest.skip(str(reason))
    with KafkaProcess(jars, tmp_path) as kafka:
        site = new_site(kafka.address, tmp_path, model_path)
        calibrated(tmp_path / "profiles", model_path, "WIC", 3.0)
        with worker(site, CHECKPOINT_S="1") as running:
            sent = send(site, encoded(station("WIC", RECORDS, seed=3).records(60)))
            running.wait_for_records(sent)
            kafka.signal(signal.SIGSTOP)
            try:
                time.sleep(STILL_S)
                end = asked_to_end(running.process, running.log, signal.SIGTERM, signal.SIGINT)
            finally:
                kafka.signal(signal.SIGCONT)
        assert end.seconds < IN_TIME_S, end.log
        assert '"stopped"' in end.log.splitlines()[-1]
        # what it has not published or checkpointed, the next one does
        with worker(site, CHECKPOINT_S="1"):
            wait_until(lambda: committed(site) == sent)
        scored = values_by_key(received(site, "scores"))[b"WIC"]
        assert len(scored) == len({window_end(value) for value in scored}) > 0


def window_end(value: bytes) -> str:
    return str(msgspec.json.decode(value)["window_end"])
