"""Segments: contiguous records of a station, decoded into one array instead of many.

Joining records saves time and does not change any result. It needs no state, so a batch is decoded
while the batch before it is scored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from msgspec import structs

from geofield.series.orientation import OrientationError
from geofield.series.samples import Samples
from geofield.series.stamps import nearest_ms
from monitor.records.sample_decoder import (
    Accepts,
    RawRecord,
    Rejected,
    Report,
    read,
    samples_of,
    samples_of_all,
)


@dataclass(frozen=True, slots=True)
class Segment:
    """Records of one partition with their reports, each starting where the one before ends."""

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
        """Code of the station."""
        return self.reports[-1].station

    def goes_on(self, record: RawRecord, report: Report) -> bool:
        """Whether a later record of the station continues the segment."""
        last = self.reports[-1]
        return (
            report.start_ms == last.end_ms
            and report.cadence_ms == last.cadence_ms
            and report.offset_ms == last.offset_ms
            and report.elements == last.elements
            and record.partition == self.last.partition
        )

    def on_grid(self, samples: Samples, offset_ms: int) -> tuple[Segment, Samples]:
        """The segment and its samples where a station with this offset of its stamps has them."""
        first = self.reports[0]
        if first.offset_ms == offset_ms:
            return self, samples
        stamped_ms = first.start_ms + first.offset_ms
        start_ms = nearest_ms(stamped_ms, first.cadence_ms, offset_ms)
        shift_ms = start_ms - first.start_ms
        reports = [
            structs.replace(report, start_ms=report.start_ms + shift_ms, offset_ms=offset_ms)
            for report in self.reports
        ]
        placed = Samples(samples.station, start_ms, samples.cadence_ms, samples.field_nt)
        return Segment(self.records, reports), placed

    def since(self, number: int) -> Segment:
        """The segment without its first `number` records."""
        return Segment(self.records[number:], self.reports[number:])

    def alone(self) -> Iterator[Segment]:
        """Each record as a segment of its own."""
        for record, report in zip(self.records, self.reports, strict=True):
            yield Segment([record], [report])


@dataclass(frozen=True, slots=True)
class Batch:
    """Records decoded as far as that needs no state.

    Attributes
    ----------
    records
        The well-formed records that the model takes.
    refused
        The malformed records.
    segments
        Segments of `records` with their samples, in order of their first records. A record
        with unusable values is a segment of its own.
    accepts
        The rules by which the records were decoded.
    ends
        By partition, the offset behind the last record that was read with these, of any model.
    """

    records: Sequence[RawRecord]
    refused: list[tuple[RawRecord, Rejected]]
    segments: list[tuple[Segment, Samples | Rejected]]
    accepts: Accepts
    ends: Mapping[int, int]


def read_batch(records: Sequence[RawRecord], accepts: Accepts) -> Batch:
    """Decode records into a batch; runs on any thread."""
    (batch,) = read_batches(records, [accepts])
    return batch


def read_batches(records: Sequence[RawRecord], models: Sequence[Accepts]) -> list[Batch]:
    """Decode records into a batch for each model, by their cadence; runs on any thread.

    A record goes to the model of its cadence, and to one whose samples are derived from it.
    Malformed records, and those of a cadence that no model takes, are in the first batch.
    """
    taking: dict[int, list[list[tuple[RawRecord, Report]]]] = {}  # records of models, by cadence
    of_models: list[list[tuple[RawRecord, Report]]] = [[] for _ in models]
    for accepts, own in zip(models, of_models, strict=True):
        for cadence_ms in accepts.cadences_ms:
            taking.setdefault(cadence_ms, []).append(own)
    cadences_ms = tuple(taking)
    ends = {record.partition: record.offset + 1 for record in records}
    refused: list[tuple[RawRecord, Rejected]] = []
    for record in records:
        report = read(record, models[0], cadences_ms)
        if isinstance(report, Rejected):
            refused.append((record, report))
            continue
        for own in taking[report.cadence_ms]:
            own.append((record, report))
    batches = []
    for accepts, own in zip(models, of_models, strict=True):
        well_formed = [record for record, _ in own]
        batches.append(Batch(well_formed, refused, _segments(own, accepts), accepts, ends))
        refused = []
    return batches


def _segments(
    read_records: Sequence[tuple[RawRecord, Report]], accepts: Accepts
) -> list[tuple[Segment, Samples | Rejected]]:
    """Segments of the records of a model with their samples, in order of their first records."""
    segments: list[Segment] = []
    newest: dict[str, Segment] = {}
    for record, report in read_records:
        segment = newest.get(report.station)
        if segment is not None and segment.goes_on(record, report):
            segment.records.append(record)
            segment.reports.append(report)
        else:
            segment = newest[report.station] = Segment([record], [report])
            segments.append(segment)
    understood = _understood(segments, accepts)
    if len(understood) > len(segments):  # some were split, so they are no longer in record order
        order = {(record.partition, record.offset): n for n, (record, _) in enumerate(read_records)}
        understood.sort(key=lambda pair: order[pair[0].place])
    return understood


def _understood(
    segments: Sequence[Segment], accepts: Accepts
) -> list[tuple[Segment, Samples | Rejected]]:
    """Segments with their samples, in order; one with an unusable record is split."""
    by_elements: dict[tuple[str, ...], list[Segment]] = {}
    for segment in segments:
        by_elements.setdefault(segment.reports[0].elements, []).append(segment)
    samples: dict[tuple[int, int], Samples] = {}
    for group in by_elements.values():
        # a NumPy call takes about as long for one station's samples as for those of all
        with suppress(OrientationError):
            decoded = samples_of_all([segment.reports for segment in group], accepts)
            samples.update(zip((segment.place for segment in group), decoded, strict=True))
    understood: list[tuple[Segment, Samples | Rejected]] = []
    for segment in segments:
        known = samples.get(segment.place)
        understood += _alone(segment, accepts) if known is None else [(segment, known)]
    return understood


def _alone(segment: Segment, accepts: Accepts) -> Iterator[tuple[Segment, Samples | Rejected]]:
    """The segment with its samples; split into single records if one of them is unusable."""
    samples = samples_of(segment.reports, accepts)
    if isinstance(samples, Rejected) and len(segment.records) > 1:
        yield from ((single, samples_of(single.reports, accepts)) for single in segment.alone())
    else:
        yield segment, samples
