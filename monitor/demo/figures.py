"""Figures of the demo: a station's day at a glance, and a transient up close."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archive.model import Model
from archive.recording import Recording
from geofield.alerts.alert import Classification
from geofield.calibration.profile import StationProfile
from geofield.indices import KP, IndexHistory
from geofield.scoring.score import stack_scale
from geofield.series.windows import cut
from geofield.types import Float64
from geofield.utc import DAY_MS, time_ms
from monitor.demo.scenario import InjectedTransient
from monitor.offline.calibration.figure import write_figure
from monitor.records.scores_and_alerts import AlertData, ScoreRecord
from support.extras import needs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The last two are for further classes. Source: Okabe & Ito (2008), Color Universal Design.
COLOURS = ("#cc79a7", "#0072b2", "#56b4e9", "#d55e00", "#999999", "#e69f00", "#f0e442")
CLASS_COLOURS = dict(
    zip((classification.value for classification in Classification), COLOURS, strict=False)
)
TRACE, SCORE, TRUTH = "#222222", "#4b4b8f", "#009e73"
COMPONENTS = "HEZ"


def draw_day(
    path: Path,
    title: str,
    recording: Recording,
    scores: Sequence[ScoreRecord],
    alerts: Sequence[AlertData],
    injections: Sequence[InjectedTransient] = (),
    history: IndexHistory | None = None,
) -> None:
    """Draw the components, score and threshold, with alerts marked, and Kp if given."""
    rows = [1.0, 1.0, 1.0, 1.6] + ([0.6] if history else [])
    figure, axes = _figure(len(rows), rows)
    for axis, name in zip(axes, COMPONENTS, strict=False):
        values = recording.elements[name]
        level_nt = float(np.nanmedian(values))
        axis.plot(_times(recording), values - level_nt, color=TRACE, linewidth=0.5)
        axis.set_ylabel(f"{name} [nT]\nless {level_nt:,.0f}")
    _draw_scores(axes[3], scores)
    if history:
        _draw_kp(axes[4], history, recording)
    for axis in axes[:4]:
        _mark(axis, alerts, injections)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    _legend(figure, alerts, injections)
    _save(figure, axes, path)


def draw_close_up(
    path: Path,
    recording: Recording,
    injection: InjectedTransient,
    model: Model,
    profile: StationProfile,
) -> None:
    """Draw the window at the middle of a transient: band-passed field and reconstruction."""
    middle_ms = (injection.start_ms + injection.end_ms) // 2
    spec = model.manifest.window.spec()
    reach_ms = spec.span * spec.cadence_ms
    part = recording.between(middle_ms - reach_ms, middle_ms + reach_ms)
    windows = cut(part.samples(profile.declination_deg), spec)
    best = int(np.argmin(np.abs(windows.end_ms - spec.length_ms // 2 - middle_ms)))
    field_nt = windows.levelled_nt()[best : best + 1]
    filtered_nt, rebuilt_nt = model.traces(field_nt, stack_scale(profile.scale_nt, 1))
    step_s = model.manifest.window.step * spec.cadence_ms / 1000
    seconds = np.arange(filtered_nt.shape[1]) * step_s
    figure, axes = _figure(3, [1.0, 1.0, 1.0])
    for column, (axis, name) in enumerate(zip(axes, COMPONENTS, strict=True)):
        axis.plot(seconds, filtered_nt[0, :, column], color=TRACE, label="band-passed field")
        axis.plot(seconds, rebuilt_nt[0, :, column], color="#d55e00", label="reconstruction")
        axis.set_ylabel(f"{name} [nT]")
    lines, labels = axes[0].get_legend_handles_labels()
    figure.legend(lines, labels, loc="upper right", frameon=False, ncols=2)
    axes[-1].set_xlabel("seconds in the window")
    family = injection.transient.family.value
    figure.suptitle(
        f"One window of a synthetic {family}, badly reconstructed",
        x=0.01,
        ha="left",
        fontsize=12,
        fontweight="bold",
    )
    write_figure(path, figure)


def _figure(rows: int, heights: list[float]) -> tuple[Figure, Sequence[Axes]]:
    with needs("demo"):
        from matplotlib.figure import Figure  # noqa: PLC0415 - for figures only
    figure = Figure(figsize=(11, 1.6 * sum(heights) + 1.2), layout="constrained")
    axes = figure.subplots(rows, 1, sharex=True, height_ratios=heights)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.5)
    return figure, list(axes)


def _times(recording: Recording) -> Float64:
    times_ms = recording.start_ms + np.arange(len(recording)) * recording.cadence_ms
    return times_ms / DAY_MS


def _moment(moment_ms: int) -> float:
    """Days since 1970, as matplotlib counts dates."""
    return moment_ms / DAY_MS


def _draw_scores(axis: Axes, scores: Sequence[ScoreRecord]) -> None:
    measured = sorted(
        (time_ms(score.window_end), score.rmse, score.threshold)
        for score in scores
        if score.rmse is not None and score.threshold is not None
    )
    times = [_moment(at) for at, _, _ in measured]
    axis.plot(times, [rmse for _, rmse, _ in measured], color=SCORE, linewidth=0.7, label="score")
    thresholds = [threshold for _, _, threshold in measured]
    axis.plot(times, thresholds, color="black", linewidth=1, linestyle="--", label="threshold")
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("")
    axis.set_ylabel("reconstruction error\n[background]")
    axis.legend(loc="upper left", frameon=False, ncols=2)


def _draw_kp(axis: Axes, history: IndexHistory, recording: Recording) -> None:
    for kp in history.of(KP):
        if kp.end_ms > recording.start_ms and kp.start_ms < recording.end_ms:
            width = _moment(kp.end_ms - kp.start_ms)
            axis.bar(_moment(kp.start_ms), kp.value, width=width, align="edge", color="#56b4e9")
    axis.set_ylim(0, 9)
    axis.set_ylabel("Kp")


def _mark(axis: Axes, alerts: Iterable[AlertData], injections: Iterable[InjectedTransient]) -> None:
    for alert in alerts:
        colour = CLASS_COLOURS[alert.classification]
        begin, end = _moment(time_ms(alert.start)), _moment(time_ms(alert.end))
        axis.axvspan(begin, end, color=colour, alpha=0.18, linewidth=0)
    for injection in injections:
        for moment_ms in (injection.start_ms, injection.end_ms):
            axis.axvline(_moment(moment_ms), color=TRUTH, linewidth=0.8, linestyle=":")


def _legend(
    figure: Figure, alerts: Sequence[AlertData], injections: Sequence[InjectedTransient]
) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415
    from matplotlib.patches import Patch  # noqa: PLC0415

    seen = sorted({alert.classification for alert in alerts})
    handles: list[Patch | Line2D] = [
        Patch(color=CLASS_COLOURS[name], alpha=0.4, label=f"alert: {name}") for name in seen
    ]
    if injections:
        handles.append(Line2D([], [], color=TRUTH, linestyle=":", label="synthetic transient"))
    if handles:
        figure.legend(handles=handles, loc="upper right", frameon=False, ncols=len(handles))


def _save(figure: Figure, axes: Sequence[Axes], path: Path) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

    locator = AutoDateLocator()  # type: ignore[no-untyped-call] # matplotlib's own gap
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes[-1].set_xlabel("UTC")
    axes[-1].margins(x=0)
    write_figure(path, figure)
