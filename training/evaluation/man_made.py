"""Man-made pulses found and missed, and what the field did that was called man-made.

The background is that of the quieter hours of the record, since pulses are searched in days that
calibrated nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import fftconvolve

from geofield.quality.findings import Fault
from geofield.quality.pulses import RATE_SCALES, rates
from geofield.quality.search import faults_of
from geofield.scoring.manifest import ModelWindow
from geofield.series.fir import bandpass_taps
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec, cut_out, under_windows
from geofield.types import Float64
from geofield.utc import DAY_MS, HOUR_MS
from training.results import ManMade

_CALLED = {Fault.STEP, Fault.SPIKE, Fault.PULSE}
_QUIETER = 0.3
_FEWEST = 60  # samples of an hour, where a minute is a sample
_PIECE_WINDOWS = 1024


@dataclass(frozen=True, slots=True)
class SearchedWindow:
    """A window: its end, whether it is fast, and whether something in it is called man-made."""

    end_ms: int
    fast: bool
    called: bool


def man_made(
    name: str, samples: Samples, scale_nt: Float64, spec: WindowSpec, marked_ms: Sequence[int],
    *, natural: bool,
) -> ManMade:  # fmt: skip
    """Search a record for man-made pulses.

    Parameters
    ----------
    name
        Name of the record in the table.
    samples, scale_nt
        The record, and its background [3] in nT, see `quieter_background_nt`.
    spec
        The window.
    marked_ms
        Moments of known pulses, ms since 1970 UTC.
    natural
        Whether nothing else in the record is man-made.
    """
    windows = list(_searched(samples, scale_nt, spec))
    reach_ms = spec.length_ms + spec.margin_ms  # from the begin of the span to the window's end
    found = [
        any(
            window.called and 0 <= window.end_ms - spec.length_ms // 2 - at_ms < 2 * spec.hop_ms
            for window in windows
        )
        for at_ms in marked_ms
    ]
    other = [
        window.called
        and not any(-spec.margin_ms <= window.end_ms - at_ms <= reach_ms for at_ms in marked_ms)
        for window in windows
    ]
    return ManMade(
        record=name,
        days=len(windows) * spec.hop_ms / DAY_MS,
        windows=len(windows),
        fast=sum(window.fast for window in windows),
        called=sum(window.called for window in windows),
        marked=len(found),
        found=sum(found),
        other_episodes=sum(
            now and not before for before, now in zip([False, *other], other, strict=False)
        ),
        wrong=sum(other) if natural else None,
    )


def quieter_background_nt(samples: Samples, window: ModelWindow) -> Float64:
    """Median deviation of the band-passed field in the quieter hours (or 60 samples): [3]."""
    taps = bandpass_taps(window.low_hz, window.high_hz, window.cadence_ms / 1000, window.taps)
    hour = max(HOUR_MS // window.cadence_ms, _FEWEST)
    scale_nt = []
    for component in samples.field_nt.T:
        known = np.flatnonzero(~np.isnan(component))
        filled = np.interp(np.arange(len(component)), known, component[known])
        filtered = fftconvolve(filled - filled.mean(), taps, "same")
        filtered[np.isnan(component)] = np.nan
        hours = filtered[: len(filtered) // hour * hour].reshape(-1, hour)
        whole = hours[np.isnan(hours).mean(axis=1) < 0.1]
        away_nt = np.abs(whole - np.nanmedian(whole, axis=1, keepdims=True))
        scale_nt.append(np.quantile(1.4826 * np.nanmedian(away_nt, axis=1), _QUIETER))
    return np.array(scale_nt)


def _searched(samples: Samples, scale_nt: Float64, spec: WindowSpec) -> Iterator[SearchedWindow]:
    """Windows of samples that are complete enough."""
    series = under_windows(samples, spec)
    for begin in range(0, len(series), _PIECE_WINDOWS):
        rows = slice(begin, begin + _PIECE_WINDOWS)
        part = replace(series, ends=series.ends[rows], starts=series.starts[rows])
        windows = cut_out(part, spec)
        found = faults_of(part, windows, windows.sufficient, scale_nt[None], [len(part)], spec)
        for row in np.flatnonzero(windows.sufficient).tolist():
            difference_nt = np.diff(windows.field_nt[row], axis=0).T[None]
            fast = bool(rates(difference_nt, scale_nt[:, None]).max() >= RATE_SCALES)
            called = any(finding.fault in _CALLED for finding in found.get(row, ()))
            yield SearchedWindow(int(windows.end_ms[row]), fast, called)
