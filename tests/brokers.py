"""Real brokers for the tests: the embedded one always, Apache Kafka where Java and Maven are."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

from monitor.kafka.embedded_broker import embedded_broker, free_port

ROOT = Path(__file__).resolve().parent.parent
POM = ROOT / "tests" / "kafka" / "pom.xml"
CACHE = ROOT / ".cache" / "kafka"
OWN_KAFKA = "MAGWATCH_TEST_KAFKA"
JAVA_MIN = 17
SHARED = "MAGWATCH_TEST_KAFKA_FOLDER"  # of the Kafka that the processes of a run share
SAID = "said.json"
SHARED_S = 240.0  # the first time it is fetched
START_S = 60.0
STOP_S = 15.0
BRIEF = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # for minutes: a third less to start


class NoKafka(Exception):
    """There is no way to a real Kafka here; the message says what is missing."""


@contextmanager
def tansu() -> Iterator[str]:
    """Address of an embedded broker."""
    with embedded_broker() as broker:
        yield broker.address


@contextmanager
def apache_kafka(folder: Path, java: Sequence[str] = BRIEF) -> Iterator[str]:
    """Address of an Apache Kafka: one's own, one that is shared, or one with options of Java.

    Raises
    ------
    NoKafka
        If neither is possible.
    """
    if own := os.environ.get(OWN_KAFKA):
        yield own
        return
    if shared := os.environ.get(SHARED):
        yield shared_kafka(Path(shared))
        return
    with KafkaProcess(kafka_jars(), folder, java) as kafka:
        yield kafka.address


class SharedKafka:
    """An Apache Kafka for all processes of a run, on its way while the first tests run.

    What came of it is in a file of `folder`, for `shared_kafka`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()
        self._starting = Thread(target=self._start)
        self._starting.start()

    def _start(self) -> None:
        said = {}
        try:
            kafka = KafkaProcess(kafka_jars(), self._folder)
            said["address"] = self._running.enter_context(kafka).address
        except NoKafka as reason:
            said["none"] = str(reason)
        except Exception as error:  # those who wait must hear of it
            said["failed"] = repr(error)
        unfinished = self._folder / "said.part"
        unfinished.write_text(json.dumps(said))
        unfinished.rename(self._folder / SAID)

    def stop(self) -> None:
        """End it."""
        self._starting.join()
        self._running.close()


def shared_kafka(folder: Path) -> str:
    """Address of the Kafka that another process shares.

    Raises
    ------
    NoKafka
        If there is none.
    """
    deadline_s = time.monotonic() + SHARED_S
    while not (folder / SAID).exists():
        if time.monotonic() > deadline_s:
            raise RuntimeError("the shared Kafka has not started")
        time.sleep(0.2)
    said: dict[str, str] = json.loads((folder / SAID).read_text())
    if "none" in said:
        raise NoKafka(said["none"])
    if "failed" in said:
        raise RuntimeError(said["failed"])
    return said["address"]


class KafkaProcess:
    """A Kafka in KRaft mode that can be stopped and started again on its own data."""

    def __init__(self, jars: Path, folder: Path, java: Sequence[str] = BRIEF) -> None:
        self._jars, self._folder, self._java = jars, folder, java
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._config = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        self._prepare()

    def _prepare(self) -> None:
        """Write the configuration and format the data folder."""
        self._config.write_text(_configuration(self._port, free_port(), self._folder / "data"))
        self._run("kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(self._config))

    def __enter__(self) -> KafkaProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it takes connections."""
        with (self._folder / "kafka.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command("-Xmx512m"), "kafka.Kafka", str(self._config)],
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        deadline_s = time.monotonic() + START_S
        while not _accepts(self._port):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError((self._folder / "kafka.log").read_text()[-2000:])
            time.sleep(0.2)

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP, SIGCONT, or SIGKILL: then it is gone when this returns, and its data stay."""
        assert self._process is not None
        self._process.send_signal(number)
        if number is signal.SIGKILL:
            self._process.wait()

    def stop(self) -> None:
        """End it; its data stay."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _run(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        command = [*self._command(), *arguments]
        result = subprocess.run(
            command, capture_output=True, cwd=self._folder, timeout=60, env=environment, check=False
        )
        if result.returncode:
            raise RuntimeError(f"{arguments}: {result.stdout[-1000:]!r} {result.stderr[-1000:]!r}")

    def _command(self, *options: str) -> list[str]:
        return ["java", *self._java, *options, "-cp", str(self._jars / "*")]


def kafka_jars() -> Path:
    """Kafka's jars, fetched once by Maven into a folder that git ignores."""
    done = CACHE / "complete"
    if not shutil.which("java") or _java_version() < JAVA_MIN:
        raise NoKafka(f"Apache Kafka needs Java {JAVA_MIN}; or set {OWN_KAFKA}=host:port")
    if not done.exists():
        if not shutil.which("mvn"):
            raise NoKafka(f"Apache Kafka is fetched with Maven; or set {OWN_KAFKA}=host:port")
        CACHE.mkdir(parents=True, exist_ok=True)
        fetch = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
        result = subprocess.run(
            [*fetch, f"-DoutputDirectory={CACHE}"], capture_output=True, check=False, timeout=240
        )
        if result.returncode:
            raise NoKafka(f"Maven could not fetch Apache Kafka: {result.stdout[-300:]!r}")
        done.touch()
    return CACHE


def _java_version() -> int:
    command = ["java", "-XshowSettings:properties", "-version"]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "java.specification.version":
            return int(value.strip().removeprefix("1."))
    return 0


def _cluster_id() -> str:
    return uuid.uuid4().hex[:22]


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(0.5)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _configuration(port: int, controller: int, data: Path) -> str:
    return f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""
