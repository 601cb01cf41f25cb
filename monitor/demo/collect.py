"""Collection of the records that the worker published."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from monitor.demo.judgement import final_versions
from monitor.demo.system import System
from monitor.errors import Refused
from monitor.kafka.tail import tail
from monitor.records.scores_and_alerts import AlertData, AlertEvent, ScoreRecord

PATIENCE_S = 60.0
SETTLED_WITHIN_S = 15.0


@dataclass(slots=True)
class Collected:
    """The records in the order of reading."""

    scores: list[ScoreRecord] = field(default_factory=list)
    alerts: list[AlertData] = field(default_factory=list)
    alert_values: list[bytes] = field(default_factory=list)  # `alerts` as bytes


def collect(system: System, windows: int, advance: Callable[[int], object]) -> Collected:
    """Read scores until there are `windows` of them, then alerts until each has its class.

    Raises
    ------
    Refused
        If the worker ends, or no score comes for a minute.
    """
    values = _scores(system, windows, advance)
    collected = Collected([msgspec.json.decode(value, type=ScoreRecord) for value in values])
    began_s = time.monotonic()
    for batch in tail(system.settings, "alerts", from_beginning=True, follow=True):
        collected.alert_values += batch
        collected.alerts += [msgspec.json.decode(value, type=AlertEvent).data for value in batch]
        # an alert with unknown Kp keeps its class
        late = time.monotonic() - began_s > SETTLED_WITHIN_S
        if late or (not batch and not any(map(_awaits_class, final_versions(collected.alerts)))):
            break
    return collected


def _awaits_class(alert: AlertData) -> bool:
    return alert.status == "resolved" and alert.classification == "unknown"


def _scores(system: System, windows: int, advance: Callable[[int], object]) -> list[bytes]:
    values: list[bytes] = []
    last_s = time.monotonic()
    for batch in tail(system.settings, "scores", from_beginning=True, follow=True):
        values += batch
        advance(len(batch))
        if len(values) >= windows:
            break
        system.check_alive()
        last_s = time.monotonic() if batch else last_s
        if time.monotonic() - last_s > PATIENCE_S:
            raise Refused(
                f"{len(values)} of {windows} windows, and none for {PATIENCE_S:.0f} s: "
                f"see {system.log}"
            )
    return values
