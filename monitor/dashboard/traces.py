"""Data of a station's charts: field, scores, and the model's reconstruction."""

from __future__ import annotations

import msgspec
import numpy as np

from archive.model import Model
from geofield.calibration.profile import StationProfile
from geofield.scoring.manifest import ModelWindow
from geofield.scoring.score import stack_scale
from geofield.series.samples import COMPONENTS, Samples
from geofield.series.windows import Windows, cut
from geofield.types import Float64
from monitor.dashboard.decimate import extremes
from monitor.dashboard.station import QUALITIES, SCORE_COLUMNS, Station

SHOWN_WINDOWS = 8
Column = list[float | None]


class FieldTrace(msgspec.Struct, frozen=True):
    """Lowest and highest sample of each pixel column; `at` are sample numbers from the start."""

    at: list[int]
    nt: Column


class ScoreTrace(msgspec.Struct, frozen=True):
    """Scores of windows, by the ends of the windows (ms since 1970 UTC)."""

    end_ms: list[int]
    quality: list[str | None]
    rmse: Column
    threshold: Column
    return_period_days: Column
    completeness: Column


class StationTrace(msgspec.Struct, frozen=True):
    """Field and scores of a station over a span; `columns` is the number of samples per pixel."""

    station: str
    start_ms: int
    end_ms: int
    cadence_ms: int
    columns: int
    field: dict[str, FieldTrace]
    scores: ScoreTrace


class Reconstruction(msgspec.Struct, frozen=True):
    """Band-passed field and its reconstruction in nT; null where there is no scored window.

    `reconstruction_nt` is empty for a station without a profile, as the model needs its scale.
    """

    station: str
    time_ms: list[int]
    filtered_nt: dict[str, Column]
    reconstruction_nt: dict[str, Column]


def station_trace(station: Station, start_ms: int, end_ms: int, pixels: int) -> StationTrace:
    """Field and scores from `start_ms` to `end_ms`, for charts `pixels` wide."""
    cadence_ms = station.field.cadence_ms
    width = max(-(-(end_ms - start_ms) // cadence_ms // pixels), 1)
    # Columns are counted from 1970, so that points do not flicker as time moves on.
    start_ms -= start_ms % (width * cadence_ms)
    samples = station.field.between(start_ms, end_ms)
    field = field_traces(samples.field_nt, width)
    scores = _scores(station, start_ms, end_ms)
    return StationTrace(station.code, samples.start_ms, end_ms, cadence_ms, width, field, scores)


def field_traces(field_nt: Float64, width: int) -> dict[str, FieldTrace]:
    """Traces of a field [n, 3] by component, for columns of `width` samples."""
    return {
        name: _field_trace(field_nt[:, column], width) for column, name in enumerate(COMPONENTS)
    }


def under_the_last_windows(station: Station, end_ms: int, about: ModelWindow) -> Samples:
    """The samples needed by `reconstruction` for the windows before `end_ms`."""
    span_ms = ((SHOWN_WINDOWS + 1) * about.samples + about.taps) * about.cadence_ms
    return station.field.between(end_ms - span_ms, end_ms)


def reconstruction(
    samples: Samples, model: Model, profile: StationProfile | None
) -> Reconstruction:
    """Band-passed field and reconstruction of contiguous windows.

    Windows, filter and network are those of the worker.
    """
    about = model.manifest.window
    windows = cut(samples, about.spec(hop=about.samples))
    # insufficient windows are not drawn
    fields_nt = windows.levelled_nt()[windows.sufficient]
    shape = (len(windows), -(-about.samples // about.step), len(COMPONENTS))
    filtered_nt, rebuilt_nt = np.full(shape, np.nan), np.full(shape, np.nan)
    if len(fields_nt) and profile is not None:
        scale_nt = stack_scale(profile.scale_nt, len(fields_nt))
        drawn = model.traces(fields_nt, scale_nt)
        filtered_nt[windows.sufficient], rebuilt_nt[windows.sufficient] = drawn
    elif len(fields_nt):
        filtered_nt[windows.sufficient] = model.filtered(fields_nt)
    return Reconstruction(
        station=samples.station,
        time_ms=_times_ms(windows, about.samples * about.cadence_ms, shape[1]),
        filtered_nt=_by_component(filtered_nt),
        reconstruction_nt=_by_component(rebuilt_nt) if profile is not None else {},
    )


def _field_trace(values_nt: Float64, width: int) -> FieldTrace:
    at = extremes(values_nt, width)
    return FieldTrace(at.tolist(), np.round(values_nt[at], 3).tolist())


def _scores(station: Station, start_ms: int, end_ms: int) -> ScoreTrace:
    first, rows = station.windows.between(
        -(-start_ms // station.hop_ms), end_ms // station.hop_ms + 1
    )
    columns = dict(zip(SCORE_COLUMNS, np.round(rows, 5).T.tolist(), strict=True))
    quality = columns.pop("quality")
    return ScoreTrace(
        end_ms=((first + np.arange(len(rows))) * station.hop_ms).tolist(),
        quality=[None if code != code else QUALITIES[int(code)] for code in quality],  # noqa: PLR0124 - NaN
        **columns,
    )


def _times_ms(windows: Windows, window_ms: int, steps: int) -> list[int]:
    offsets_ms = np.arange(steps) * (window_ms // steps)
    times_ms = windows.end_ms[:, None] - window_ms + offsets_ms
    return np.asarray(times_ms).ravel().tolist()


def _by_component(values_nt: Float64) -> dict[str, Column]:
    columns = np.round(values_nt.reshape(-1, len(COMPONENTS)), 4).T
    return dict(zip(COMPONENTS, columns.tolist(), strict=True))
