"""Turns what a batch came to into metrics."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from geofield.alert import Alert
from geofield.calibrating import Fit
from geofield.score import Errors, Reconstruct, WindowScore
from geofield.step import Rules, StationState
from geofield.types import Float32
from monitor.codec import RawRecord, Reason, Rejected
from monitor.metrics import Metrics
from monitor.records import utc
from monitor.scoring import Scored, Taken

DAY_S = 86_400
OUTCOMES = ("accepted", "missing", "duplicate", "corrected", "late")
log = structlog.get_logger("magwatch.worker")


@dataclass(frozen=True, slots=True)
class Observer:
    """Feeds one set of metrics."""

    metrics: Metrics
    cadence_ms: int

    def about(self, rules: Rules, version: str) -> None:
        """What is running."""
        model = rules.model
        self.metrics.work.model.info(
            {"name": model.name, "version": model.version, "sha256": model.sha256}
        )
        self.metrics.work.build.info({"version": version})

    def batch(self, scored: Scored, now_s: float) -> None:
        """A batch has been published at `now_s` (seconds since 1970, of this machine)."""
        self.metrics.intake.records.inc(len(scored.taken) + len(scored.refused) + scored.repeated)
        for taken in scored.taken:
            self._taken(taken)
        for station, held in scored.held.items():
            self._state(station, held.state)
        self._refused(scored)
        for score in scored.scores:
            self._score(score)
        self._delays(scored, now_s)
        self.alerts(scored.alerts)
        self._calibrations(scored)

    def checkpoint(self) -> None:
        """States were written."""
        self.metrics.work.checkpoints.inc()

    def timed(self, reconstruct: Reconstruct) -> Reconstruct:
        """The same model, with its batches and times counted."""

        def measured(field_nt: Float32, scale_nt: Float32) -> Errors:
            begin_s = time.perf_counter()
            errors = reconstruct(field_nt, scale_nt)
            self.metrics.work.inference.observe(time.perf_counter() - begin_s)
            self.metrics.work.inference_batch.observe(len(field_nt))
            return errors

        return measured

    def _taken(self, taken: Taken) -> None:
        label = self.metrics.stations.label(taken.station)
        for outcome in OUTCOMES:
            count = getattr(taken.intake, outcome)
            if count:
                self.metrics.intake.samples.labels(label, outcome).inc(count)

    def _state(self, station: str, state: StationState) -> None:
        label = self.metrics.stations.label(station)
        if state.buffer is not None:
            newest_ms = (state.buffer.after - 1) * self.cadence_ms
            self.metrics.intake.newest_sample.labels(label).set(newest_ms / 1000)
        self.metrics.windows.open_alerts.labels(label).set(state.alerts.current is not None)

    def _refused(self, scored: Scored) -> None:
        """Counts each; logs one example of each reason, since a broken sender sends many."""
        examples: dict[Reason, tuple[RawRecord, Rejected]] = {}
        counts: Counter[Reason] = Counter()
        for record, why in scored.refused:
            self.metrics.intake.deadletters.labels(why.reason.value).inc()
            examples.setdefault(why.reason, (record, why))
            counts[why.reason] += 1
        for reason, (record, why) in examples.items():
            log.warning(
                "records refused",
                reason=reason.value,
                records=counts[reason],
                example=why.detail,
                key=repr(record.key),
                partition=record.partition,
                offset=record.offset,
            )

    def _score(self, score: WindowScore) -> None:
        label = self.metrics.stations.label(score.station)
        self.metrics.windows.decided.labels(label, score.quality.value).inc()
        self.metrics.windows.completeness.labels(label).set(score.completeness)
        if score.score is not None:
            self.metrics.windows.score.labels(label).set(score.score.rmse)
            self.metrics.windows.threshold.labels(label).set(score.score.threshold)
            self.metrics.windows.return_period.labels(label).set(
                score.score.return_period_days * DAY_S
            )

    def _delays(self, scored: Scored, now_s: float) -> None:
        """A window's delay counts from the newest record of its station in the batch."""
        sent_ms = {taken.station: taken.record.timestamp_ms for taken in scored.taken}
        for score in scored.scores:
            if sent_ms[score.station] >= 0:  # a broker may keep no time
                delay_s = max(now_s - sent_ms[score.station] / 1000, 0.0)
                self.metrics.work.sample_to_score.observe(delay_s)

    def alerts(self, versions: Iterable[Alert]) -> None:
        """These have been published."""
        for alert in versions:
            self.metrics.windows.alerts.labels(
                alert.change.value, alert.classification.value, alert.severity.value
            ).inc()
            log.info(
                f"alert {alert.change.value}",
                alert_id=alert.id,
                version=alert.version,
                station=alert.station,
                severity=alert.severity.value,
                classification=alert.classification.value,
            )

    def _calibrations(self, scored: Scored) -> None:
        for station, ratio in scored.progress.items():
            label = self.metrics.stations.label(station)
            self.metrics.windows.calibration.labels(label).set(ratio)
        for fit in scored.fits:
            if fit.profile is None:
                self._refused_fit(fit)
                continue
            log.info(
                "profile fitted",
                station=fit.station,
                threshold_before=fit.before,
                kp_known=fit.profile.kp_known,
                holds_from=utc(fit.at_ms),
                promise=fit.profile.promise,
            )

    def _refused_fit(self, fit: Fit) -> None:
        if fit.before is None:
            log.info("no profile yet", station=fit.station, reason=fit.refusal)
        else:
            log.warning("a new profile was refused", station=fit.station, reason=fit.refusal)
