"""A crew of worker processes of one group: killed, ended, stopped for a while, replaced."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.brokers import ROOT
from tests.chaos.doomed import FATES
from tests.monitor.workers import Site
from tests.processes import Magwatch

# A short checkpoint interval, so that a kill finds both old and new checkpoints.
HASTE = {
    "SESSION_TIMEOUT_S": "3",
    "HEARTBEAT_S": "0.5",
    "CHECKPOINT_S": "1",
}
END_S = 30.0


@dataclass
class Member:
    """A worker; `doom` is what kills it, if something does."""

    process: Magwatch
    log: Path
    doom: str | None


@dataclass
class Fleet:
    """Workers of a site, and what became of those before them."""

    site: Site
    random: Random
    members: list[Member] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    recruited: int = 0
    stood_still: int = 0
    failures: list[str] = field(default_factory=list)

    def recruit(self, doom: str | None = None) -> None:
        """Start a worker, healthy or doomed."""
        self.recruited += 1
        log = self.site.folder / f"worker-{self.recruited}.log"
        module, arguments = "monitor", ["worker"]
        if doom is not None:
            times = self.random.randint(1, FATES[doom][0])
            module, arguments = "tests.chaos.doomed", [doom, str(times)]
        with log.open("wb") as stream:
            process = Magwatch(
                arguments,
                module=module,
                env=self.site.environment(**HASTE, METRICS_PORT="0", BATCH_RECORDS="64"),
                stdout=stream,
                stderr=stream,
                cwd=ROOT,
            )
        self.members.append(Member(process, log, doom))

    def tend(self, size: int, doomed_share: float) -> None:
        """Bury the dead and fill up to `size` workers, some of them doomed."""
        for member in list(self.members):
            if member.process.poll() is not None:
                self._bury(member)
        while len(self.members) < size:
            doom = self.random.random() < doomed_share
            self.recruit(self.random.choice(list(FATES)) if doom else None)

    def kill(self) -> None:
        """SIGKILL to one of them, whatever it is doing."""
        if alive := [one for one in self.members if one.process.poll() is None]:
            victim = self.random.choice(alive)
            victim.process.kill()
            victim.process.wait()
            victim.doom = "at a random instant"
            self._bury(victim)

    def stall(self, seconds: float) -> None:
        """SIGSTOP to one of them, longer than the group waits: it wakes unaware."""
        if self.members:
            victim = self.random.choice(self.members).process
            victim.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            victim.send_signal(signal.SIGCONT)

    def leave(self) -> None:
        """SIGTERM to one of them, as a deployment would."""
        if self.members:
            member = self.random.choice(self.members)
            member.process.terminate()
            self._await_end(member)

    def disband(self) -> None:
        """End them all."""
        for member in self.members:
            member.process.terminate()
        for member in list(self.members):
            self._await_end(member)

    def _await_end(self, member: Member) -> None:
        try:
            member.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.failures.append(f"did not end on SIGTERM:\n{_tail(member.log)}")
            member.process.kill()
            member.process.wait()
        self._bury(member)

    def _bury(self, member: Member) -> None:
        self.members.remove(member)
        self.stood_still += "stood still" in member.log.read_text(errors="replace")
        code = member.process.returncode
        if code == -signal.SIGKILL and member.doom is not None:
            self.kills[member.doom] += 1
        elif code not in (0, -signal.SIGTERM):
            self.failures.append(f"ended by itself with {code}:\n{_tail(member.log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:]
