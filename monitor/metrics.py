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
class Maker:
    """Registers metrics of one registry under the program's prefix."""

    registry: CollectorRegistry

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        """Counts up; Prometheus shows it with `_total`."""
        return Counter(f"magwatch_{name}", text, labels, registry=self.registry)

    def gauge(self, name: str, text: str) -> Gauge:
        """A value of each station."""
        return Gauge(f"magwatch_{name}", text, STATION, registry=self.registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        """A distribution over all stations."""
        return Histogram(f"magwatch_{name}", text, buckets=buckets, registry=self.registry)

    def info(self, name: str, text: str) -> Info:
        """Constant labels; Prometheus shows it with `_info`."""
        return Info(f"magwatch_{name}", text, registry=self.registry)


@dataclass(frozen=True, slots=True)
class IntakeMetrics:
    """What comes in."""

    records: Counter
    samples: Counter
    deadletters: Counter
    misplaced: Counter
    newest_sample: Gauge

    @classmethod
    def create(cls, make: Maker) -> Self:
        """Register the set."""
        return cls(
            records=make.counter("records", "Records read from the samples topic."),
            samples=make.counter(
                "samples", "Samples read, by what became of them.", ("station", "outcome")
            ),
            deadletters=make.counter("deadletters", "Records refused, by reason.", ("reason",)),
            misplaced=make.counter(
                "misplaced_records", "Records on a partition their key does not hash to."
            ),
            newest_sample=make.gauge("newest_sample_timestamp_seconds", "Time of newest sample."),
        )


@dataclass(frozen=True, slots=True)
class WindowMetrics:
    """What windows come to."""

    decided: Counter
    completeness: Gauge
    score: Gauge
    threshold: Gauge
    return_period: Gauge
    alerts: Counter
    open_alerts: Gauge
    calibration: Gauge

    @classmethod
    def create(cls, make: Maker) -> Self:
        """Register the set."""
        return cls(
            decided=make.counter("windows", "Windows decided.", ("station", "quality")),
            completeness=make.gauge("window_completeness_ratio", "Share measured of last window."),
            score=make.gauge("score_ratio", "Last window's error in units of the station's scale."),
            threshold=make.gauge("score_threshold_ratio", "Station's threshold, in score's unit."),
            return_period=make.gauge(
                "return_period_seconds", "Quiet time in which such a score comes once."
            ),
            alerts=make.counter(
                "alert_versions", "Alerts published.", ("type", "classification", "severity")
            ),
            open_alerts=make.gauge("open_alerts", "Alerts not yet resolved."),
            calibration=make.gauge(
                "calibration_progress_ratio", "Way to a profile fitted online, 1 when there."
            ),
        )


@dataclass(frozen=True, slots=True)
class WorkMetrics:
    """How the worker does its work."""

    inference_batch: Histogram
    inference: Histogram
    sample_to_score: Histogram
    checkpoints: Counter
    rebalances: Counter
    publish_retries: Counter
    model: Info
    build: Info

    @classmethod
    def create(cls, make: Maker) -> Self:
        """Register the set."""
        return cls(
            inference_batch=make.histogram(
                "inference_batch_windows", "Windows of one model run.", BATCH_BUCKETS
            ),
            inference=make.histogram(
                "inference_seconds", "Duration of a model run.", INFERENCE_BUCKETS_S
            ),
            sample_to_score=make.histogram(
                "sample_to_score_seconds",
                "From a record's Kafka time to the publication of what it completed.",
                DELAY_BUCKETS_S,
            ),
            checkpoints=make.counter("checkpoints", "Checkpoints of station states written."),
            rebalances=make.counter("rebalances", "Times partitions were assigned."),
            publish_retries=make.counter("publish_retries", "Failures of the broker waited out."),
            model=make.info("model", "The model in use."),
            build=make.info("build", "This program."),
        )


@dataclass(frozen=True, slots=True)
class Metrics:
    """Labels are the station and small enumerations, nothing else."""

    stations: StationLabels
    intake: IntakeMetrics
    windows: WindowMetrics
    work: WorkMetrics

    @classmethod
    def create(cls, registry: CollectorRegistry, station_cap: int) -> Self:
        """Register the whole set; call once for a registry."""
        make = Maker(registry)
        return cls(
            stations=StationLabels(station_cap),
            intake=IntakeMetrics.create(make),
            windows=WindowMetrics.create(make),
            work=WorkMetrics.create(make),
        )
