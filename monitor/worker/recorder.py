"""Metrics and log lines from the results of batches."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from geofield.alerts.alert import Alert, AlertStatus, Change, Classification, Severity
from geofield.calibration.living.life import in_use
from geofield.calibration.online.state import Fit
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import version_at
from geofield.scoring.score import Quality, Score, WindowScore
from geofield.step import Rules, StationState
from geofield.utc import DAY_S, utc
from monitor.metrics.metrics import Metrics
from monitor.metrics.station_labels import OTHER
from monitor.records.sample_decoder import NotForUs, RawRecord, Reason, Rejected
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.leadership import Leadership
from monitor.worker.scorer import Scored, Taken

OUTCOMES = ("accepted", "missing", "duplicate", "corrected", "late")
# Reasons to leave out records of topics other than the samples topic
INDEX, SCORE, HANDOVER, PROFILE, CHECKPOINT = "index", "score", "handover", "profile", "checkpoint"
REVIEW = "review"
ELSEWHERE = (INDEX, SCORE, HANDOVER, PROFILE, CHECKPOINT, REVIEW)
QUANTILES = ("0.5", "0.9", "0.99")  # as in StationProfile.quantiles
SHOWN = "skill shown"
REMEMBERED = 1000  # alerts, each to be counted once
log = structlog.get_logger("magwatch.worker")


@dataclass(slots=True)
class Observer:
    """Feeds one set of metrics; it reads `leadership` and changes nothing of the worker.

    Attributes
    ----------
    tolerance_s
        A station whose newest sample is further ahead of this machine's clock is warned of once:
        until that time comes, all its samples are late.
    silent_after_s
        Published as a metric: alerting rules call a station silent after this time.
    """

    metrics: Metrics
    rules: Rules  # replaced by `use`
    leadership: Leadership = field(default_factory=Leadership)
    tolerance_s: float = 300.0
    silent_after_s: float = 300.0
    last_classes: dict[str, Classification] = field(
        default_factory=dict
    )  # last classes, by alert id
    warned_of: set[str] = field(default_factory=set)  # stations that have been warned of

    def about(self, version: str, now_s: float) -> None:
        """Set the metrics of model and build, and create all series known at the start.

        Prometheus misses the first event of a counter that does not exist before it.
        """
        model, work = self.rules.model, self.metrics.work
        verdict = SHOWN if model.skill.startswith(SHOWN) else f"no {SHOWN}"
        line = self.leadership.deployment.line
        work.model.labels(model.name, model.version, model.sha256, verdict, line).set(1)
        work.build.labels(version).set(1)
        self.metrics.intake.silent_after.set(self.silent_after_s)
        self.metrics.intake.future_tolerance.set(self.tolerance_s)
        self.metrics.progress.progress.set(now_s)
        for reason in (*(reason.value for reason in Reason), *ELSEWHERE):
            self.metrics.intake.deadletters.labels(reason)
        for ignored in NotForUs:
            self.metrics.intake.ignored.labels(ignored.value)
        for labels in itertools.product(Change, Classification, Severity):
            self.metrics.alerts.versions.labels(*(label.value for label in labels))
        self._profiles()

    def use(self, rules: Rules) -> None:
        """Take over rules with other profiles."""
        self.rules = rules
        self._profiles()

    def unused_profiles(self, count: int) -> None:
        """Show the number of unused profile versions and files."""
        self.metrics.work.unused_profiles.set(count)

    def loaded(self, checkpoints: Mapping[str, StationCheckpoint]) -> None:
        """Show the states that were read, so that a station silent since then is noticed."""
        for station, checkpoint in checkpoints.items():
            state = checkpoint.state
            self._state(station, checkpoint)
            label = self._label(station)
            if state.buffer is not None and label != OTHER:
                self.metrics.intake.newest_record.labels(label).set(self._newest_s(state))

    def forgotten(self) -> None:
        """Clear the gauges of stations after a change of assignment."""
        for gauge in self.metrics.of_stations():
            gauge.clear()
        self._profiles()

    def batch(self, scored: Scored, now_s: float) -> None:
        """Record a batch published at `now_s` (seconds since 1970 by this machine's clock)."""
        taken = sum(len(taken.records) for taken in scored.taken if not taken.shared)
        resolved = taken + len(scored.refused) + scored.repeated
        self.metrics.intake.records.inc(resolved + scored.waiting)
        self._intake(scored.taken, now_s)
        for station, checkpoint in scored.checkpoints.items():
            self._state(station, checkpoint)
            self._ahead(station, checkpoint.state, now_s)
        self._refused(scored)
        self._windows(scored)
        self._delays(scored, now_s)
        self.alerts(scored.alerts)
        self._calibrations(scored)
        if newest_ms := self.leadership.newest_ms:
            led = self.leadership
            cadence_s = f"{led.cadence_ms / 1000:g}"
            gauge = self.metrics.work.in_charge.labels(led.deployment.line, cadence_s)
            gauge.set(led.window(newest_ms))
        self.metrics.progress.progress.set(now_s)

    def left_out(self, reason: str) -> Callable[[], object]:
        """Function that counts a record left out for `reason`, one of `ELSEWHERE`."""
        return left_out(self.metrics, reason)

    def checkpoint(self) -> None:
        """Count a checkpoint."""
        self.metrics.work.checkpoints.inc()

    def _label(self, station: str) -> str:
        """Label of a station; a new label starts with all its counters at zero."""
        if station in self.metrics.stations:
            return station
        label = self.metrics.stations.label(station)
        if label != OTHER:
            self._counters(label)
        return label

    def _counters(self, label: str) -> None:
        for outcome in OUTCOMES:
            self.metrics.intake.samples.labels(label, outcome)
        for quality in Quality:
            self.metrics.windows.decided.labels(label, quality.value)
        for quantile in QUANTILES:
            self.metrics.windows.above_quantile.labels(label, quantile)
        alerts = self.metrics.alerts
        alerts.opened.labels(label)
        alerts.promised.labels(label)
        alerts.shadow.labels(label)
        for classification in Classification:
            alerts.settled.labels(label, classification.value)

    def _profiles(self) -> None:
        """Label the stations with a profile, before unprofiled stations use up the labels."""
        for station in sorted(self.rules.profiles):
            label = self._label(station)
            if label != OTHER:
                self.metrics.windows.calibrated.labels(label).set(1)

    def _intake(self, taken: Iterable[Taken], now_s: float) -> None:
        """Count samples, with one increment for each station and outcome."""
        counts: Counter[tuple[str, str]] = Counter()
        newest_ms: dict[str, int] = {}
        for segment in taken:
            label = self._label(segment.station)
            for outcome in OUTCOMES:
                if count := getattr(segment.intake, outcome):
                    counts[label, outcome] += count
            if segment.sent_ms >= 0 and label != OTHER:
                newest_ms[label] = segment.sent_ms
        for labels, count in counts.items():
            self.metrics.intake.samples.labels(*labels).inc(count)
        for label, sent_ms in newest_ms.items():
            # a sender whose clock is ahead must still be noticed when it falls silent
            self.metrics.intake.newest_record.labels(label).set(min(sent_ms / 1000, now_s))

    def _state(self, station: str, checkpoint: StationCheckpoint) -> None:
        label, state = self._label(station), checkpoint.state
        if label == OTHER:
            return  # one value cannot stand for many stations
        calibrated = self._profile(station, state) is not None
        self.metrics.windows.calibrated.labels(label).set(calibrated)
        if state.buffer is not None:
            self.metrics.intake.newest_sample.labels(label).set(self._newest_s(state))
            self.metrics.intake.stamp_offset.labels(label).set(checkpoint.offset_ms / 1000)
        current = state.alerts.current
        self.metrics.alerts.open.labels(label).set(
            current is not None and self.leadership.alert(current)
        )

    def _ahead(self, station: str, state: StationState, now_s: float) -> None:
        ahead_s = self._newest_s(state) - now_s
        if ahead_s <= self.tolerance_s:
            self.warned_of.discard(station)
        elif station not in self.warned_of:
            self.warned_of.add(station)
            log.warning(
                "a sample from the future holds a station back",
                station=station,
                newest_sample=utc(round(self._newest_s(state) * 1000)),
            )

    def _profile(self, station: str, state: StationState) -> StationProfile | None:
        """The profile in force at the newest window; before any window, the first one."""
        versions = self.rules.profiles.get(station, ())
        newest_ms = state.alerts.newest_ms
        now = version_at(versions, newest_ms) if newest_ms else next(iter(versions), None)
        made = now or state.learning.profile
        return in_use(made, state.life) if self.rules.living else made

    def _newest_s(self, state: StationState) -> float:
        after = state.buffer.after if state.buffer is not None else 0
        return (after - 1) * self.rules.window.cadence_ms / 1000

    def _refused(self, scored: Scored) -> None:
        """Count unused records; log one refused example by reason: a broken sender sends many."""
        examples: dict[Reason, tuple[RawRecord, Rejected]] = {}
        counts: Counter[Reason] = Counter()
        for record, why in scored.refused:
            if why.ignored is not None:
                self.metrics.intake.ignored.labels(why.ignored.value).inc()
                continue
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

    def _windows(self, scored: Scored) -> None:
        windows: dict[str, list[WindowScore]] = {}
        for score in scored.scores:
            windows.setdefault(score.station, []).append(score)
        for station, scores in windows.items():
            self._station(station, scores, scored.checkpoints[station].state)

    def _station(self, station: str, windows: Sequence[WindowScore], state: StationState) -> None:
        """Show the windows of one station, in order of time."""
        label = self._label(station)
        scores = [window.score for window in windows if window.score is not None]
        qualities = Counter(window.quality.value for window in windows if window.score is None)
        if scores:
            qualities[Quality.OK.value] = len(scores)
        for quality, count in qualities.items():
            self.metrics.windows.decided.labels(label, quality).inc(count)
        profile = self._profile(station, state)
        if scores and profile is not None:
            self._against_calibration(label, scores, profile)
        if label == OTHER:
            return
        self.metrics.windows.completeness.labels(label).set(windows[-1].completeness)
        if scores:
            self._score(label, scores[-1])

    def _score(self, label: str, score: Score) -> None:
        windows = self.metrics.windows
        windows.score.labels(label).set(score.rmse)
        windows.threshold.labels(label).set(score.threshold)
        windows.return_period.labels(label).set(score.return_period_days * DAY_S)
        if score.promise is not None:
            self.metrics.alerts.kept.labels(label).set(score.promise.kept)

    def _against_calibration(
        self, label: str, scores: Sequence[Score], profile: StationProfile
    ) -> None:
        """Count the scores above the profile's quantiles: too many mean an outdated profile."""
        ascending = sorted(score.rmse for score in scores)
        for name, quantile in zip(QUANTILES, profile.quantiles, strict=True):
            above = len(ascending) - bisect_right(ascending, quantile)
            self.metrics.windows.above_quantile.labels(label, name).inc(above)
        window = self.rules.window
        hop_days = window.hop_ms / 1000 / DAY_S
        self.metrics.alerts.promised.labels(label).inc(len(scores) * hop_days / profile.asked_days)

    def _delays(self, scored: Scored, now_s: float) -> None:
        """Observe delays, from the newest record of the station in the batch to `now_s`."""
        sent_ms = {taken.station: taken.sent_ms for taken in scored.taken}
        for station, count in Counter(score.station for score in scored.scores).items():
            if sent_ms[station] >= 0:  # the broker may keep no timestamps
                delay_s = max(now_s - sent_ms[station] / 1000, 0.0)
                self.metrics.work.sample_to_score.observe_all(delay_s, count)

    def alerts(self, versions: Iterable[Alert]) -> None:
        """Record published alert versions; those of a worker in shadow were not sent."""
        for alert in versions:
            if not self.leadership.alert(alert):
                self.metrics.alerts.shadow.labels(self._label(alert.station)).inc(
                    alert.change is Change.OPENED
                )
                continue
            self._alert(alert)
            log.info(
                f"alert {alert.change.value}",
                alert_id=alert.id,
                version=alert.version,
                station=alert.station,
                severity=alert.severity.value,
                classification=alert.classification.value,
            )

    def _alert(self, alert: Alert) -> None:
        alerts, label = self.metrics.alerts, self._label(alert.station)
        classification = alert.classification.value
        alerts.versions.labels(alert.change.value, classification, alert.severity.value).inc()
        if alert.change is Change.OPENED:
            alerts.opened.labels(label).inc()
        elif self._is_news(alert):
            alerts.settled.labels(label, classification).inc()

    def _is_news(self, alert: Alert) -> bool:
        """Whether an ended alert has got a class that was not counted yet."""
        classification = alert.classification
        ended = alert.status is not AlertStatus.OPEN
        if not ended or classification in (Classification.UNKNOWN, self.last_classes.get(alert.id)):
            return False
        self.last_classes[alert.id] = classification
        if len(self.last_classes) > REMEMBERED:
            del self.last_classes[next(iter(self.last_classes))]
        return True

    def _calibrations(self, scored: Scored) -> None:
        for station, ratio in scored.progress.items():
            label = self._label(station)
            if label != OTHER:
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


def left_out(metrics: Metrics, reason: str) -> Callable[[], object]:
    """Function that counts a record left out for `reason`, one of `ELSEWHERE`."""
    return metrics.intake.deadletters.labels(reason).inc
