"""Alert levels that wave packets in a stream raise, to measure what alerts detect.

The injection benchmark judges single windows, but an operator sees alerts. Packets are added to
real samples of held-out days, windows are cut as the worker cuts them, and the alert level is read
around every packet. An alert opens when this level passes the threshold, for any threshold, see
`geofield.calibration.threshold.sustained`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from geofield.calibration.threshold import sustained
from geofield.scoring.score import stack_scale
from geofield.series.samples import Samples
from geofield.series.windows import Series, WindowSpec, cut_out, under_windows
from geofield.types import Bool, Float64, Int64
from training.evaluation.injection.alert_levels import Levels
from training.evaluation.injection.packets import InjectedPackets, around, reach_of
from training.evaluation.methods import ScoreAll
from training.evaluation.simulation import Stream

_PIECE_WINDOWS = 1024


def levels(
    stream: Stream,
    score_all: ScoreAll,
    samples: Samples,
    scale_nt: tuple[float, float, float],
    draws: Sequence[InjectedPackets],
    snr: Sequence[float],
) -> dict[str, Levels]:
    """Measure the alert levels that packets raise, without packets that lie near gaps.

    A score depends on its window alone, so only windows with a part of a packet are scored anew.

    Parameters
    ----------
    stream, score_all, samples, scale_nt
        Window and alert rule, scores of all methods, samples, and the station's scale in nT.
    draws
        Packets of one duration, from `draw_packets`; each draw is added by itself.
    snr
        Signal/noise of the packets, ascending.

    Returns
    -------
    Levels by method.
    """
    spec = stream.window
    series = under_windows(samples, spec)
    end_ms = series.ends * spec.cadence_ms
    names, rmse = _rmse(series, np.arange(len(series)), score_all, scale_nt, spec)
    without = _alert_levels(end_ms, rmse, stream)
    parts: dict[str, list[Levels]] = {name: [] for name in names}
    for injected in draws:
        place = np.flatnonzero(_without_gap(injected, samples, stream))
        window, since_s = _after(injected.onset[place], injected.duration, samples, stream, end_ms)
        added_nt, touched = _under(injected, series, samples, spec)
        raised = []
        for strength in snr:
            disturbed = replace(series, field_nt=series.field_nt + strength * added_nt)
            changed = rmse.copy()
            changed[:, touched] = _rmse(disturbed, touched, score_all, scale_nt, spec)[1]
            raised.append(_alert_levels(end_ms, changed, stream)[:, window])
        for name, alone, of_method in zip(names, without, np.stack(raised, axis=1), strict=True):
            parts[name].append(Levels(place, since_s, alone[window], of_method))
    return {name: Levels.together(of_method) for name, of_method in parts.items()}


def _under(
    injected: InjectedPackets, series: Series, samples: Samples, spec: WindowSpec
) -> tuple[Float64, Int64]:
    """Field of the packets in the rows of a series, and the windows with a part of a packet."""
    begin = int(series.ends[0]) - spec.samples - spec.half - samples.first
    added_nt = injected.field_nt[begin : begin + len(series.field_nt)]
    so_far = np.concatenate([[0], np.cumsum(added_nt.any(axis=1))])
    touched = np.flatnonzero(so_far[series.starts + spec.span] > so_far[series.starts])
    return added_nt, touched


def _rmse(
    series: Series,
    which: Int64,
    score_all: ScoreAll,
    scale_nt: tuple[float, float, float],
    spec: WindowSpec,
) -> tuple[list[str], Float64]:
    """Methods, and their scores of some windows, NaN where data are missing: [methods, windows]."""
    pieces = []
    for first in range(0, max(len(which), 1), _PIECE_WINDOWS):
        rows = which[first : first + _PIECE_WINDOWS]
        part = replace(series, ends=series.ends[rows], starts=series.starts[rows])
        windows = cut_out(part, spec)
        complete = windows.sufficient
        field_nt = windows[complete].levelled_nt()
        scores = score_all(field_nt, stack_scale(scale_nt, len(field_nt)))
        rmse = np.full((len(scores), len(rows)), np.nan)
        rmse[:, complete] = np.array(list(scores.values()))
        pieces.append(rmse)
    return list(scores), np.concatenate(pieces, axis=1)


def _alert_levels(end_ms: Int64, rmse: Float64, stream: Stream) -> Float64:
    """Alert levels of all windows, -inf where data are missing: [methods, windows]."""
    rule, hop_ms = stream.alert, stream.window.hop_ms
    level = np.full(rmse.shape, -np.inf)
    for of_method, scores in zip(level, rmse, strict=True):
        known = np.isfinite(scores)
        of_method[known] = sustained(end_ms[known], scores[known], hop_ms, rule.k, rule.n)
    return level


def _without_gap(injected: InjectedPackets, samples: Samples, stream: Stream) -> Bool:
    """Whether each packet lies in data without gaps: [m]."""
    before, after = around(injected.duration, stream)
    gap: Bool = np.asarray(np.isnan(samples.field_nt).any(axis=1))
    return np.array([not gap[max(at - before, 0) : at + after].any() for at in injected.onset])


def _after(
    onset: Int64, duration: int, samples: Samples, stream: Stream, end_ms: Int64
) -> tuple[Int64, Float64]:
    """Windows in which an alert counts as the packet's: indices and delays in s, [m, windows] each.

    The delay is from the onset to the end of the window; it is infinite beyond the reach of the
    packet.
    """
    reach = reach_of(duration, stream)
    onset_ms = samples.start_ms + onset * samples.cadence_ms
    first = np.searchsorted(end_ms, onset_ms, side="right")
    window = first[:, None] + np.arange(-(-reach // stream.window.hop))
    window = window.clip(max=len(end_ms) - 1)
    since_ms = end_ms[window] - onset_ms[:, None]
    within = (since_ms > 0) & (since_ms <= reach * samples.cadence_ms)
    return window, np.where(within, since_ms / 1000, np.inf)
