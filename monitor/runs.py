"""Records of a station that follow each other, taken together: one array instead of many.

A record goes on where the one before ended, or it does not; what comes of its samples is the same
either way, so this changes nothing but the time it takes. Nor does it need any state: a batch is
read while the one before it is scored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from geofield.orientation import OrientationError
from geofield.samples import Samples
from monitor.codec import Accepts, RawRecord, Rejected, Report, read, samples_of, samples_of_all


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one partition and their reports, each of which goes on where the last one ends."""

    records: list[RawRecord]
    reports: list[Report]

    @property
    def place(self) -> tuple[int, int]:
        """Partition and offset of the first record."""
        return self.records[0].partition, self.records[0].offset

    @property
    def last(self) -> RawRecord:
        """The record with the highest offset."""
        return self.records[-1]

    @property
    def station(self) -> str:
        """Whose they are."""
        return self.reports[-1].station

    def goes_on(self, record: RawRecord, report: Report) -> bool:
        """Whether a later record of the station only adds to it."""
        last = self.reports[-1]
        return (
            report.start_ms == last.end_ms
            and report.elements == last.elements
            and record.partition == self.last.partition
        )

    def since(self, number: int) -> Run:
        """The run without so many of its first records."""
        return Run(self.records[number:], self.reports[number:])

    def alone(self) -> Iterator[Run]:
        """Every record as a run of its own."""
        for record, report in zip(self.records, self.reports, strict=True):
            yield Run([record], [report])


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as far as they are understood without any state.

    Attributes
    ----------
    records
        All of them.
    refused
        Those that are not well formed.
    runs
        The others, in the order of the first record of each, with their samples. One that is at
        fault for its values is a run of its own.
    """

    records: Sequence[RawRecord]
    refused: list[tuple[RawRecord, Rejected]]
    runs: list[tuple[Run, Samples | Rejected]]


def read_batch(records: Sequence[RawRecord], accepts: Accepts) -> Batch:
    """Read records; on any thread."""
    refused: list[tuple[RawRecord, Rejected]] = []
    runs: list[Run] = []
    newest: dict[str, Run] = {}
    for record in records:
        report = read(record, accepts)
        if isinstance(report, Rejected):
            refused.append((record, report))
            continue
        run = newest.get(report.station)
        if run is not None and run.goes_on(record, report):
            run.records.append(record)
            run.reports.append(report)
        else:
            run = newest[report.station] = Run([record], [report])
            runs.append(run)
    understood = _understood(runs, accepts)
    if len(understood) > len(runs):  # parted, so no longer in the order of the records
        order = {(one.partition, one.offset): number for number, one in enumerate(records)}
        understood.sort(key=lambda one: order[one[0].place])
    return Batch(records, refused, understood)


def _understood(runs: Sequence[Run], accepts: Accepts) -> list[tuple[Run, Samples | Rejected]]:
    """Runs with their samples, in order; one of which a record is at fault is parted."""
    alike: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        alike.setdefault(run.reports[0].elements, []).append(run)
    samples: dict[tuple[int, int], Samples] = {}
    for few in alike.values():
        # most calls of numpy take as long for one station's samples as for those of all
        with suppress(OrientationError):
            found = samples_of_all([run.reports for run in few], accepts)
            samples.update(zip((run.place for run in few), found, strict=True))
    understood: list[tuple[Run, Samples | Rejected]] = []
    for run in runs:
        known = samples.get(run.place)
        understood += _alone(run, accepts) if known is None else [(run, known)]
    return understood


def _alone(run: Run, accepts: Accepts) -> Iterator[tuple[Run, Samples | Rejected]]:
    """The run with its samples; its records are parted where one of them is at fault."""
    samples = samples_of(run.reports, accepts)
    if isinstance(samples, Rejected) and len(run.records) > 1:
        yield from ((one, samples_of(one.reports, accepts)) for one in run.alone())
    else:
        yield run, samples
