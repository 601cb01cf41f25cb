"""What the operator sees of the history: metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitor.metrics.metrics import STATION, Maker

TOPIC = ("topic",)
TOPICS = ("samples", "scores", "alerts")


@dataclass(frozen=True, slots=True)
class HistoryMetrics:
    """All metrics of `magwatch history`; labels are topics without their prefix."""

    records: Counter
    refused: Counter
    files: Counter
    lag: Gauge
    complete: Gauge
    interval: Gauge
    alerts: Gauge
    reviews: Gauge
    reviewed: Gauge
    man_made: Gauge

    @classmethod
    def create(cls, registry: CollectorRegistry) -> Self:
        """Create all metrics; call once for each registry."""
        make = Maker(registry)
        made = cls(
            make.counter("history_records", "Records read for the history.", TOPIC),
            make.counter(
                "history_refused_records",
                "Records that the history leaves out because they cannot be used.",
                TOPIC,
            ),
            make.counter(
                "history_files", "Day files of the history written or written anew.", TOPIC
            ),
            make.gauge("history_lag_records", "Records of a topic that are in no file yet.", TOPIC),
            make.gauge(
                "history_complete_timestamp_seconds",
                "Time at which the files last had all records of the topics; before the first one, "
                "of the start.",
            ),
            make.gauge(
                "history_write_interval_seconds",
                "MAGWATCH_HISTORY_WRITE_S: time between two times of writing files.",
            ),
            make.gauge("history_alerts", "Alerts in the topic of alerts.", STATION),
            make.gauge(
                "history_reviews",
                "Alerts by what observers said of them last.",
                ("station", "verdict"),
            ),
            make.gauge(
                "history_reviewed_alerts_ratio",
                "Share of all alerts that an observer reviewed; NaN without alerts.",
            ),
            make.gauge(
                "history_man_made_alerts_ratio",
                "Share of the reviewed alerts of a station that were called man-made.",
                STATION,
            ),
        )
        for topic in TOPICS:
            for metric in (made.records, made.refused, made.files, made.lag):
                metric.labels(topic)
        return made
