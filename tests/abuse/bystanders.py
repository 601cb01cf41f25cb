"""The other commands of magwatch as real processes, none of which may end before it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from monitor.kafka.embedded_broker import free_port
from tests.abuse.services import Services
from tests.abuse.verdict import Found
from tests.brokers import ROOT
from tests.monitor.workers import Site
from tests.processes import Magwatch

END_S = 15.0
CATCH_UP_S = 150.0  # a receiver may ask the forwarder for a pause of a minute
GOOD_ENDS = (0, -signal.SIGTERM, 128 + signal.SIGTERM)


@dataclass
class Bystander:
    """A process and its log."""

    name: str
    process: Magwatch
    log: Path


@dataclass
class Bystanders:
    """All of them; `failures` are ends that nobody asked for, and refusals to end."""

    members: list[Bystander]
    page_url: str
    folder: Path
    failures: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Note who has ended by itself."""
        for member in list(self.members):
            if (code := member.process.poll()) is not None:
                self.members.remove(member)
                self.failures.append(f"{member.name} ended by itself with {code}:\n{_tail(member)}")

    def left_undone(self, services: Services, honest: Collection[str], found: Found) -> list[str]:
        """Lines about what they should have done; they get a while to do it."""
        deadline_s = time.monotonic() + CATCH_UP_S
        while (lines := self._undone(services, honest, found)) and time.monotonic() < deadline_s:
            time.sleep(1.0)
            self.check()
        return lines

    def _undone(self, services: Services, honest: Collection[str], found: Found) -> list[str]:
        lines = []
        versions = {version for (version,) in found.honest.versions}
        if missing := versions - services.delivered:
            lines.append(f"webhook: {len(missing)} of {len(versions)} alert versions not delivered")
        if unseen := set(honest) - self.shown_stations():
            lines.append(f"dashboard: {len(unseen)} of {len(honest)} stations not shown")
        told = self.log_of("alerts").read_text(errors="replace")
        if untold := [one for one in found.honest.versions.values() if one.decode() not in told]:
            lines.append(f"alerts: {len(untold)} of {len(versions)} alert versions not printed")
        lines += [
            f"indices: {source} was asked {services.asked['/' + source]} times, nothing published"
            for source in ("gfz", "kyoto")
            if not found.indices[source]
        ]
        return lines

    def log_of(self, name: str) -> Path:
        """What a process has written."""
        return self.folder / f"{name}.log"

    def shown_stations(self) -> set[str]:
        """The stations that the live page shows; none if it does not answer."""
        try:
            with urllib.request.urlopen(self.page_url + "/api/snapshot", timeout=30) as answer:  # noqa: S310 - our own address
                snapshot = json.load(answer)
        except (OSError, ValueError):
            return set()
        return {str(one["code"]) for one in snapshot["everything"]["stations"]}

    def end(self) -> None:
        """Ask all to end; note who does not, or not well."""
        self.check()
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            try:
                code = member.process.wait(END_S)
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()
                self.failures.append(f"{member.name} did not end in {END_S:g} s:\n{_tail(member)}")
            else:
                if code not in GOOD_ENDS:
                    self.failures.append(f"{member.name} ended with {code}:\n{_tail(member)}")


@contextmanager
def bystanders(site: Site, http: str) -> Iterator[Bystanders]:
    """The live page, the poller of indices, the forwarder of alerts and the list of alerts."""
    port = free_port()
    commands = {
        "dashboard": ["dashboard", "--port", str(port)],
        "indices": ["indices"],
        "webhook": [
            *("alerts", "--webhook", http + "/hook", "--format", "cloudevents"),
            *("--from-beginning", "--on-refused", "skip", "--timeout", "5"),
            *("--group", site.settings.group + "-webhook"),
        ],
        "alerts": ["alerts", "--json", "--from-beginning"],
    }
    environment = site.environment(
        INDEX_POLL_S="1",
        INDEX_GFZ_URL=http + "/gfz",
        INDEX_NOAA_URL=http + "/noaa",
        INDEX_KYOTO_URL=http + "/kyoto",
    )
    members = [_started(name, command, environment, site) for name, command in commands.items()]
    try:
        yield Bystanders(members, f"http://127.0.0.1:{port}", site.folder)
    finally:
        for member in members:
            if member.process.poll() is None:
                member.process.kill()
                member.process.wait()


def _started(name: str, command: list[str], environment: dict[str, str], site: Site) -> Bystander:
    log = site.folder / f"{name}.log"
    with log.open("wb") as stream:
        process = Magwatch(
            command,
            env=environment,
            stdout=stream,
            stderr=stream,
            cwd=ROOT,
        )
    return Bystander(name, process, log)


def _tail(member: Bystander) -> str:
    return member.log.read_text(errors="replace")[-1500:]
