"""Quiet windows of a station: its background, and their scores by all methods in one pass.

Windows that show faults of the instrument or man-made pulses have no score, as at the worker.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from archive.model import Model
from geofield.calibration.fit import QuietScores, newest
from geofield.calibration.profile import robust_scale_nt
from geofield.calibration.quiet import windows_by_kp
from geofield.quality.search import faults_of
from geofield.scoring.score import stack_scale
from geofield.series.samples import Samples
from geofield.series.windows import Series, Windows, cut_out, under_windows
from geofield.types import Bool, Float64, Int64
from training.evaluation.data_split import DataSplit
from training.evaluation.methods import ScoreAll
from training.recipe.section import RecipeRefused

_PIECE_WINDOWS = 1024

Advance = Callable[[int], object]


def background_nt(
    samples: Samples, split: DataSplit, model: Model, advance: Advance
) -> tuple[float, float, float]:
    """Scale of the quiet field in samples, H, E, Z in nT, each sample counted once.

    Raises
    ------
    RecipeRefused
        If no window is quiet and complete enough.
    """
    recent_nt = []
    for _, windows, quiet in _pieces(samples, split, advance):
        if quiet.any():
            filtered_nt = model.filtered(windows[quiet].levelled_nt())
            recent_nt.append(newest(filtered_nt, split.stream.window).astype(np.float64))
    if not recent_nt:
        raise RecipeRefused(
            f"{samples.station}: no complete window of the days that calibrate has a known Kp of "
            f"at most {split.kp_max:g}"
        )
    return robust_scale_nt(np.concatenate(recent_nt))


def quiet_scores(
    samples: Samples,
    split: DataSplit,
    score_all: ScoreAll,
    scale_nt: tuple[float, float, float],
    advance: Advance = lambda _: None,
) -> dict[str, QuietScores]:
    """Scores of the quiet windows without faults by every method, in order of time."""
    spec = split.stream.window
    nothing = np.empty((0, spec.span, 3), np.float32)
    ends_ms: list[Int64] = [np.empty(0, np.int64)]
    scores: list[Mapping[str, Float64]] = [score_all(nothing, stack_scale(scale_nt, 0))]
    for series, windows, quiet in _pieces(samples, split, advance):
        faults = faults_of(series, windows, quiet, np.array([scale_nt]), [len(series)], spec)
        quiet[list(faults)] = False
        if not quiet.any():
            continue
        kept = windows[quiet]
        field_nt, scale = kept.levelled_nt(), stack_scale(scale_nt, len(kept))
        ends_ms.append(kept.end_ms)
        scores.append(score_all(field_nt, scale))
    end_ms = np.concatenate(ends_ms)
    return {
        name: QuietScores(end_ms, np.concatenate([part[name] for part in scores]))
        for name in scores[0]
    }


def _pieces(
    samples: Samples, split: DataSplit, advance: Advance
) -> Iterator[tuple[Series, Windows, Bool]]:
    """Samples under windows, the windows, and which of them are quiet: a few hours at a time."""
    spec = split.stream.window
    length = _PIECE_WINDOWS * spec.hop
    for first in range(0, len(samples), length):
        after = min(first + length, len(samples))
        part = samples.part(max(first - spec.span + 1, 0), after)
        advance((after - first) // spec.hop)
        if np.isnan(part.field_nt).any(axis=1).all():
            continue
        series = under_windows(part, spec)
        windows = cut_out(series, spec)
        last = windows.end_ms // spec.cadence_ms + spec.half - samples.first
        wanted = windows.sufficient & (last > first)
        ends_ms = windows.end_ms[wanted]
        quiet = windows_by_kp(ends_ms, spec.length_ms, split.stream.history, split.kp_max).quiet
        wanted[wanted] = quiet
        yield series, windows, wanted
