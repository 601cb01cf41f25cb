"""All metrics of the worker, as one typed set that is created in a given registry."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.metrics.station_labels import StationLabels

STATION = ("station",)
PARTITION = ("partition",)
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
INFERENCE_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
DELAY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Distribution(Histogram):
    """A histogram that can count an amount many times at once."""

    def observe_all(self, amount: float, count: int) -> None:
        """Observe an amount `count` times."""
        self._sum.inc(amount * count)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(count)


@dataclass(frozen=True, slots=True)
class Maker:
    """Registers metrics of one registry under the program's prefix."""

    registry: CollectorRegistry

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        """Create a counter; Prometheus appends `_total` to its name."""
        return Counter(f"magwatch_{name}", text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        """Create a gauge."""
        return Gauge(f"magwatch_{name}", text, labels, registry=self.registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Distribution:
        """Create a histogram over all stations."""
        return Distribution(f"magwatch_{name}", text, buckets=buckets, registry=self.registry)


class IntakeMetrics:
    """Metrics of the records and samples received."""

    def __init__(self, make: Maker) -> None:
        self.records = make.counter("records", "Records read from the samples topic.")
        self.samples = make.counter(
            "samples",
            "Received samples, by outcome.",
            ("station", "outcome"),
        )
        self.deadletters = make.counter("deadletters", "Records refused, by reason.", ("reason",))
        self.ignored = make.counter(
            "ignored_records", "Records that are not for this model, by reason.", ("reason",)
        )
        self.misplaced = make.counter(
            "misplaced_records", "Records on another partition than their key hashes to."
        )
        self.newest_sample = make.gauge(
            "newest_sample_timestamp_seconds", "Time of the newest sample.", STATION
        )
        self.stamp_offset = make.gauge(
            "stamp_offset_seconds",
            "How much later than the multiples of the cadence the station stamps its samples.",
            STATION,
        )
        self.newest_record = make.gauge(
            "newest_record_timestamp_seconds",
            "Kafka time of the newest record; before the first one, time of the newest sample.",
            STATION,
        )
        self.silent_after = make.gauge(
            "silent_after_seconds",
            "MAGWATCH_SILENT_AFTER_S: time without a record after which a station is silent.",
        )
        self.future_tolerance = make.gauge(
            "future_tolerance_seconds",
            "MAGWATCH_FUTURE_TOLERANCE_S: a newest sample further ahead of the clock makes all "
            "other samples of its station late.",
        )


class WindowMetrics:
    """Metrics of windows and scores."""

    def __init__(self, make: Maker) -> None:
        self.decided = make.counter("windows", "Decided windows.", ("station", "quality"))
        self.completeness = make.gauge(
            "window_completeness_ratio", "Share of samples present in the last window.", STATION
        )
        self.score = make.gauge(
            "score_ratio", "Score of the last window, in units of the station's scale.", STATION
        )
        self.threshold = make.gauge(
            "score_threshold_ratio", "Threshold of the station, in units of its scale.", STATION
        )
        self.return_period = make.gauge(
            "return_period_seconds", "Return period of the last score in quiet data.", STATION
        )
        self.calibrated = make.gauge(
            "station_calibrated", "1 with a profile, 0 while calibrating.", STATION
        )
        self.calibration = make.gauge(
            "calibration_progress_ratio",
            "Progress of online calibration, 1 when the profile is fitted.",
            STATION,
        )
        self.above_quantile = make.counter(
            "windows_above_quantile",
            "Scored windows above a quantile of the station's calibration: 50 % above 0.5, "
            "10 % above 0.9, 1 % above 0.99 while the field is as in calibration.",
            ("station", "quantile"),
        )


class AlertMetrics:
    """Metrics of alerts, and of the number expected."""

    def __init__(self, make: Maker) -> None:
        self.versions = make.counter(
            "alert_versions",
            "Published versions of alerts.",
            ("type", "classification", "severity"),
        )
        self.open = make.gauge("open_alerts", "Alerts not yet resolved.", STATION)
        self.opened = make.counter("alerts_opened", "Alerts opened.", STATION)
        self.settled = make.counter(
            "alerts_settled",
            "Ended alerts, counted when their class is known.",
            ("station", "classification"),
        )
        self.promised = make.counter(
            "alerts_promised",
            "False alerts that the calibration expects in the windows scored so far.",
            STATION,
        )
        self.kept = make.gauge(
            "promise_kept",
            "1 while the station opened no more alerts in its last quiet data than its profile "
            "promises; only of profiles that live on.",
            STATION,
        )
        self.shadow = make.counter(
            "shadow_alerts", "Alerts opened in shadow and so not published.", STATION
        )


class WorkMetrics:
    """Metrics of inference, checkpoints, partitions and the model."""

    def __init__(self, make: Maker) -> None:
        self.inference_batch = make.histogram(
            "inference_batch_windows", "Windows in a model run.", BATCH_BUCKETS
        )
        self.inference = make.histogram(
            "inference_seconds", "Duration of a model run.", INFERENCE_BUCKETS_S
        )
        self.sample_to_score = make.histogram(
            "sample_to_score_seconds",
            "Time from a record to the publication of the windows that it completed.",
            DELAY_BUCKETS_S,
        )
        self.checkpoints = make.counter("checkpoints", "Checkpoints of station states written.")
        self.rebalances = make.counter("rebalances", "Assignments of partitions.")
        self.publish_retries = make.counter(
            "publish_retries", "Failed attempts to publish that were retried."
        )
        self.unused_profiles = make.gauge(
            "unused_profiles",
            "Unused files and versions of profiles; the log has the reasons.",
        )
        self.model = make.gauge(
            "model_info",
            "1: the model in use, with the verdict of its evaluation.",
            ("name", "version", "sha256", "verdict", "line"),
        )
        self.in_charge = make.gauge(
            "model_in_charge",
            "1 if this line of workers publishes the newest window.",
            ("line",),
        )
        self.build = make.gauge("build_info", "1: this program.", ("version",))


class ProgressMetrics:
    """Metrics of the worker's lag, progress and health."""

    def __init__(self, make: Maker) -> None:
        self.lag = make.gauge(
            "consumer_lag_records",
            "Records of the partition that are not yet taken in.",
            PARTITION,
        )
        self.position = make.gauge(
            "consumer_position", "Offset of the next record to take in.", PARTITION
        )
        self.progress = make.gauge(
            "progress_timestamp_seconds",
            "Time of the last published batch; before the first one, of the start.",
        )
        self.broker_reachable = make.gauge("broker_reachable", "1 while the broker answers.")
        self.live = make.gauge("live", "1 while /healthz succeeds: the event loop makes progress.")
        self.ready = make.gauge(
            "ready", "1 while /readyz succeeds: samples sent now are scored now."
        )


@dataclass(frozen=True, slots=True)
class Metrics:
    """All metrics; labels are only stations, partitions and small enumerations."""

    stations: StationLabels
    intake: IntakeMetrics
    windows: WindowMetrics
    alerts: AlertMetrics
    work: WorkMetrics
    progress: ProgressMetrics

    @classmethod
    def create(cls, registry: CollectorRegistry, station_cap: int) -> Self:
        """Create all metrics; call once for each registry."""
        make = Maker(registry)
        return cls(
            stations=StationLabels(station_cap),
            intake=IntakeMetrics(make),
            windows=WindowMetrics(make),
            alerts=AlertMetrics(make),
            work=WorkMetrics(make),
            progress=ProgressMetrics(make),
        )

    def of_stations(self) -> tuple[Gauge, ...]:
        """Gauges of stations, to be cleared when partitions change hands."""
        windows = self.windows
        return (
            self.intake.newest_sample,
            self.intake.stamp_offset,
            self.intake.newest_record,
            windows.completeness,
            windows.score,
            windows.threshold,
            windows.return_period,
            windows.calibrated,
            windows.calibration,
            self.alerts.open,
            self.alerts.kept,
        )
