"""What the operator sees of the sources: metrics, and a line in the log when something changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from monitor.ingest.manner import SampleCounts
from monitor.metrics.metrics import STATION, Maker
from monitor.metrics.station_labels import StationLabels

SOURCE = ("source",)
log = structlog.get_logger("magwatch.ingest")


@dataclass(frozen=True, slots=True)
class IngestMetrics:
    """All metrics of `magwatch ingest`; labels are stations and sources of the file."""

    stations: StationLabels
    newest: Gauge
    heard: Gauge
    silent_after: Gauge
    records: Counter
    samples: Counter
    gaps: Counter
    backfilled: Counter
    refused: Counter
    reconnects: Counter
    up: Gauge

    @classmethod
    def create(cls, registry: CollectorRegistry, station_cap: int) -> Self:
        """Create all metrics; call once for each registry."""
        make = Maker(registry)
        return cls(
            StationLabels(station_cap),
            make.gauge(
                "ingest_newest_sample_timestamp_seconds",
                "Time of the newest sample that ingest has published.",
                STATION,
            ),
            make.gauge(
                "ingest_heard_timestamp_seconds",
                "Time at which a source last brought values of the station; before the first ones, "
                "of the start.",
                STATION,
            ),
            make.gauge(
                "ingest_silent_after_seconds",
                "`silent_s` of the station: time without a sample after which its sources count as "
                "silent.",
                STATION,
            ),
            make.counter("ingest_records", "Records published by ingest.", STATION),
            make.counter(
                "ingest_samples",
                "Samples that came from sources, by what became of them.",
                ("station", "outcome"),
            ),
            make.counter(
                "ingest_gaps", "Gaps that were given up when their time was over.", STATION
            ),
            make.counter("ingest_backfilled_samples", "Samples filled in by `backfill`.", STATION),
            make.counter(
                "ingest_refused_messages", "Messages of sources that are nonsense.", SOURCE
            ),
            make.counter("ingest_reconnects", "Connections that were lost or refused.", SOURCE),
            make.gauge("ingest_source_up", "1 while the source answers.", SOURCE),
        )

    @classmethod
    def unregistered(cls) -> Self:
        """Metrics that nobody reads."""
        return cls.create(CollectorRegistry(), 1)


@dataclass(slots=True)
class SourceWatch:
    """Keeps metrics up to date, and logs a state once, when it begins and when it ends."""

    metrics: IngestMetrics
    problems: dict[str, str] = field(default_factory=dict)  # of sources, at present
    _heard: set[str] = field(default_factory=set)
    _silent: set[str] = field(default_factory=set)  # stations
    _nonsense: dict[tuple[str, str], str] = field(default_factory=dict)  # last reason, by source

    def expect(self, source: str) -> None:
        """Count a source as not there until it is heard of."""
        self.problems[source] = "not heard of yet"
        self.metrics.up.labels(source).set(0)
        self.metrics.refused.labels(source)
        self.metrics.reconnects.labels(source)

    def station(self, station: str, silent_s: float, at_s: float) -> None:
        """Begin to watch a station: at this time it was heard of, for now."""
        label = self.metrics.stations.label(station)
        self.metrics.silent_after.labels(label).set(silent_s)
        self.metrics.heard.labels(label).set(at_s)
        self.metrics.gaps.labels(label)

    def state(self, source: str, problem: str | None) -> None:
        """Note that a source answers, or why it does not."""
        before = self.problems.get(source)
        self.metrics.up.labels(source).set(problem is None)
        if problem is None:
            self.problems.pop(source, None)
            if before is not None or source not in self._heard:
                log.info("source answers", source=source)
            self._heard.add(source)
            return
        self.metrics.reconnects.labels(source).inc()
        self.problems[source] = problem
        if problem != before:
            log.warning("source does not answer", source=source, said=problem)

    def refused(self, source: str, station: str, subject: str, why: str) -> None:
        """Note that a message cannot be used; the same reason is logged once."""
        self.metrics.refused.labels(source).inc()
        if self._nonsense.get((source, station)) != why:
            self._nonsense[source, station] = why
            log.warning("refused", source=source, station=station, subject=subject, said=why)

    def heard(self, station: str, at_s: float) -> None:
        """Note that a source has brought values."""
        self.metrics.heard.labels(self.metrics.stations.label(station)).set(at_s)

    def taken(self, station: str, counts: SampleCounts, *, backfill: bool) -> None:
        """Count samples of a message."""
        label = self.metrics.stations.label(station)
        for outcome, count in counts.items():
            if count:
                self.metrics.samples.labels(label, outcome).inc(count)
        if backfill and (count := counts.new + counts.filled):
            self.metrics.backfilled.labels(label).inc(count)

    def published(self, station: str, newest_ms: int | None, records: int) -> None:
        """Count records, and set the age of the newest sample."""
        label = self.metrics.stations.label(station)
        self.metrics.records.labels(label).inc(records)
        if newest_ms is not None:
            self.metrics.newest.labels(label).set(newest_ms / 1000)

    def gaps(self, station: str, count: int, span: str) -> None:
        """Note gaps that were given up."""
        self.metrics.gaps.labels(self.metrics.stations.label(station)).inc(count)
        log.warning("gap given up", station=station, span=span)

    def silence(self, station: str, *, silent: bool, silent_s: float) -> None:
        """Note whether all sources of a station are silent."""
        if silent and station not in self._silent:
            self._silent.add(station)
            log.warning("all sources are silent", station=station, for_s=silent_s)
        elif not silent and station in self._silent:
            self._silent.discard(station)
            log.info("a source speaks again", station=station)
