"""An alert as a picture, for mails and reports."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from geofield.types import Float64
from geofield.utc import DAY_MS
from monitor.dashboard.past.alert_words import duration, indices, neighbours
from monitor.dashboard.past.day_page import NAMES
from monitor.dashboard.past.html import SAYS, figure, moment
from monitor.dashboard.past.story import AlertStory
from monitor.dashboard.traces import Column
from monitor.return_period import return_period
from support.extras import needs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_IN, DPI = (10.0, 9.2), 110
TRACE, REBUILT, SCORE, LIMIT = "#3a4a5a", "#d55e00", "#4b4b8f", "#c03a12"
CLASS_COLOURS = {
    "local": "#b84c00",
    "space-weather": "#0068a8",
    "global": "#00736b",
    "data-quality": "#9c3f7a",
    "unknown": "#646f7b",
}


def picture(story: AlertStory) -> bytes:
    """A PNG of field, band-passed field with reconstruction, and score around an alert.

    Raises
    ------
    support.extras.ExtraMissing
        If matplotlib is not installed.
    """
    with needs("past"):
        from matplotlib.figure import Figure  # noqa: PLC0415 - for pictures only
    drawn = [1.0, 1.0, 1.0] if story.drawn is not None else []
    scored = [1.5] * max(len(story.around.scores), 1)
    sheet = Figure(figsize=SIZE_IN, layout="constrained")
    axes = list(
        sheet.subplots(
            3 + len(drawn) + len(scored), 1, height_ratios=[1.0, 1.0, 1.0, *drawn, *scored]
        )
    )
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.5)
        axis.tick_params(labelsize=8)
        for alert in story.around.alerts:
            colour = CLASS_COLOURS.get(alert.classification, "#7a4a9c")
            span = alert.start_ms / DAY_MS, alert.end_ms / DAY_MS
            axis.axvspan(*span, color=colour, alpha=0.15, linewidth=0)
    _draw_field(axes[:3], story)
    _draw_model(axes[3 : 3 + len(drawn)], story)
    _draw_scores(axes[3 + len(drawn) :], story)
    for axis in axes:
        _time_axis(axis, story.drawn_ms if axis in axes[3 : 3 + len(drawn)] else story.span_ms)
    sheet.suptitle(_title(story), x=0.01, ha="left", fontsize=10)
    sheet.supxlabel(f"UTC. {SAYS}", fontsize=8)
    sink = io.BytesIO()
    sheet.savefig(sink, format="png", dpi=DPI, metadata={"Software": None})
    return sink.getvalue()


def _title(story: AlertStory) -> str:
    view, data = story.alert.view, story.alert.last
    return (
        f"Alert at {data.station}, {moment(view.start_ms)} UTC, "
        f"{duration(view.end_ms - view.start_ms)}: "
        f"{data.classification}, {data.severity}, {data.status}\n"
        f"score {figure(data.score)}, threshold {figure(data.threshold)}, in quiet data once in "
        f"{return_period(data.return_period_days)}; {indices(data)}; neighbours: "
        f"{neighbours(data.remote)}\n"
        f"{data.model.name} {data.model.version}; alert {data.alert_id}, version {data.version}"
    )


def _draw_field(axes: list[Axes], story: AlertStory) -> None:
    around = story.around
    for axis, (name, words) in zip(axes, NAMES.items(), strict=True):
        if trace := around.field.get(name):
            times_ms = [around.first_ms + at * around.cadence_ms for at in trace.at]
            axis.plot(_days(times_ms), _values(trace.nt), color=TRACE, linewidth=0.8)
        else:
            _say(axis, "no samples are kept")
        axis.set_ylabel(f"{name} [nT]", fontsize=8)
        axis.set_title(words, loc="left", fontsize=8, pad=2)
        axis.ticklabel_format(axis="y", useOffset=False)


def _draw_model(axes: list[Axes], story: AlertStory) -> None:
    if (drawn := story.drawn) is None:
        return
    days = _days(drawn.time_ms)
    for axis, name in zip(axes, NAMES, strict=True):
        axis.plot(days, _values(drawn.filtered_nt[name]), color=TRACE, linewidth=0.9,
                  label="band-passed field")  # fmt: skip
        if drawn.reconstruction_nt:
            rebuilt_nt = _values(drawn.reconstruction_nt[name])
            axis.plot(days, rebuilt_nt, color=REBUILT, linewidth=0.9, label="reconstruction")
        axis.set_ylabel(f"{name} [nT]", fontsize=8)
    axes[0].legend(loc="upper right", frameon=False, ncols=2, fontsize=8)


def _draw_scores(axes: list[Axes], story: AlertStory) -> None:
    if not story.around.scores:
        _say(axes[0], "no scores are kept")
    for axis, (model, trace) in zip(axes, story.around.scores.items(), strict=False):
        days = _days(trace.end_ms)
        axis.plot(days, _values(trace.rmse), ".-", color=SCORE, linewidth=0.8, markersize=3,
                  label="score")  # fmt: skip
        axis.plot(days, _values(trace.threshold), "--", color=LIMIT, linewidth=1, label="threshold")
        if any(value for value in trace.rmse):
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter("{x:g}")
            axis.yaxis.set_minor_formatter("")
        axis.set_ylabel(f"score by {model}\n[background]", fontsize=8)
        axis.legend(loc="upper right", frameon=False, ncols=2, fontsize=8)


def _time_axis(axis: Axes, span_ms: tuple[int, int]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

    locator = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call] # matplotlib's own gap
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axis.xaxis.get_offset_text().set_visible(False)
    axis.set_xlim(span_ms[0] / DAY_MS, span_ms[1] / DAY_MS)


def _say(axis: Axes, words: str) -> None:
    axis.text(0.5, 0.5, words, transform=axis.transAxes, ha="center", va="center", fontsize=8)


def _days(times_ms: list[int]) -> Float64:
    """Days since 1970, as matplotlib counts dates."""
    return np.array(times_ms, dtype=float) / DAY_MS


def _values(column: Column) -> Float64:
    return np.array(column, dtype=float)
