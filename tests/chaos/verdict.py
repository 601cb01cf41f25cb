"""What stands in the topics after a run, and whether it is what must stand there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from tests.chaos.workload import Expected
from tests.monitor.workers import Site, received

Key = tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """The newest record of each key, and how many there were besides.

    Scores are told apart by station, window and model, alert versions by the event's id, and
    alerts, as a compacted topic keeps them, by the record's key.
    """

    scores: Mapping[Key, bytes]
    versions: Mapping[Key, bytes]
    alerts: Mapping[Key, bytes]
    contradictions: list[str]
    repeated: int
    deadletters: int

    def differences(self, expected: Expected, name: str) -> list[str]:
        """A line for each way in which this is not what was expected."""
        must = _of(expected)
        lines = [f"{name}: {line}" for line in self.contradictions]
        for what in ("scores", "versions", "alerts"):
            has, wants = getattr(self, what), getattr(must, what)
            lost, extra = wants.keys() - has.keys(), has.keys() - wants.keys()
            other = [key for key in wants.keys() & has.keys() if wants[key] != has[key]]
            for word, keys in (("missing", lost), ("invented", extra), ("other bytes", other)):
                if keys:
                    lines.append(f"{name}: {len(keys)} {what} {word}, e.g. {min(keys)}")
            if other:
                lines.append(f"{has[min(other)].decode()} instead of {wants[min(other)].decode()}")
        if self.deadletters:
            lines.append(f"{name}: {self.deadletters} dead letters")
        return lines


def published(site: Site) -> Published:
    """Read the topics of a site."""
    scores, alerts = received(site, "scores"), received(site, "alerts")
    letters = len(received(site, "deadletter"))
    return newest_of(
        [one.value for one in scores],
        [(one.key.decode(), one.value) for one in alerts],
        letters,
    )


def _of(expected: Expected) -> Published:
    versions = [(_event(value).data["alert_id"], value) for value in expected.alerts]
    versions.sort(key=lambda one: _event(one[1]).data["version"])
    return newest_of(expected.scores, versions, 0)


def newest_of(
    scores: Iterable[bytes], alerts: Iterable[tuple[str, bytes]], deadletters: int
) -> Published:
    """The newest of scores and of alerts with their keys, each in the order of their topic."""
    by_window: dict[Key, bytes] = {}
    by_version: dict[Key, bytes] = {}
    newest: dict[Key, bytes] = {}
    contradictions: list[str] = []
    total = 0
    for value in scores:
        total += 1
        _put(by_window, _window(value), value, contradictions)
    for alert_id, value in alerts:
        total += 1
        _put(by_version, (_event(value).id,), value, contradictions)
        newest[(alert_id,)] = value
    repeated = total - len(by_window) - len(by_version)
    return Published(by_window, by_version, newest, contradictions, repeated, deadletters)


def _put(found: dict[Key, bytes], key: Key, value: bytes, contradictions: list[str]) -> None:
    if found.setdefault(key, value) != value:
        contradictions.append(f"two different records for {key}")
    found[key] = value


class _Model(msgspec.Struct):
    name: str


class _Score(msgspec.Struct):
    station: str
    window_end: str
    model: _Model


class _Event(msgspec.Struct):
    id: str
    data: dict[str, object]


def _window(value: bytes) -> Key:
    score = msgspec.json.decode(value, type=_Score)
    return score.station, score.window_end, score.model.name


def _event(value: bytes) -> _Event:
    return msgspec.json.decode(value, type=_Event)
