"""Every metric of the worker: one frozen, typed set, made from a registry that is passed in."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.station_labels import StationLabels

STATION = ("station",)
PARTITION = ("partition",)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
INFERENCE_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
DELAY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Distribution(Histogram):
    """A histogram of what many windows have in common."""

    def observe_all(self, amount: float, count: int) -> None:
        """As `observe`, so many times."""
        self._sum.inc(amount * count)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(count)


@dataclass(frozen=True, slots=True)
class Maker:
    """Registers metrics of one registry under the program's prefix."""

    registry: CollectorRegistry

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        """Counts up; Prometheus shows it with `_total`."""
        return Counter(f"magwatch_{name}", text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        """Goes up and down."""
        return Gauge(f"magwatch_{name}", text, labels, registry=self.registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Distribution:
        """A distribution over all stations."""
        return Distribution(f"magwatch_{name}", text, buckets=buckets, registry=self.registry)


@dataclass(frozen=True, slots=True)
class IntakeMetrics:
    """What comes in."""

    records: Counter
    samples: Counter
    deadletters: Counter
    misplaced: Counter
    newest_sample: Gauge
    newest_record: Gauge

    @classmethod
    def create(cls, make: Maker) -> Self:
        """Register the set."""
        return cls(
            records=make.counter("records", "Records read from the samples topic."),
            samples=make.counter(
                "samples",
                "Samples received, by what became of them: the sum over outcomes is all of them.",
                ("station", "outcome"),
            ),
            deadletters=make.counter("deadletters", "Records refused, by reason.", ("reason",)),
            misplaced=make.counter(
                "misplaced_records", "Records on a partition their key does not hash to."
            ),
            newest_sample=make.gauge(
                "newest_sample_timestamp_seconds", "Time of newest sample.", STATION
            ),
            newest_record=make.gauge(
                "newest_record_timestamp_seconds",
                "Kafka time of the newest record, until one comes that of the newest sample.",
                STATION,
            ),
        )


@dataclass(frozen=True, slots=True)
class WindowMetrics:
    """What windows come to."""

    decided: Counter
    completeness: Gauge
    score: Gauge
    threshold: Gauge
    return_period: Gauge
    calibrated: Gauge
    calibration: Gauge
    above_quantile: Counter

    @classmethod
    def create(cls, make: Maker) -> Self:
        """Register the set."""
        return cls(
            decided=make.counter("windows", "Windows decided.", ("station", "quality")),
            completeness=make.gauge(
                "window_completeness_ratio", "Share measured of last window.", STATION
            ),
            score=make.gauge(
                "score_ratio", "Last window's error in units of the station's scale.", STATION
            ),
            threshold=make.gauge(
                "score_threshold_ratio", "Station's threshold, in score's unit.", STATION
            ),
            return_period=make.gauge(
                "return_period_seconds", "Quiet time in which such a score comes once.", STATION
            ),
            calibrated=make.gauge(
                "station_calibrated", "1 with a profile, 0 while calibrating.", STATION
            ),
            calibration=make.gauge(
                "calibration_progress_ratio",
                "Way to a profile fitted online, 1 when there.",
                STATION,
            ),
            above_quantile=make.counter(
                "windows_above_quantile",
                "Scored windows above a quantile of the station's calibration: half of them above "
                "0.5, a tenth above 0.9, a hundredth above 0.99 while the field is as it was then.",
                ("station", "quantile"),
            ),
        )


@dataclass(frozen=True, slots=True)
class AlertMetrics:
    """Alerts, and how many were to be expected."""

    versions: Counter
    open: Gauge
    opened: Counter
    settled: Counter
    promised: Counter
    shadow: Counter

    @classmethod
    def create(cls, make: Maker) -> Self:
        """Register the set."""
        return cls(
            versions=make.counter(
                "alert_versions", "Alerts published.", ("type", "classification", "severity")
            ),
            open=make.gauge("open_alerts", "Alerts not yet resolved.", STATION),
            opened=make.counter("alerts_opened", "Alerts opened.", STATION),
            settled=make.counter(
                "alerts_settled",
                "Ended alerts, counted when their class is known.",
                ("station", "classification"),
            ),
            promised=make.counter(
                "alerts_promised",
                "False alerts that the calibration allows for in the windows scored so far.",
                STATION,
            ),
            shadow=make.counter(
                "shadow_alerts", "Alerts opened while not in charge; not published.", STATION
            ),
        )


@dataclass(frozen=True, slots=True)
class WorkMetrics:
    """How the worker does its work."""

    inference_batch: Histogram
    inference: Histogram
    sample_to_score: Distribution
    checkpoints: Counter
    rebalances: Counter
    publish_retries: Counter
    model: Gauge
    in_charge: Gauge
    build: Gauge

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
            model=make.gauge(
                "model_info",
                "1: the model in use and what its evaluation showed.",
                ("name", "version", "sha256", "verdict", "line"),
            ),
            in_charge=make.gauge(
                "model_in_charge", "1 if the newest window was this line's to publish.", ("line",)
            ),
            build=make.gauge("build_info", "1: this program.", ("version",)),
        )


@dataclass(frozen=True, slots=True)
class ProgressMetrics:
    """Whether the worker keeps up, and if not, where it stands."""

    lag: Gauge
    position: Gauge
    progress: Gauge
    broker_reachable: Gauge
    live: Gauge
    ready: Gauge

    @classmethod
    def create(cls, make: Maker) -> Self:
        """Register the set."""
        return cls(
            lag=make.gauge(
                "consumer_lag_records", "Records of the partition not yet taken.", PARTITION
            ),
            position=make.gauge(
                "consumer_position", "Offset of the next record to take.", PARTITION
            ),
            progress=make.gauge(
                "progress_timestamp_seconds", "When a batch was last published; at first, start."
            ),
            broker_reachable=make.gauge("broker_reachable", "1 while the broker answers."),
            live=make.gauge("live", "1 while /healthz is good: the event loop turns."),
            ready=make.gauge("ready", "1 while /readyz is good: samples sent now are scored now."),
        )


@dataclass(frozen=True, slots=True)
class Metrics:
    """Labels are the station, the partition and small enumerations, nothing else."""

    stations: StationLabels
    intake: IntakeMetrics
    windows: WindowMetrics
    alerts: AlertMetrics
    work: WorkMetrics
    progress: ProgressMetrics

    @classmethod
    def create(cls, registry: CollectorRegistry, station_cap: int) -> Self:
        """Register the whole set; call once for a registry."""
        make = Maker(registry)
        return cls(
            stations=StationLabels(station_cap),
            intake=IntakeMetrics.create(make),
            windows=WindowMetrics.create(make),
            alerts=AlertMetrics.create(make),
            work=WorkMetrics.create(make),
            progress=ProgressMetrics.create(make),
        )

    def of_stations(self) -> tuple[Gauge, ...]:
        """Gauges of the stations whose partitions this worker has."""
        windows = self.windows
        return (
            self.intake.newest_sample,
            self.intake.newest_record,
            windows.completeness,
            windows.score,
            windows.threshold,
            windows.return_period,
            windows.calibrated,
            windows.calibration,
            self.alerts.open,
        )
