"""A real MQTT broker for the tests: Debian's mosquitto on a port of this machine."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import isnan
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from archive.recording import Recording
from geofield.utc import utc
from monitor.kafka.embedded_broker import free_port

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
START_S = 10.0


class Mosquitto:
    """A broker that keeps sessions and messages on disk, so it can be restarted.

    `users` are passwords by name; without any, everyone may connect. `rules` are lines of an ACL.
    """

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, str] | None = None,
        rules: str = "",
        certificates: Path | None = None,
    ) -> None:
        if MOSQUITTO is None:
            pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            f"listener {self.port} 127.0.0.1",
            "user root",  # else it gives up the rights to this folder if root starts it
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 0",
            f"allow_anonymous {'false' if users else 'true'}",
        ]
        if users:
            lines.append(f"password_file {self._passwords(users)}")
        if rules:
            (folder / "acl").write_text(rules)
            lines.append(f"acl_file {folder}/acl")
        if certificates:
            lines += [
                f"certfile {certificates}/broker.crt",
                f"keyfile {certificates}/broker.key",
            ]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def _passwords(self, users: Mapping[str, str]) -> Path:
        path = self._folder / "passwords"
        path.touch(mode=0o600)
        for name, password in users.items():
            command = ["mosquitto_passwd", "-b", str(path), name, password]
            subprocess.run(command, check=True, capture_output=True)
        return path

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it takes connections."""
        log = (self._folder / "mosquitto.log").open("ab")
        self._process = subprocess.Popen(
            [str(MOSQUITTO), "-c", str(self._folder / "mosquitto.conf")], stdout=log, stderr=log
        )
        log.close()
        deadline_s = time.monotonic() + START_S
        while not _accepts(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError((self._folder / "mosquitto.log").read_text()[-2000:])
            time.sleep(0.02)

    def stop(self) -> None:
        """End it; sessions and messages stay on disk."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(START_S)
            self._process = None


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(0.5)
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def publisher(
    port: int, user: str = "", password: str = "", authority: Path | None = None
) -> Iterator[Client]:
    """A station's client; it sends again what the broker had not confirmed."""
    client = Client(CallbackAPIVersion.VERSION2, f"sender-{user}", clean_session=False)
    client.max_queued_messages_set(0)
    client.reconnect_delay_set(1, 1)
    if user:
        client.username_pw_set(user, password)
    if authority:
        client.tls_set(str(authority))
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: Client, messages: Iterable[tuple[str, bytes]], seconds: float = 60.0) -> None:
    """Publish with QoS 1 and wait until the broker has all of it."""
    confirmed: set[int] = set()
    client.on_publish = lambda *told: confirmed.add(told[2])
    sent = {client.publish(topic, body, 1).mid for topic, body in messages}
    deadline_s = time.monotonic() + seconds
    while sent - confirmed:
        assert time.monotonic() < deadline_s, f"{len(sent - confirmed)} messages were not taken"
        time.sleep(0.02)


def impf(recording: Recording, **more: object) -> tuple[str, bytes]:
    """Topic and payload of a message, with the time as INTERMAGNET writes it."""
    arrays = {
        f"geomagneticField{name}": [None if isnan(value) else value for value in values.tolist()]
        for name, values in recording.elements.items()
    }
    cadence = {1000: "pt1s", 60_000: "pt1m"}[recording.cadence_ms]
    start = utc(recording.start_ms).removesuffix("Z")
    elements = "".join(recording.elements).lower()
    topic = f"impf/{recording.station.lower()}/{cadence}/1/{elements}s"
    return topic, json.dumps({"startDate": start, **arrays, **more}).encode()
