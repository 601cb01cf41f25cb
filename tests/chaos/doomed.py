"""A worker that dies, by SIGKILL from its own hand, at the n-th time it reaches a named point.

Kills from outside seldom fall into the few milliseconds of a publication or a checkpoint. It is
the real worker but for that: ``python -m tests.chaos.doomed "in a publication" 40``. At the last
two points it does not die but stands still, as in a virtual machine that is moved, and wakes when
its partitions have long been another's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

from aiokafka import AIOKafkaProducer

from monitor.cli import main
from monitor.kafka.producer import Outgoing
from monitor.worker.faust_app import Consumption
from monitor.worker.pipeline import Worker
from monitor.worker.scorer import Scorer
from monitor.worker.state_store import States

SENT_S = 0.01  # what was sent before the fatal batch gets on its way
STILL_S = float(os.environ.get("STILL_S", "7"))  # more than twice the session timeout


def die() -> None:
    """At once, without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def stand_still() -> None:
    """Until someone wakes us, or a shell does."""
    me = os.getpid()
    subprocess.Popen(["sh", "-c", f"sleep {STILL_S}; kill -CONT {me}"])
    os.kill(me, signal.SIGSTOP)


def _doom_call(owner: type, name: str, times: int) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    calls = count(1)

    def fatal(*arguments: Any, **named: Any) -> Any:
        if next(calls) >= times:
            die()
        return original(*arguments, **named)

    setattr(owner, name, fatal)


def _still_after(owner: type, name: str, has_alerts: Callable[[Any], bool], times: int) -> None:
    """At the n-th result with alerts; the worker believes that nothing has happened."""
    original = getattr(owner, name)
    calls = count(1)

    def still(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        if has_alerts(result) and next(calls) == times:
            stand_still()
        return result

    setattr(owner, name, still)


def _has_alert_records(records: list[Outgoing]) -> bool:
    return any(record.topic.endswith("alerts") for record in records)


def _doom_sends(times: int, topics: tuple[str, ...]) -> None:
    original = AIOKafkaProducer.send_batch
    calls = count(1)

    async def fatal(self: AIOKafkaProducer, batch: Any, topic: str, **named: Any) -> Any:
        if topic.endswith(topics) and next(calls) >= times:
            await asyncio.sleep(SENT_S)
            die()
        return await original(self, batch, topic, **named)

    AIOKafkaProducer.send_batch = fatal


STANDSTILL = "stands still before an alert"
LATE_STANDSTILL = "stands still with an alert's record in its hands"

# What happens, and how often, at most, its point is passed before.
FATES: dict[str, tuple[int, Callable[[int], None]]] = {
    "between the halves of a step": (10, lambda n: _doom_call(Scorer, "finish", n)),
    "in a publication": (10, lambda n: _doom_sends(n, ("scores", "alerts"))),
    "after a publication": (8, lambda n: _doom_call(States, "adopt", n)),
    "in a checkpoint": (5, lambda n: _doom_sends(n, ("state",))),
    "after a checkpoint": (4, lambda n: _doom_call(States, "saved", n)),
    "while states load": (2, lambda n: _doom_call(States, "_loaded_now", n)),
    "when partitions go": (2, lambda n: _doom_call(Consumption, "_on_revoked", n)),
    "when partitions come": (2, lambda n: _doom_call(Consumption, "_on_assigned", n)),
    STANDSTILL: (3, lambda n: _still_after(Scorer, "finish", lambda it: bool(it.alerts), n)),
    LATE_STANDSTILL: (3, lambda n: _still_after(Worker, "_outgoing", _has_alert_records, n)),
}


if __name__ == "__main__":
    FATES[sys.argv[1]][1](int(sys.argv[2]))
    sys.argv = ["magwatch", "worker"]
    main()
