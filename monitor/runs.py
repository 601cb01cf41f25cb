"""Records of a station that follow each other, taken together: one array instead of many.

A record goes on where the one before ended, or it does not; what comes of its samples is the same
either way, so this changes nothing but the time it takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from geofield.samples import Samples
from monitor.codec import Accepts, RawRecord, Rejected, Report, samples_of


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one partition and their reports, each of which goes on where the last one ends."""

    records: list[RawRecord]
    reports: list[Report]

    @property
    def last(self) -> RawRecord:
        """The record with the highest offset."""
        return self.records[-1]

    def goes_on(self, record: RawRecord, report: Report) -> bool:
        """Whether a later record of the station only adds to it."""
        last = self.reports[-1]
        return (
            report.start_ms == last.end_ms
            and report.elements == last.elements
            and record.partition == self.last.partition
        )

    def alone(self) -> Iterator[Run]:
        """Every record as a run of its own."""
        for record, report in zip(self.records, self.reports, strict=True):
            yield Run([record], [report])


class Runs:
    """The runs of a batch, in the order of their first records."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._open: dict[str, Run] = {}

    def add(self, record: RawRecord, report: Report) -> None:
        """Take the next record of any station."""
        run = self._open.get(report.station)
        if run is not None and run.goes_on(record, report):
            run.records.append(record)
            run.reports.append(report)
        else:
            run = self._open[report.station] = Run([record], [report])
            self._runs.append(run)

    def samples(self, accepts: Accepts) -> Iterator[tuple[Run, Samples | Rejected]]:
        """Every run with its samples; records are parted where one of them is at fault."""
        for run in self._runs:
            samples = samples_of(run.reports, accepts)
            if isinstance(samples, Rejected) and len(run.records) > 1:
                yield from ((one, samples_of(one.reports, accepts)) for one in run.alone())
            else:
                yield run, samples
