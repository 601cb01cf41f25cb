"""The book of a registration: all records that its tables are made from, as topics or a file hold.

A file has a line of JSON for each record, so that anyone can make the same table from it again.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from archive.files import MIB, FileRefused, contents
from archive.outputs import write_file
from geofield.scoreboard.alarms import AlertVersion
from geofield.scoreboard.protocol import ScoreProtocol
from geofield.scoreboard.trial import Known
from geofield.utc import HOUR_MS, time_ms, utc
from monitor.errors import Refused
from monitor.records.indices import decode_indices
from monitor.records.quakes import decode_quake
from monitor.records.registrations import decode_registration
from monitor.records.scores_and_alerts import decode_alert
from monitor.scoreboard.protocols import score_protocol
from monitor.scoreboard.reading import PublishedRecord, read_topics
from monitor.scoreboard.registering import TOPIC, Registered
from monitor.settings import Settings

_MOST_BYTES = 1024 * MIB
_CHECKS: dict[str, Callable[[bytes], object]] = {
    "alerts": decode_alert,
    "quakes": decode_quake,
    "indices": decode_indices,
}


class _ScoreModel(msgspec.Struct):
    sha256: str


class _ScoreHead(msgspec.Struct):
    """The fields of a score record that say whether there were data."""

    station: str
    window_end: str
    decided: str
    quality: str
    model: _ScoreModel


class BookLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a book: a record of a topic, or what is kept of the windows of an hour.

    `windows` are those scored in time that ended within the hour of `station`; `ratio` is the
    highest polarization ratio of windows that ended within it.
    """

    topic: str
    published: PublishedRecord | None = None
    station: str = ""
    hour: int = 0
    windows: int = 0
    ratio: float | None = None


_scores = msgspec.json.Decoder(_ScoreHead)
_lines = msgspec.json.Decoder(BookLine)


@dataclass(slots=True)
class ScoreBook:
    """All records behind the tables of a registration.

    Attributes
    ----------
    registered
        The registration.
    records
        Records of alerts, earthquakes and indices, by topic.
    windows
        Windows of each station and hour since 1970, as bits by their place in the hour.
    ratios
        Highest polarization ratio of each hour of each station; None if not computed.
    unsure
        The first score whose time of publication is not the broker's, if any.
    """

    registered: Registered
    records: dict[str, list[PublishedRecord]] = field(
        default_factory=lambda: {name: [] for name in _CHECKS}
    )
    windows: dict[tuple[str, int], int] = field(default_factory=dict)
    ratios: dict[str, dict[int, float]] | None = None
    unsure: str = ""

    @property
    def protocol(self) -> ScoreProtocol:
        """The registered rules."""
        return score_protocol(self.registered.record)

    @property
    def rehearsal(self) -> bool:
        """Whether the event times of records stand for their times of publication."""
        return self.registered.record.protocol.rehearsal

    def take(self, topic: str, record: PublishedRecord) -> None:
        """Take a record of a topic.

        Raises
        ------
        ValueError
            If it cannot be read.
        """
        if topic == "scores":
            self._take_score(record)
            return
        _CHECKS[topic](record.value.encode())
        self.records[topic].append(record)

    def _take_score(self, record: PublishedRecord) -> None:
        score, rules = _scores.decode(record.value), self.registered.record
        if score.quality != "ok" or score.model.sha256 != rules.model.sha256:
            return
        if score.station not in rules.protocol.stations:
            return
        end_ms = time_ms(score.window_end)
        if not self.rehearsal:
            if not record.by_broker:
                self.unsure = self.unsure or f"{score.station} {score.window_end}"
            if record.published_ms > end_ms + round(rules.protocol.delay_hours * HOUR_MS):
                return
        hour, in_hour_ms = divmod(end_ms, HOUR_MS)
        place = 1 << in_hour_ms // round(rules.hop_s * 1000)
        key = score.station, hour
        self.windows[key] = self.windows.get(key, 0) | place

    def alert_versions(self, at_ms: int) -> list[AlertVersion]:
        """Versions of alerts that were published by a time.

        Raises
        ------
        Refused
            If an alert since the start was not dated by the broker; the message names it.
        """
        versions = []
        start_ms = time_ms(self.registered.record.protocol.start)
        for record in self.records["alerts"]:
            data = decode_alert(record.value.encode()).data
            event_ms = time_ms(data.decided)
            published_ms = event_ms if self.rehearsal else record.published_ms
            if published_ms > at_ms:
                continue
            if not (self.rehearsal or record.by_broker) and published_ms >= start_ms:
                raise Refused(_undated("alerts", f"alert {data.alert_id} of {data.station}"))
            versions.append(
                AlertVersion(
                    data.alert_id,
                    data.version,
                    data.station,
                    data.classification,
                    data.model.sha256,
                    event_ms,
                    published_ms,
                )
            )
        return versions

    def check(self) -> None:
        """Check that what was registered was registered before, by the broker's clock.

        Raises
        ------
        Refused
            If not; the message says what is wrong.
        """
        if self.rehearsal:
            return
        own, start = self.registered, self.registered.record.protocol.start
        if not own.by_broker:
            raise Refused(_undated(TOPIC, f"registration {own.record.sha256[:12]}"))
        if own.published_ms >= time_ms(start):
            raise Refused(
                f"registration {own.record.sha256[:12]} was published {utc(own.published_ms)}, "
                f"after its start {start}: register it anew with a later start"
            )
        if self.unsure:
            raise Refused(_undated("scores", f"score {self.unsure}"))

    def known_ratios(self) -> dict[str, Known] | None:
        """Polarization ratios of the stations, known at the end of their hour."""
        if self.ratios is None:
            return None
        return {
            station: [((hour + 1) * HOUR_MS, value) for hour, value in sorted(hours.items())]
            for station, hours in self.ratios.items()
        }

    def lines(self) -> Iterator[BookLine]:
        """All lines of the file, in an order that the order of reading does not change."""
        own = self.registered
        value = msgspec.json.encode(own.record, order="deterministic").decode()
        yield BookLine(TOPIC, PublishedRecord(own.published_ms, own.by_broker, value))
        for name in _CHECKS:
            order = sorted(self.records[name], key=lambda one: (one.published_ms, one.value))
            for record in order:
                yield BookLine(name, record)
        for (station, hour), bits in sorted(self.windows.items()):
            yield BookLine("scores", station=station, hour=hour, windows=bits.bit_count())
        for station, hours in sorted((self.ratios or {}).items()):
            for hour, ratio in sorted(hours.items()):
                yield BookLine("ratios", station=station, hour=hour, ratio=ratio)


