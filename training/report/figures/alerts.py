"""Figures of the alert rule: transients that open an alert, and alerts on quiet days."""

import math
from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes

from training.report.blocks import Plate
from training.report.figures.injections import strength_axis
from training.report.format import counted, figure
from training.report.select import methods_of
from training.report.style import BAND, INK, PAPER, SOFT, STEPS, method_styles
from training.report.svg import plate
from training.results import FalseAlarms, Injections, Sensitivity


def sensitivity_plates(known: Injections) -> list[Plate]:
    """Share found by the alert rule against signal/noise: one figure for each method."""
    return [
        plate(
            method,
            _half_reached(curves),
            partial(_draw_sensitivity, curves=curves),
        )
        for method, curves in _by_method(known.sensitivity).items()
    ]


def half_plate(known: Injections) -> Plate:
    """Figure of the signal/noise at which half of the transients are found, against duration."""
    note = (
        "Lower is better. Upright lines: the central 95 % over other places of the stream and "
        "other quiet days to calibrate on. An open mark at the top edge: less than half found even "
        "at the most."
    )
    draw = partial(_draw_half, curves=_by_method(known.sensitivity))
    return plate("Strength at which half are found", note, draw)


def alarms_plate(false_alarms: Sequence[FalseAlarms]) -> Plate:
    """Figure of the alarms on quiet days over the promised number."""
    kept = sum(row.within for row in false_alarms)
    watched = [row for row in false_alarms if row.expected > 0]
    note = (
        "Bar: where 95 % of all counts lie if the promise is kept; mark: what was counted, open "
        f"where it lies outside. Inside: {kept} of {len(false_alarms)}. Counts stand on the right."
    )
    height_in = 0.6 + 0.36 * len(watched)
    draw = partial(_draw_alarms, false_alarms=watched)
    return plate("False alarms on quiet days", note, draw, height_in)


def _draw_sensitivity(axes: Axes, curves: Sequence[Sensitivity]) -> None:
    axes.axhline(50, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    for number, curve in enumerate(curves):
        colour = STEPS[round(number * (len(STEPS) - 1) / max(len(curves) - 1, 1))]
        share = [100 * share for share in curve.found]
        axes.plot(
            curve.snr,
            share,
            color=colour,
            marker="osD^v"[number % 5],
            markersize=4,
            linewidth=1.5,
            label=f"{curve.duration_s:,g} s",
        )
    axes.set_ylim(-3, 103)
    axes.set_ylabel("found by the alert rule [%]")
    axes.legend(title="duration", title_fontsize=8.5, loc="upper left", handlelength=1.6)
    strength_axis(axes, [snr for curve in curves for snr in curve.snr])


def _draw_half(axes: Axes, curves: dict[str, list[Sensitivity]]) -> None:
    every = [curve for of_method in curves.values() for curve in of_method]
    tried = sorted({snr for curve in every for snr in curve.snr})
    top = 1.25 * tried[-1]
    for method, style in method_styles(list(curves)).items():
        by_duration = sorted(curves[method], key=lambda curve: curve.duration_s)
        half = [curve.half[0].snr or math.nan for curve in by_duration]
        style.draw(axes, [curve.duration_s for curve in by_duration], half)
        for curve in by_duration:
            low, high = (end or top for end in curve.half[0].interval or (top, top))
            axes.vlines(curve.duration_s, low, high, color=style.colour, linewidth=1.0, alpha=0.6)
        never = [curve.duration_s for curve in by_duration if curve.half[0].snr is None]
        style.mark(axes, never, [top] * len(never), full=False)
    durations = sorted({curve.duration_s for curve in every})
    axes.set_xscale("log")
    axes.set_xticks(durations, [f"{duration:,g}" for duration in durations], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_yscale("log")
    axes.set_yticks(tried, [f"{snr:g}" for snr in tried])
    axes.set_yticks([], minor=True)
    axes.set_ylim(0.9 * tried[0], top)
    axes.set_xlabel("duration of the transient [s]")
    axes.set_ylabel("half found at [times background]")


def _draw_alarms(axes: Axes, false_alarms: Sequence[FalseAlarms]) -> None:
    colours = method_styles(methods_of(false_alarms))
    axes.axvline(1, color=INK, linewidth=1.0)
    edge = axes.get_yaxis_transform()
    for row, (count, name) in enumerate(zip(false_alarms, _names(false_alarms), strict=True)):
        style = colours[count.method]
        left, right = count.low / count.expected, count.high / count.expected
        axes.barh(row, right - left, left=left, height=0.36, color=BAND)
        style.mark(axes, [count.opened / count.expected], [row], full=count.within)
        words = f"{count.opened:,} of {figure(count.expected)}"
        for x, side, text in ((0.0, "left", name), (1.0, "right", words)):
            box = axes.text(x, row - 0.42, text, transform=edge, va="center", ha=side, fontsize=8)
            box.set_bbox({"facecolor": PAPER, "linewidth": 0, "pad": 1.0})
    axes.set_yticks([])
    axes.set_ylim(len(false_alarms) - 0.6, -0.75)
    axes.set_xlim(left=-0.1)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("alarms counted over promised [1 = as promised]")


def _names(false_alarms: Sequence[FalseAlarms]) -> list[str]:
    """Names of rows: the method and, if they differ, the station and the rate."""
    stations = {row.station for row in false_alarms}
    rates = {row.asked_per_month for row in false_alarms}
    return [
        row.method
        + (f", {row.station}" if len(stations) > 1 else "")
        + (f", {figure(row.asked_per_month)}/month" if len(rates) > 1 else "")
        for row in false_alarms
    ]


def _by_method(curves: Sequence[Sensitivity]) -> dict[str, list[Sensitivity]]:
    return {
        method: [curve for curve in curves if curve.method == method]
        for method in methods_of(curves)
    }


def _half_reached(curves: Sequence[Sensitivity]) -> str:
    reached = [curve for curve in curves if curve.half[0].snr is not None]
    if not reached:
        return f"Half found at none of {counted(len(curves), 'duration')}."
    each = ", ".join(f"{curve.duration_s:,g} s at {figure(curve.half[0].snr)}" for curve in reached)
    return f"Half found: {each} times the background."
