"""A day of a station, as it is answered: field, scores and alerts."""

from __future__ import annotations

import msgspec
import numpy as np

from geofield.utc import DAY_MS
from monitor.dashboard.past.folder import HistoryFolder
from monitor.dashboard.past.records import alerts_within, read_scores
from monitor.dashboard.past.samples import Faults, read_samples
from monitor.dashboard.showable import AlertView
from monitor.dashboard.traces import FieldTrace, ScoreTrace, field_traces


class PastDay(msgspec.Struct, frozen=True):
    """Field and scores of a station over a part of a day. Times are in ms since 1970 UTC.

    `field` is empty where no samples are kept. `columns` is the number of samples of a pixel,
    `complete` the share of samples that have a value, 0-1. `scores` are by model, `faults` say
    which files could not be read.
    """

    station: str
    day: str
    start_ms: int
    end_ms: int
    first_ms: int
    cadence_ms: int
    columns: int
    complete: float
    field: dict[str, FieldTrace]
    scores: dict[str, ScoreTrace]
    alerts: list[AlertView]
    faults: list[str]

    @property
    def empty(self) -> bool:
        """Whether nothing at all is known of it."""
        return not (self.field or self.scores or self.alerts or self.faults)


def past_day(
    folder: HistoryFolder,
    station: str,
    day: str,
    span_ms: tuple[int, int],
    declination_deg: float,
    pixels: int,
) -> PastDay:
    """A part of a day, for charts `pixels` wide."""
    faults = Faults()
    samples = read_samples(folder, station, span_ms, declination_deg, faults)
    field: dict[str, FieldTrace] = {}
    first_ms, cadence_ms, width, complete = span_ms[0], 1000, 1, 0.0
    if samples is not None:
        first_ms, cadence_ms = samples.start_ms, samples.cadence_ms
        width = max(-(-(span_ms[1] - span_ms[0]) // cadence_ms // pixels), 1)
        field = field_traces(samples.field_nt, width)
        complete = round(float(np.mean(~np.isnan(samples.field_nt).any(axis=1))), 5)
    return PastDay(
        station=station,
        day=day,
        start_ms=span_ms[0],
        end_ms=span_ms[1],
        first_ms=first_ms,
        cadence_ms=cadence_ms,
        columns=width,
        complete=complete,
        field=field,
        scores=read_scores(folder, station, span_ms, faults),
        alerts=[alert.view for alert in alerts_within(folder, station, span_ms, faults)],
        faults=faults.words,
    )


def quarters_ms(midnight_ms: int) -> list[tuple[int, int]]:
    """The four quarters of a day."""
    quarter_ms = DAY_MS // 4
    return [
        (begin_ms, begin_ms + quarter_ms)
        for begin_ms in range(midnight_ms, midnight_ms + DAY_MS, quarter_ms)
    ]
