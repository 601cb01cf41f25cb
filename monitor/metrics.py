"""Every metric of the worker: one frozen, typed set, made from a registry that is passed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

OTHER = "other"
STATION = ("station",)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
INFERENCE_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
DELAY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


@dataclass(slots=True)
class StationLabels:
    """Keeps the number of series bounded: stations beyond the cap share the label `other`.

    A producer that invents station codes would otherwise fill the memory of Prometheus.
    """

    cap: int
    _known: set[str] = field(default_factory=set)

    def label(self, station: str) -> str:
        """The station's own label, or `other`."""
        if station in self._known:
            return station
        if len(self._known) >= self.cap:
            return OTHER
        self._known.add(station)
        return station


@dataclass(frozen=True, slots=True)
class Metrics:
    """See the help text of each; labels are the station and small enumerations, nothing else."""

    stations: StationLabels
    records: Counter
    samples: Counter
    deadletters: Counter
    newest_sample: Gauge
    completeness: Gauge
    score: Gauge
    threshold: Gauge
    return_period: Gauge
    windows: Counter
    inference_batch: Histogram
    inference: Histogram
    sample_to_score: Histogram
    alerts: Counter
    open_alerts: Gauge
    checkpoints: Counter
    misplaced: Counter
    rebalances: Counter
    publish_retries: Counter
    model: Info
    build: Info

    @classmethod
    def create(cls, registry: CollectorRegistry, station_cap: int) -> Self:
        """Register the whole set; call once for a registry."""

        def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(f"magwatch_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, labels: tuple[str, ...] = STATION) -> Gauge:
            return Gauge(f"magwatch_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"magwatch_{name}", text, buckets=buckets, registry=registry)

        return cls(
            stations=StationLabels(station_cap),
            records=counter("records", "Records read from the samples topic."),
            samples=counter(
                "samples", "Samples read, by what became of them.", ("station", "outcome")
            ),
            deadletters=counter("deadletters", "Records refused, by reason.", ("reason",)),
            newest_sample=gauge("newest_sample_timestamp_seconds", "Time of the newest sample."),
            completeness=gauge(
                "window_completeness_ratio", "Share measured of the last window, 0-1."
            ),
            score=gauge("score_ratio", "Last window's error in units of the station's scale."),
            threshold=gauge(
                "score_threshold_ratio", "The station's threshold, in the score's unit."
            ),
            return_period=gauge(
                "return_period_seconds", "Quiet time in which such a score comes once."
            ),
            windows=counter("windows", "Windows decided.", ("station", "quality")),
            inference_batch=histogram(
                "inference_batch_windows", "Windows a model run.", BATCH_BUCKETS
            ),
            inference=histogram(
                "inference_seconds", "Duration of a model run.", INFERENCE_BUCKETS_S
            ),
            sample_to_score=histogram(
                "sample_to_score_seconds",
                "From a record's Kafka time to the publication of what it completed.",
                DELAY_BUCKETS_S,
            ),
            alerts=counter(
                "alert_versions", "Alerts published.", ("type", "classification", "severity")
            ),
            open_alerts=gauge("open_alerts", "Alerts that are neither resolved nor cancelled."),
            checkpoints=counter("checkpoints", "Checkpoints of station states written."),
            misplaced=counter(
                "misplaced_records", "Records on a partition their key does not hash to."
            ),
            rebalances=counter("rebalances", "Times partitions were assigned."),
            publish_retries=counter(
                "publish_retries", "Batches sent again after the broker failed."
            ),
            model=Info("magwatch_model", "The model in use.", registry=registry),
            build=Info("magwatch_build", "This program.", registry=registry),
        )
