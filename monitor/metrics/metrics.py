"""All metrics of the worker, as one typed set that is created in a given registry.

Where a worker has several models, the metrics of stations and profiles have the label `model` as
well. With one model they have not, which PromQL takes as an empty label.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from monitor.metrics.station_labels import StationLabels

Kind = TypeVar("Kind", Counter, Gauge)
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


class OneModel:
    """The series of one model of a metric whose last label is the model."""

    def __init__(self, metric: MetricWrapperBase, model: str) -> None:
        self._metric, self._model = metric, model

    def labels(self, *values: object) -> Any:
        """The series with these other labels."""
        return self._metric.labels(*values, self._model)

    def set(self, value: float) -> None:
        """Set a gauge without other labels."""
        self.labels().set(value)

    def clear(self) -> None:
        """Remove the series of this model."""
        for values in [values for values in self._metric._metrics if values[-1] == self._model]:
            self._metric.remove(*values)


@dataclass(frozen=True, slots=True)
class Maker:
    """Registers metrics of one registry under the program's prefix, each once.

    With a `model`, the metrics made with `of_model` have the label `model`, and are its series.
    """

    registry: CollectorRegistry
    model: str | None = None
    made: dict[str, Any] = field(default_factory=dict)

    def counter(
        self, name: str, text: str, labels: tuple[str, ...] = (), *, of_model: bool = False
    ) -> Counter:
        """Create a counter; Prometheus appends `_total` to its name."""
        return self._make(Counter, name, text, labels, of_model)

    def gauge(
        self, name: str, text: str, labels: tuple[str, ...] = (), *, of_model: bool = False
    ) -> Gauge:
        """Create a gauge."""
        return self._make(Gauge, name, text, labels, of_model)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Distribution:
        """Create a histogram over all stations."""
        if name not in self.made:
            self.made[name] = Distribution(
                f"magwatch_{name}", text, buckets=buckets, registry=self.registry
            )
        made: Distribution = self.made[name]
        return made

    def _make(
        self, kind: type[Kind], name: str, text: str, labels: tuple[str, ...], of_model: bool
    ) -> Kind:
        if of_model and self.model is not None:
            labels = (*labels, "model")
        if name not in self.made:
            self.made[name] = kind(f"magwatch_{name}", text, labels, registry=self.registry)
        made: Any = self.made[name]
        if of_model and self.model is not None:
            made = OneModel(made, self.model)
        series: Kind = made
        return series


class IntakeMetrics:
    """Metrics of the records and samples received."""

    def __init__(self, make: Maker) -> None:
        self.records = make.counter("records", "Records read from the samples topic.")
        self.samples = make.counter(
            "samples", "Received samples, by outcome.", ("station", "outcome"), of_model=True
        )
        self.deadletters = make.counter("deadletters", "Records refused, by reason.", ("reason",))
        self.ignored = make.counter(
            "ignored_records", "Records that are not for this model, by reason.", ("reason",)
        )
        self.misplaced = make.counter(
            "misplaced_records", "Records on another partition than their key hashes to."
        )
        self.newest_sample = make.gauge(
            "newest_sample_timestamp_seconds", "Time of the newest sample.", STATION, of_model=True
        )
        self.stamp_offset = make.gauge(
            "stamp_offset_seconds",
            "How much later than the multiples of the cadence the station stamps its samples.",
            STATION,
            of_model=True,
        )
        self.newest_record = make.gauge(
            "newest_record_timestamp_seconds",
            "Kafka time of the newest record; before the first one, time of the newest sample.",
            STATION,
            of_model=True,
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
        self.decided = make.counter(
            "windows", "Decided windows.", ("station", "quality"), of_model=True
        )
        self.completeness = make.gauge(
            "window_completeness_ratio",
            "Share of samples present in the last window.",
            STATION,
            of_model=True,
        )
        self.score = make.gauge(
            "score_ratio",
            "Score of the last window, in units of the station's scale.",
            STATION,
            of_model=True,
        )
        self.threshold = make.gauge(
            "score_threshold_ratio",
            "Threshold of the station, in units of its scale.",
            STATION,
            of_model=True,
        )
        self.return_period = make.gauge(
            "return_period_seconds",
            "Return period of the last score in quiet data.",
            STATION,
            of_model=True,
        )
        self.calibrated = make.gauge(
            "station_calibrated", "1 with a profile, 0 while calibrating.", STATION, of_model=True
        )
        self.calibration = make.gauge(
            "calibration_progress_ratio",
            "Progress of online calibration, 1 when the profile is fitted.",
            STATION,
            of_model=True,
        )
        self.above_quantile = make.counter(
            "windows_above_quantile",
            "Scored windows above a quantile of the station's calibration: 50 % above 0.5, "
            "10 % above 0.9, 1 % above 0.99 while the field is as in calibration.",
            ("station", "quantile"),
            of_model=True,
        )


class AlertMetrics:
    """Metrics of alerts, and of the number expected."""

    def __init__(self, make: Maker) -> None:
        self.versions = make.counter(
            "alert_versions",
            "Published versions of alerts.",
            ("type", "classification", "severity"),
        )
        self.open = make.gauge("open_alerts", "Alerts not yet resolved.", STATION, of_model=True)
        self.opened = make.counter("alerts_opened", "Alerts opened.", STATION, of_model=True)
        self.settled = make.counter(
            "alerts_settled",
            "Ended alerts, counted when their class is known.",
            ("station", "classification"),
            of_model=True,
        )
        self.promised = make.counter(
            "alerts_promised",
            "False alerts that the calibration expects in the windows scored so far.",
            STATION,
            of_model=True,
        )
        self.kept = make.gauge(
            "promise_kept",
            "1 while the station opened no more alerts in its last quiet data than its profile "
            "promises; only of profiles that live on.",
            STATION,
            of_model=True,
        )
        self.shadow = make.counter(
            "shadow_alerts", "Alerts opened in shadow and so not published.", STATION, of_model=True
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
            of_model=True,
        )
        self.model = make.gauge(
            "model_info",
            "1: the model in use, with the verdict of its evaluation.",
            ("name", "version", "sha256", "verdict", "line"),
        )
        self.in_charge = make.gauge(
            "model_in_charge",
            "1 if this line of workers publishes the newest window of a cadence.",
            ("line", "cadence_s"),
            of_model=True,
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
        """Create all metrics of a worker with one model; call once for each registry."""
        return cls._made(Maker(registry), station_cap)

    @classmethod
    def of_models(
        cls, registry: CollectorRegistry, station_cap: int, models: Sequence[str]
    ) -> list[Self]:
        """Create all metrics once, as each of a worker's models sees them, in order."""
        if len(models) == 1:
            return [cls.create(registry, station_cap)]
        made: dict[str, Any] = {}
        return [cls._made(Maker(registry, model, made), station_cap) for model in models]

    @classmethod
    def _made(cls, make: Maker, station_cap: int) -> Self:
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
