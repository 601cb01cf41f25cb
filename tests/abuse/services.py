"""Services of indices and a webhook's receiver, partly with answers that no client expects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import msgspec

from tests.abuse.answers import Horror, answer, headers, redirects
from tests.abuse.documents import documents
from tests.abuse.raw_server import Asked, Piece, raw_server

HTTP = "http"  # the name of this kind of abuse
STUMBLES = 0.02  # of a receiver
TIMES = ["2024-05-10T00:00:00Z", "2024-05-10T03:00:00Z"]  # days before the honest stations' data


class _Event(msgspec.Struct):
    id: str


@dataclass
class Services:
    """GFZ and Kyoto answer well and with another value each time; NOAA is `strange`, if asked.

    Attributes
    ----------
    asked
        How often each path was asked for.
    delivered
        Ids of the events that were posted and answered with 200.
    """

    random: Random
    strange: bool
    asked: Counter[str] = field(default_factory=Counter)
    delivered: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._documents = [*documents(), *headers(), *redirects()] if self.strange else []
        self._receipts = [one for one in headers() if one.harmless] if self.strange else []

    @contextmanager
    def served(self) -> Iterator[str]:
        """Base URL of a server that answers so."""
        with raw_server(self._reply) as url:
            yield url

    def _reply(self, asked: Asked) -> Iterable[Piece]:
        path, _, _ = asked.path.partition("?")
        self.asked[path] += 1
        count = self.asked[path]
        match path:
            case "/gfz":
                kp = [round(count % 27 / 3, 3), 3.0]
                return (answer(json.dumps({"datetime": TIMES, "Kp": kp}).encode()),)
            case "/kyoto":
                rows = [{"time_tag": TIMES[0], "dst": -(count % 100)}]
                return (answer(json.dumps(rows).encode()),)
            case "/hook":
                return self._receipt(asked.body)
        return self._one_of(self._documents)

    def _receipt(self, body: bytes) -> Iterable[Piece]:
        if self.strange and self.random.random() < STUMBLES:
            return self.random.choice(((), (None,), (b"rubbish",), (answer(b"", status=b"503 B"),)))
        self.delivered.add(msgspec.json.decode(body, type=_Event).id)
        return self._one_of(self._receipts)

    def _one_of(self, horrors: list[Horror]) -> Iterable[Piece]:
        good = answer(json.dumps([{"time_tag": TIMES[0], "Kp": 3.0}]).encode())
        return self.random.choice(horrors).pieces() if horrors else (good,)
