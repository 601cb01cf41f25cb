"""Records of any number of stations, made of one real quiet day, and topics filled with them.

The day is the Conrad Observatory's of 29 August 2018, which geomagpy installs. Each station runs
through it forwards and backwards from a place of its own, at a level of its own, so that there is
no step at midnight and no two stations are equal. For measurements of speed only.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache

import numpy as np

from archive.recording import Recording
from bench.step import START_MS
from geofield.types import Float64, Int64
from monitor.demo.scenario import quiet_day
from monitor.kafka.sending import open_producer
from monitor.offline.replay import Sent, flush
from monitor.offline.replay import send as send_records
from monitor.records.sample_encoder import encode_samples
from monitor.settings import Settings
from support.progress import progress_bar

CADENCE_MS = 1000
ELEMENTS = ("H", "E", "Z")
FIRST_LETTERS = "QRSTUVWXYZ"
MOST_STATIONS = 1000 * len(FIRST_LETTERS)
_APART = 977  # samples between the places of two stations
_LEVELS = 50
_LEVEL_NT = 10.0


@dataclass(frozen=True, slots=True)
class Filled:
    """What a topic was filled with."""

    records: int
    samples: int


def codes(stations: int) -> list[str]:
    """Station codes that no observatory has: Q000 to Q999, then R000 and so on."""
    if not 0 < stations <= MOST_STATIONS:
        raise ValueError(f"from 1 to {MOST_STATIONS} stations, not {stations}")
    return [f"{FIRST_LETTERS[n // 1000]}{n % 1000:03d}" for n in range(stations)]


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """What `stations` stations measure from `start_ms` on; `day_nt` is H, E, Z, shape [n, 3]."""

    codes: list[str]
    start_ms: int
    day_nt: Float64

    @classmethod
    def of(cls, stations: int, start_ms: int = START_MS) -> "Feed":
        """A feed of the real day, its few gaps bridged."""
        return cls(codes(stations), start_ms, _day_nt())

    def field_nt(self, number: int, begin: int, length: int) -> Float64:
        """Samples `begin` to `begin + length` of a station: [length, 3], two decimals."""
        place = _there_and_back(number * _APART + begin + np.arange(length), len(self.day_nt))
        return np.round(self.day_nt[place] + number % _LEVELS * _LEVEL_NT, 2)

    def recording(self, number: int, begin: int, length: int) -> Recording:
        """The same as an archive would hold it."""
        field_nt = self.field_nt(number, begin, length)
        elements = {name: field_nt[:, column] for column, name in enumerate(ELEMENTS)}
        start_ms = self.start_ms + begin * CADENCE_MS
        return Recording(self.codes[number], start_ms, CADENCE_MS, elements)

    def record(self, number: int, begin: int, length: int) -> tuple[bytes, bytes]:
        """Key and value of the samples topic."""
        value = encode_samples(self.recording(number, begin, length))
        return self.codes[number].encode(), value

    def recordings(self, samples: int, length: int) -> Iterator[Recording]:
        """`samples` of every station in pieces of `length`, in the order of time."""
        for begin in range(0, samples, length):
            for number in range(len(self.codes)):
                yield self.recording(number, begin, min(length, samples - begin))


def fill(
    settings: Settings, feed: Feed, samples: int, length: int, encoding: str = "json"
) -> Filled:
    """Send `samples` of every station to the samples topic; returns when the broker has them."""
    sent = Sent()
    with closing(open_producer(settings)) as producer, progress_bar("samples") as bar:
        task = bar.add_task("filling", total=samples * len(feed.codes))
        records = feed.recordings(samples, length)
        send_records(producer, settings, records, sent, lambda n: bar.advance(task, n), encoding)
        flush(producer, settings, sent)
    return Filled(sent.records, sent.samples)


@cache
def _day_nt() -> Float64:
    elements = quiet_day().elements
    return np.stack([_bridged(elements[name]) for name in ELEMENTS], axis=1)


def send(settings: Settings, records: Iterable[tuple[bytes, bytes]]) -> None:
    """Send keys and values to the samples topic as fast as it goes; returns when they are there."""
    topic = settings.topic("samples")
    with closing(open_producer(settings)) as producer:
        for key, value in records:
            producer.send(topic, value, key)
        producer.flush()


def _bridged(values: Float64) -> Float64:
    known = ~np.isnan(values)
    position = np.arange(len(values))
    return np.interp(position, position[known], values[known])


def _there_and_back(position: Int64, length: int) -> Int64:
    """0, 1, ... length - 1, length - 2, ... 1, 0, 1, ..."""
    turn = 2 * (length - 1)
    wrapped = position % turn
    return np.minimum(wrapped, turn - wrapped)
