"""Records of which stations' sources are silent, for the live page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.ingest.outbox import Publish
from monitor.kafka.producer import Outgoing
from monitor.records.sources import encode_source


@dataclass(slots=True)
class SourceStates:
    """Publishes the state of a station's sources when it changes.

    It is apart from the samples: they never wait for it.

    Attributes
    ----------
    topic
        Full name of the topic.
    now_ms
        Clock.
    """

    topic: str
    now_ms: Callable[[], int]
    _silent: dict[str, bool] = field(default_factory=dict)  # by station, as last told
    _waiting: dict[str, Outgoing] = field(default_factory=dict)  # newest of each station
    _filled: asyncio.Event = field(default_factory=asyncio.Event)

    def speaks(self, station: str) -> None:
        """Note that a source of the station brings values."""
        if self._silent.get(station) is not False:
            self._put(station, encode_source(station, "speaks", self.now_ms(), ""))
            self._silent[station] = False

    def silent(self, station: str, for_s: float, said: str) -> None:
        """Note that no source has brought values for a while, and why."""
        if not self._silent.get(station):
            since_ms = self.now_ms() - round(for_s * 1000)
            self._put(station, encode_source(station, "silent", since_ms, said))
            self._silent[station] = True

    async def run(self, publish: Publish) -> None:
        """Publish for ever."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            records, self._waiting = [*self._waiting.values()], {}
            await publish(records)

    def _put(self, station: str, value: bytes) -> None:
        self._waiting[station] = Outgoing(self.topic, station.encode(), value)
        self._filled.set()
