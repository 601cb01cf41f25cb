"""Shares of the alerts that observers reviewed, and of what they called man-made, as metrics."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from aiokafka import ConsumerRecord

from monitor.errors import BrokerUnreachable
from monitor.history.watch import HistoryMetrics
from monitor.kafka.follower import Follower
from monitor.kafka.guard import Guard
from monitor.kafka.topics import missing_topics
from monitor.metrics.station_labels import StationLabels
from monitor.records.reviews import VERDICTS, decode_review
from monitor.records.scores_and_alerts import decode_alert
from monitor.settings import Settings

TOPICS = ("alerts", "reviews")
LOOK_S = 60.0  # between two looks for the topic of reviews
log = structlog.get_logger("magwatch.history")


@dataclass(slots=True)
class ReviewTally:
    """Follows alerts and reviews from their beginning and keeps the metrics up to date.

    A record that is none is left out; it is counted where it is read for the files.
    """

    settings: Settings
    metrics: HistoryMetrics
    _station: dict[str, str] = field(default_factory=dict)  # label of each alert's station
    _verdict: dict[str, str] = field(default_factory=dict)  # last word on each alert
    _changed: bool = False  # since the last count
    _labels: StationLabels = field(init=False)
    _guards: dict[str, Guard] = field(init=False)

    def __post_init__(self) -> None:
        self._labels = StationLabels(self.settings.metrics_stations)
        self._guards = {self.settings.topic(name): Guard(name) for name in TOPICS}
        self._count()

    async def follow(self) -> None:
        """Follow for ever; wait for the topic of reviews where it is not there yet."""
        told = False
        while await self._is_missing():
            if not told:
                log.warning("no reviews are counted", missing=self.settings.topic("reviews"))
            told = True
            await asyncio.sleep(LOOK_S)
        await Follower(self.settings, TOPICS, self.take).follow()

    async def _is_missing(self) -> bool:
        try:
            missing = await asyncio.to_thread(missing_topics, self.settings)
        except BrokerUnreachable:
            return False  # the follower waits for the broker
        return self.settings.topic("reviews") in missing

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Take in records of both topics; count once no more of them come at once."""
        came = False
        for record in records:
            came = True
            for _ in self._guards[record.topic]([record], self._take):
                self._changed = True
        if self._changed and not came:
            self._changed = False
            self._count()

    def _take(self, record: ConsumerRecord) -> None:
        if record.value is None:  # deleted, which a compacted topic allows
            return
        if record.topic == self.settings.topic("reviews"):
            review = decode_review(record.value)
            self._verdict[review.alert_id] = review.verdict
        else:
            alert = decode_alert(record.value).data
            self._station[alert.alert_id] = self._labels.label(alert.station)

    def _count(self) -> None:
        """Set the metrics; a review of an alert that is not there counts nowhere."""
        alerts = Counter(self._station.values())
        said = Counter(
            (station, self._verdict[name])
            for name, station in self._station.items()
            if name in self._verdict
        )
        for station, count in alerts.items():
            self.metrics.alerts.labels(station).set(count)
            words = {verdict: said[station, verdict] for verdict in VERDICTS}
            for verdict, number in words.items():
                self.metrics.reviews.labels(station, verdict).set(number)
            if total := sum(words.values()):
                self.metrics.man_made.labels(station).set(words["man-made"] / total)
        share = said.total() / alerts.total() if alerts else math.nan
        self.metrics.reviewed.set(share)