def read_book(settings: Settings, own: Registered) -> ScoreBook:
    """The book of a registration, from the topics.

    Raises
    ------
    Refused
        If a topic does not exist or no broker answers.
    """
    book = ScoreBook(own)
    rules = book.protocol
    since_ms = 0 if book.rehearsal else rules.start_ms - rules.before_hours * HOUR_MS
    read_topics(settings, tuple(_CHECKS), book.take)
    read_topics(settings, ["scores"], book.take, since_ms)
    return book


def save_book(book: ScoreBook, path: Path) -> None:
    """Write a book as lines of JSON, compressed with gzip.

    Raises
    ------
    archive.outputs.CannotWrite
        If the file cannot be written.
    """
    content = b"".join(msgspec.json.encode(line) + b"\n" for line in book.lines())
    write_file(path, gzip.compress(content, mtime=0))


def load_book(path: Path) -> ScoreBook:
    """The book of a file that `save_book` wrote.

    Raises
    ------
    archive.files.FileRefused
        If it is none.
    """
    try:
        packed = gzip.GzipFile(fileobj=io.BytesIO(contents(path, _MOST_BYTES, "book")))
        return _book(_lines.decode(line) for line in packed)
    except (OSError, EOFError, ValueError, RecursionError) as error:
        if isinstance(error, FileRefused):
            raise
        reason = " ".join(str(error).split())
        raise FileRefused(f"{path}: not a book of a scoreboard ({reason})") from None


def _book(lines: Iterable[BookLine]) -> ScoreBook:
    book: ScoreBook | None = None
    for line in lines:
        if line.topic == TOPIC and line.published:
            record = decode_registration(line.published.value.encode())
            one = line.published
            book = ScoreBook(Registered(record, one.published_ms, one.by_broker))
        elif book is None:
            raise ValueError("its first line is no registration")
        elif line.topic == "scores":
            book.windows[line.station, line.hour] = (1 << line.windows) - 1
        elif line.topic == "ratios" and line.ratio is not None:
            book.ratios = book.ratios or {}
            book.ratios.setdefault(line.station, {})[line.hour] = line.ratio
        elif line.topic in _CHECKS and line.published:
            book.take(line.topic, line.published)
        else:
            raise ValueError(f"a line of {line.topic!r}")
    if book is None:
        raise ValueError("it is empty")
    return book


def _undated(topic: str, what: str) -> str:
    return (
        f"{what} was dated by its sender, not by the broker: set "
        f"message.timestamp.type=LogAppendTime on the topic {topic}, or register a rehearsal"
    )
