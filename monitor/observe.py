"""Turns what a batch came to into metrics."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from geofield.alert import Alert, Change, Classification, Severity, Status
from geofield.calibrating import Fit
from geofield.profile import StationProfile
from geofield.score import Quality, Score, WindowScore
from geofield.step import Rules, StationState
from monitor.charge import Charge
from monitor.checkpoint import Held
from monitor.codec import RawRecord, Reason, Rejected
from monitor.metrics import Metrics
from monitor.records import utc
from monitor.scoring import Scored, Taken
from monitor.station_labels import OTHER

DAY_S = 86_400
OUTCOMES = ("accepted", "missing", "duplicate", "corrected", "late")
INDEX = "index"  # the one reason for which something else than a record of samples is refused
QUANTILES = ("0.5", "0.9", "0.99")  # as in StationProfile.quantiles
SHOWN = "skill shown"
REMEMBERED = 1000  # alerts, to count each once
log = structlog.get_logger("magwatch.worker")


@dataclass(frozen=True, slots=True)
class Observer:
    """Feeds one set of metrics; `settled` has the classes of the alerts settled last."""

    metrics: Metrics
    rules: Rules
    charge: Charge = field(default_factory=Charge)
    settled: dict[str, Classification] = field(default_factory=dict)

    def about(self, version: str, now_s: float) -> None:
        """What is running, and every series that can be there from the start.

        A counter that first shows with its first event hides that event from Prometheus.
        """
        model, work = self.rules.model, self.metrics.work
        verdict = SHOWN if model.skill.startswith(SHOWN) else f"no {SHOWN}"
        line = self.charge.party.line
        work.model.labels(model.name, model.version, model.sha256, verdict, line).set(1)
        work.build.labels(version).set(1)
        self.metrics.progress.progress.set(now_s)
        for reason in (*(one.value for one in Reason), INDEX):
            self.metrics.intake.deadletters.labels(reason)
        for labels in itertools.product(Change, Classification, Severity):
            self.metrics.alerts.versions.labels(*(label.value for label in labels))
        self._profiles()

    def loaded(self, held: Mapping[str, Held]) -> None:
        """States were read: a station that was silent before a restart stays seen."""
        for station, one in held.items():
            self._state(station, one.state)
            label = self._label(station)
            if one.state.buffer is not None and label != OTHER:
                self.metrics.intake.newest_record.labels(label).set(self._newest_s(one.state))

    def forgotten(self) -> None:
        """Partitions changed hands: their stations are another worker's to show."""
        for gauge in self.metrics.of_stations():
            gauge.clear()
        self._profiles()

    def batch(self, scored: Scored, now_s: float) -> None:
        """A batch has been published at `now_s` (seconds since 1970, of this machine)."""
        taken = sum(len(one.records) for one in scored.taken)
        self.metrics.intake.records.inc(taken + len(scored.refused) + scored.repeated)
        self._intake(scored.taken, now_s)
        for station, held in scored.held.items():
            self._state(station, held.state)
        self._refused(scored)
        self._windows(scored)
        self._delays(scored, now_s)
        self.alerts(scored.alerts)
        self._calibrations(scored)
        if newest_ms := self.charge.newest_ms:
            gauge = self.metrics.work.in_charge.labels(self.charge.party.line)
            gauge.set(self.charge.window(newest_ms))
        self.metrics.progress.progress.set(now_s)

    def checkpoint(self) -> None:
        """States were written."""
        self.metrics.work.checkpoints.inc()

    def _label(self, station: str) -> str:
        """A station's label; a new one begins with all its counters at zero."""
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
        """Stations that are to be watched have their labels before a stranger can take them."""
        for station in sorted(self.rules.profiles):
            label = self._label(station)
            if label != OTHER:
                self.metrics.windows.calibrated.labels(label).set(1)

    def _intake(self, taken: Iterable[Taken], now_s: float) -> None:
        """Count once for each station, however many records it sent."""
        counts: Counter[tuple[str, str]] = Counter()
        newest_ms: dict[str, int] = {}
        for one in taken:
            label = self._label(one.station)
            for outcome in OUTCOMES:
                if count := getattr(one.intake, outcome):
                    counts[label, outcome] += count
            if one.sent_ms >= 0 and label != OTHER:
                newest_ms[label] = one.sent_ms
        for labels, count in counts.items():
            self.metrics.intake.samples.labels(*labels).inc(count)
        for label, sent_ms in newest_ms.items():
            # a sender's clock that is ahead must not keep its silence from being seen
            self.metrics.intake.newest_record.labels(label).set(min(sent_ms / 1000, now_s))

    def _state(self, station: str, state: StationState) -> None:
        label = self._label(station)
        if label == OTHER:
            return  # one value cannot stand for many stations
        calibrated = self._profile(station, state) is not None
        self.metrics.windows.calibrated.labels(label).set(calibrated)
        if state.buffer is not None:
            self.metrics.intake.newest_sample.labels(label).set(self._newest_s(state))
        current = state.alerts.current
        self.metrics.alerts.open.labels(label).set(
            current is not None and self.charge.alert(current)
        )

    def _profile(self, station: str, state: StationState) -> StationProfile | None:
        return self.rules.profiles.get(station, state.learning.profile)

    def _newest_s(self, state: StationState) -> float:
        after = state.buffer.after if state.buffer is not None else 0
        return (after - 1) * self.rules.window.cadence_ms / 1000

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

    def _windows(self, scored: Scored) -> None:
        windows: dict[str, list[WindowScore]] = {}
        for score in scored.scores:
            windows.setdefault(score.station, []).append(score)
        if scored.scores:
            self.charge.decided(max(score.end_ms for score in scored.scores))
        for station, scores in windows.items():
            self._station(station, scores, scored.held[station].state)

    def _station(self, station: str, windows: Sequence[WindowScore], state: StationState) -> None:
        """Windows of one station, in order of time."""
        label = self._label(station)
        scores = [one.score for one in windows if one.score is not None]
        qualities = Counter(one.quality.value for one in windows if one.score is None)
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

    def _against_calibration(
        self, label: str, scores: Sequence[Score], profile: StationProfile
    ) -> None:
        """What lets a rule see that a profile no longer describes its station."""
        ascending = sorted(score.rmse for score in scores)
        for name, quantile in zip(QUANTILES, profile.quantiles, strict=True):
            above = len(ascending) - bisect_right(ascending, quantile)
            self.metrics.windows.above_quantile.labels(label, name).inc(above)
        window = self.rules.window
        hop_days = window.hop * window.cadence_ms / 1000 / DAY_S
        self.metrics.alerts.promised.labels(label).inc(len(scores) * hop_days / profile.asked_days)

    def _delays(self, scored: Scored, now_s: float) -> None:
        """A window's delay counts from the newest record of its station in the batch."""
        sent_ms = {taken.station: taken.sent_ms for taken in scored.taken}
        for station, count in Counter(score.station for score in scored.scores).items():
            if sent_ms[station] >= 0:  # a broker may keep no time
                delay_s = max(now_s - sent_ms[station] / 1000, 0.0)
                self.metrics.work.sample_to_score.observe_all(delay_s, count)

    def alerts(self, versions: Iterable[Alert]) -> None:
        """These have been published, as far as they are this worker's."""
        for alert in versions:
            if not self.charge.alert(alert):
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
        elif self._settles(alert):
            alerts.settled.labels(label, classification).inc()

    def _settles(self, alert: Alert) -> bool:
        """Whether an alert that has ended gets a class; versions may repeat it."""
        classification = alert.classification
        ended = alert.status is not Status.OPEN
        if not ended or classification in (Classification.UNKNOWN, self.settled.get(alert.id)):
            return False
        self.settled[alert.id] = classification
        if len(self.settled) > REMEMBERED:
            del self.settled[next(iter(self.settled))]
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
