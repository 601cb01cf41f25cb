"""The filter drops what clients log about a lost broker, counts it, and drops nothing else."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import aiokafka.errors
import pytest

from monitor.kafka import outage
from monitor.kafka.embedded_broker import free_port
from monitor.settings import Settings
from tests.abuse.mute import tansu_behind_a_proxy
from tests.abuse.test_broker_away import BACK, LOADED_S, WAITING, lines, tls_server

FOLDING = """
import logging, sys, threading, time
import aiokafka.errors as errors
from monitor.kafka import outage
from monitor.logs import configure_logs
from monitor.settings import load_settings
outage.PROBE_S = outage.QUIET_S = 0.2
outage.REMIND_S = 0.5
configure_logs(load_settings(broker=sys.argv[1]))
client = logging.getLogger("aiokafka")
group = logging.getLogger("aiokafka.consumer.group_coordinator")

def fail(count):
    for _ in range(count):
        client.error('Unable connect to node with id %s: %s', 1, OSError(111, "refused"))
        client.error("Unable to update metadata from %s", [1])

def others(mark):
    client.error("Topic %s is not authorized for this client", mark)
    group.error("OffsetCommit failed for unauthorized topics %s", mark)
    group.warning("Marking the coordinator dead (node %s)for group %s.", 1, mark)
    logging.getLogger("asyncio").error("Task exception: %s", mark, exc_info=OSError(2, mark))
    logging.getLogger("magwatch.any").warning("a line of ours, %s", mark)

others("before")
print("ready", flush=True)
threads = [threading.Thread(target=fail, args=(5000,)) for _ in range(4)]
for one in threads: one.start()
time.sleep(0.5)
others("while")
for one in threads: one.join()
begun = time.monotonic()
while time.monotonic() - begun < 1.5:
    fail(1)
    time.sleep(0.05)
print("over", flush=True)
sys.stdin.readline()
time.sleep(1.0)
others("after")
"""
ALWAYS = ("is not authorized", "unauthorized topics", "Task exception", "a line of ours")


@contextmanager
def folding(broker: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", FOLDING, broker],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_forty_thousand_lines_become_a_few_and_no_other_is_lost() -> None:
    port = free_port()
    with folding(f"127.0.0.1:{port}") as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        assert process.stdout.readline() == "over\n"
        _, log = process.communicate("\n", timeout=60)
    for mark in ("before", "while", "after"):
        for words in ALWAYS:
            found = [line for line in log.splitlines() if words in line and mark in line]
            assert len(found) == 1, (words, mark, log)
    # of the group's, those from before; while it lasts they say nothing new
    assert re.findall(r"Marking the coordinator dead .*group (\w+)", log) == ["before"]
    own = [line for line in lines(log) if line["logger"] == "magwatch.broker"]
    assert 3 <= len(own) <= 20, log  # one every half second here
    assert {line["event"] for line in own} == {WAITING}  # nobody has come back
    assert int(str(own[-1]["left_out"])) > 40_000
    assert len(lines(log)) == len(own) + 3 * (len(ALWAYS) + 1) - 2


def test_it_is_over_when_a_broker_answers_and_no_client_fails() -> None:
    with tansu_behind_a_proxy() as proxy:
        proxy.go()
        with folding(proxy.address) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            assert process.stdout.readline() == "over\n"
            proxy.come_back()
            _, log = process.communicate("\n", timeout=60)
    own = [str(line["event"]) for line in lines(log) if line["logger"] == "magwatch.broker"]
    assert own[:-1] == [WAITING] * (len(own) - 1)
    assert own[-1] == BACK
    assert "Marking the coordinator dead (node 1)for group after" in log


def test_what_the_clients_say_of_connections_is_still_what_they_say() -> None:
    """A new version of a client may have other words, which would not be left out any more."""
    source = ""
    for client in ("aiokafka", "kafka"):
        found = find_spec(client)
        assert found
        (folder,) = found.submodule_search_locations or ()
        source += "".join(path.read_text() for path in Path(folder).rglob("*.py"))
    for words in (*outage.ABOUT_CONNECTIONS, *outage.WHILE_IT_LASTS, outage.NO_METADATA):
        assert re.search(r"""["']""" + re.escape(words), source), words


def test_what_a_broker_answers_is_no_outage() -> None:
    """Every error that a broker gives as an answer is logged as it is, but a request's timeout."""
    answers = {
        error
        for error in vars(aiokafka.errors).values()
        if isinstance(error, type) and issubclass(error, aiokafka.errors.BrokerResponseError)
    }
    assert len(answers) > 50
    for error in answers:
        record = client_record("Failed fetch messages from %s: %s", 1, error())
        folded = outage._about_connections(record, lasting=True)
        assert folded == (error is aiokafka.errors.RequestTimedOutError), error


def client_record(text: str, *arguments: object) -> logging.LogRecord:
    about = {"name": "aiokafka.consumer.fetcher", "msg": text, "args": arguments}
    return logging.makeLogRecord(about)


def test_a_record_that_cannot_be_formatted_does_no_harm() -> None:
    found = outage.Outage(Settings(broker="127.0.0.1:9"))
    found._watching = Thread()  # it would speak
    record = client_record("Unable connect to node with id %d: %s %s", OSError("x"))
    assert not found.filter(record)


def test_a_certificate_that_goes_wrong_later_is_named_and_waited_for(tmp_path: Path) -> None:
    """A service that runs does not end for it: the broker's side may be what has to be mended."""
    if not shutil.which("openssl"):
        pytest.skip("certificates are made with openssl, which is not installed")
    script = FOLDING.replace("broker=sys.argv[1]", "broker=sys.argv[1], security_protocol='SSL'")
    with tls_server(tmp_path) as address:
        result = subprocess.run(
            [sys.executable, "-c", script, address],
            input="\n",
            capture_output=True,
            text=True,
            timeout=LOADED_S,
            check=True,
        )
    own = [line for line in lines(result.stderr) if line["logger"] == "magwatch.broker"]
    assert own
    assert all("check MAGWATCH_SSL_CAFILE" in str(line["reason"]) for line in own)
