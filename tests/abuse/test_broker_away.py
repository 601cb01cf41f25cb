"""While the broker is away: one line when it goes, one a minute, one when it is back.

In every command, and nothing else that is logged is lost by it. What a setting has to mend is one
line as well, and the end.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from monitor.kafka import outage
from monitor.settings import Settings
from tests.abuse.mute import tansu_behind_a_proxy
from tests.deploy.secured_kafka import make_certificates
from tests.monitor.index_feed.services import Served, gfz, service, table
from tests.monitor.workers import Site, end, new_site, wait_until
from tests.processes import Magwatch, magwatch

AWAY_S = 5.0
LOADED_S = 60.0
WAITING, BACK = "waiting for the broker", "the broker is back"


def events(log: str) -> Counter[str]:
    return Counter(str(line["event"]) for line in lines(log))


def lines(log: str) -> list[dict[str, object]]:
    """What a command logged; what it says to people is no JSON."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


# --- the commands ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A command, and how one knows that it is at work."""

    arguments: tuple[str, ...]
    at_work: str = ""


COMMANDS = {
    "worker": Command(("worker", "--metrics-port", "0"), "states loaded"),
    "dashboard": Command(("dashboard", "--port", "0"), '"page"'),
    "indices": Command(("indices", "--source", "gfz"), "index published"),
    "webhook": Command(("alerts", "--webhook", "http://127.0.0.1:9/")),
    "alerts": Command(("alerts", "--versions")),
    "history": Command(("history", "history"), "files written"),
}


def test_every_command_says_once_that_it_goes_and_once_that_it_is_back(
    tmp_path: Path, model_path: Path
) -> None:
    with service(Served(gfz(table()))) as url, ThreadPoolExecutor(len(COMMANDS)) as threads:
        logs = {}
        for name in COMMANDS:
            (folder := tmp_path / name).mkdir()
            logs[name] = threads.submit(away_for_a_while, name, folder, model_path, url)
        for name, log in logs.items():
            assert_said_once(name, log.result())


def away_for_a_while(name: str, folder: Path, model: Path, url: str) -> str:
    """What a command logs from when its broker goes until it is back for a while."""
    command = COMMANDS[name]
    with tansu_behind_a_proxy() as proxy:
        site = new_site(proxy.address, folder, model)
        # so often that a poll that has something falls into the time
        environment = site.environment(INDEX_GFZ_URL=url, INDEX_POLL_S="1", HISTORY_WRITE_S="1")
        with (log := folder / "log").open("wb") as stream:
            process = Magwatch(
                command.arguments, env=environment, cwd=folder, stdout=stream, stderr=stream
            )
        try:
            asked = proxy.connections
            wait_until(lambda: command.at_work in log.read_text(), LOADED_S)
            wait_until(lambda: proxy.connections > asked + 1, LOADED_S)
            time.sleep(2.0)
            before = len(log.read_text())
            proxy.go()
            time.sleep(AWAY_S)
            proxy.come_back()
            wait_until(lambda: BACK in log.read_text(), 30.0)
            time.sleep(1.0)
            return log.read_text()[before:]
        finally:
            end(process)


def assert_said_once(name: str, log: str) -> None:
    counted = events(log)
    own = [line for line in lines(log) if line["logger"] == "magwatch.broker"]
    assert (counted[WAITING], counted[BACK]) == (1, 1), (name, log)
    assert "connection refused" in str(own[0]["reason"]), (name, own)
    assert AWAY_S / 2 < float(str(own[1]["seconds"])) < 4 * AWAY_S, (name, own)
    clients = [one for one in lines(log) if str(one["logger"]).startswith(outage.CLIENTS)]
    assert len(clients) <= 3, (name, log)  # of the group, once the broker is back
    assert "Traceback" not in log, (name, log)


# --- what a setting has to mend -------------------------------------------------------------------


@contextmanager
def tls_server(folder: Path) -> Iterator[str]:
    """Address of a server whose certificate is signed by `ca.pem` of the folder."""
    make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "broker.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=shake_hands, args=(listener, context), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            with client, suppress(OSError):
                context.wrap_socket(client, server_side=True).recv(1)


REFUSED = {name: command.arguments for name, command in COMMANDS.items()} | {"topics": ("topics",)}


def test_a_wrong_certificate_is_one_line_and_the_end_in_every_command(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("certificates are made with openssl, which is not installed")
    with tls_server(tmp_path) as address, ThreadPoolExecutor(len(REFUSED)) as threads:
        site = Site(Settings(broker=address, profiles=tmp_path), tmp_path)
        environment = site.environment(SECURITY_PROTOCOL="SSL", LOG_LEVEL="warning")
        running = {
            name: threads.submit(magwatch, *arguments, env=environment, timeout=LOADED_S)
            for name, arguments in REFUSED.items()
        }
        for name, future in running.items():
            result = future.result()
            said = result.stdout + result.stderr
            assert result.returncode == 1, (name, said)
            assert re.fullmatch(
                r"magwatch: no TLS with \S+ \([^()]*certificate[^()]*\): check MAGWATCH_SSL_CAFILE "
                r"and _SECURITY_PROTOCOL\n",
                said,
            ), (name, said)
