"""A source of samples: a pure parser, and a transport that hands over messages.

A new source implements the two methods of `SampleSource`. A source that can be asked for a span of
time is a `WebService` instead, whose two methods say what to ask for and read the answer;
`monitor.ingest.web` polls it and fills gaps from it. docs/sources.md has a worked example.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from archive.recording import Recording
from monitor.ingest.manner import Manner
from monitor.ingest.stations import StationPlan

Acknowledge: TypeAlias = Callable[[], None]


def nothing() -> None:
    """Acknowledge to a source that does not care."""


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """What a transport hands over.

    Attributes
    ----------
    plan
        Station that it is for.
    subject
        MQTT topic, address or file, for the parser and for the log.
    body
        Bytes as they came.
    acknowledge
        Called once all of its samples are in Kafka or were left out for a stated reason.
    """

    plan: StationPlan
    subject: str
    body: bytes
    acknowledge: Acknowledge = nothing


Deliver: TypeAlias = Callable[[SourceMessage], bool]
"""Takes in a message; returns whether it could be used."""


class SampleSource(Protocol):
    """One connection to where samples come from, for one or several stations."""

    @property
    def name(self) -> str:
        """Name in the log and the metrics, without secrets."""

    @property
    def terms(self) -> str:
        """Terms of use, as far as they are known."""

    @property
    def manner(self) -> Manner:
        """How its samples count."""

    @property
    def plans(self) -> Sequence[StationPlan]:
        """Its stations."""

    def parse(self, message: SourceMessage) -> list[Recording]:
        """Samples of a message, nT and degrees; empty if it has none that make a vector.

        It is pure: the same message gives the same samples.

        Raises
        ------
        ValueError
            If it is nonsense; the message says why.
        """

    async def listen(self, deliver: Deliver) -> None:
        """Hand over messages for ever, or in a catch-up run until all that is there has come.

        Connections that end are made again with growing pauses; nothing is raised for them.
        """

    async def check(self) -> str:
        """What the source says when it is tried once, in one line.

        Raises
        ------
        monitor.http.fetch.Unanswered
            If it cannot be used; the message says why.
        """


class WebService(Protocol):
    """A web service that can be asked for a span of time."""

    @property
    def longest_ms(self) -> int:
        """Longest span of one request."""

    @property
    def poll_s(self) -> float:
        """Usual time between two polls."""

    def url(self, plan: StationPlan, start_ms: int, end_ms: int) -> str:
        """Address that asks for the samples from `start_ms` to `end_ms` (exclusive)."""

    def parse(self, plan: StationPlan, body: bytes) -> list[Recording]:
        """Samples of an answer, as `SampleSource.parse`."""
