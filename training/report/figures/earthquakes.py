"""Figures of the judgement on real earthquakes."""

import math
from collections.abc import Sequence
from functools import partial
from textwrap import shorten

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from training.report.blocks import Plate
from training.report.format import counted, decimal, p_value
from training.report.style import BAND, INK, SOFT, MethodStyle, method_styles
from training.report.svg import plate
from training.results import Labelled, OnLabels

_POINTS = 160  # largest number of points of a curve: more are not visible
_PLACEBO = MethodStyle(INK, "", "D", width=0.0, order=8)


def real_plates(real: Labelled) -> list[Plate]:
    """All figures with data."""
    first = real.methods[0]
    plates = [_auc_plate(real)]
    if first.shuffled_auc:
        plates.append(_shuffled_plate(first))
    if any(method.alarm_share for method in real.methods):
        plates.append(_molchan_plate(real))
    if any(method.rmse for method in real.methods):
        plates.append(_error_plate(real))
    if any(first.alarm_hours):
        plates.append(_hours_plate(first))
    return plates


def _auc_plate(real: Labelled) -> Plate:
    first = real.methods[0]
    covers = "includes" if first.auc_low <= 0.5 <= first.auc_high else "does not include"
    note = (
        f"Mark: AUC; bar: its 95 % interval, for {first.method} {decimal(first.auc_low)}-"
        f"{decimal(first.auc_high)}, which {covers} chance; open diamond: placebo, the "
        "windows after the earthquakes instead of those before."
    )
    height_in = 0.85 + 0.28 * len(real.methods)
    draw = partial(_draw_auc, methods=real.methods)
    return plate("AUC and placebo", note, draw, height_in)


def _shuffled_plate(first: OnLabels) -> Plate:
    note = (
        f"{first.method}: AUC {decimal(first.auc)} with the real catalogue (line), and with "
        f"{counted(len(first.shuffled_auc), 'catalogue')} whose times were shuffled (bars). "
        f"p = {p_value(first.shuffled_p)} is the share that does as well, the real one included."
    )
    draw = partial(_draw_shuffled, method=first)
    return plate("Against shuffled catalogues", note, draw)


def _molchan_plate(real: Labelled) -> Plate:
    note = (
        "Alarms that know nothing lie on the diagonal; 95 % of them in the band, for so many "
        "earthquakes. Skill lies below it."
    )
    draw = partial(_draw_molchan, real=real)
    return plate("Molchan diagram", note, draw, 3.1)


def _error_plate(real: Labelled) -> Plate:
    judged = [method for method in real.methods if method.rmse]
    moves = ", ".join(
        f"{method.method} {decimal(method.rmse[0])} to {decimal(method.rmse[1])}"
        for method in judged
        if method.rmse
    )
    note = f"Mean RMSE of non-seismic (open) and seismic windows (full): {moves}."
    draw = partial(_draw_errors, methods=judged)
    height_in = 0.85 + 0.28 * len(judged)
    return plate("Reconstruction error by class", note, draw, height_in)


def _hours_plate(first: OnLabels) -> Plate:
    busiest = int(np.argmax(first.alarm_hours))
    note = (
        f"{first.method}: {counted(sum(first.alarm_hours), 'alert')}, most at {busiest:02d}-"
        f"{(busiest + 1) % 24:02d} h. Dashed: the same number at every hour. What people and the "
        "Sun do has a time of day; earthquakes have none."
    )
    draw = partial(_draw_hours, method=first)
    return plate("Local time of the alerts", note, draw)


def _draw_auc(axes: Axes, methods: Sequence[OnLabels]) -> None:
    axes.axvline(0.5, color=SOFT, linewidth=0.8, linestyle=(0, (1, 2)))
    styles = method_styles([method.method for method in methods])
    for row, method in enumerate(methods):
        style = styles[method.method]
        interval = [method.auc_low, method.auc_high]
        axes.plot(interval, [row, row], color=style.colour, linewidth=style.width + 0.6)
        style.mark(axes, [method.auc], [row])
        if method.placebo_auc is not None:
            _PLACEBO.mark(axes, [method.placebo_auc], [row], full=False)
    _rows(axes, [method.method for method in methods])
    axes.set_xlabel("AUC [0.5 = chance, 1 = perfect]")


def _draw_shuffled(axes: Axes, method: OnLabels) -> None:
    style = method_styles([method.method])[method.method]
    finite = [auc for auc in method.shuffled_auc if math.isfinite(auc)]
    axes.hist(finite, bins=30, color=BAND, edgecolor=SOFT, linewidth=0.5)
    axes.axvline(method.auc, color=style.colour, linewidth=2.2)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("AUC [0.5 = chance, 1 = perfect]")
    axes.set_ylabel("shuffled catalogues [count]")


def _draw_molchan(axes: Axes, real: Labelled) -> None:
    band, low, high = (
        100 * np.asarray(values)
        for values in (real.band_alarm_share, real.band_low, real.band_high)
    )
    axes.fill_between(band, low, high, color=BAND, linewidth=0, zorder=1)
    axes.plot([0, 100], [100, 0], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=7)
    for method, style in zip(
        real.methods,
        method_styles([method.method for method in real.methods]).values(),
        strict=True,
    ):
        share, missed = _thinned(method.alarm_share), _thinned(method.miss_share)
        style.draw(axes, share, missed, markers=False)
    axes.set(xlim=(0, 100), ylim=(0, 101))
    axes.set_xlabel("time under alarm [%]")
    axes.set_ylabel("earthquakes missed [%]")


def _draw_errors(axes: Axes, methods: Sequence[OnLabels]) -> None:
    styles = method_styles([method.method for method in methods])
    for row, method in enumerate(methods):
        if not method.rmse:
            continue
        style = styles[method.method]
        axes.plot(method.rmse, [row, row], color=style.colour, linewidth=style.width)
        style.mark(axes, [method.rmse[0]], [row], full=False)
        style.mark(axes, [method.rmse[1]], [row])
    _rows(axes, [method.method for method in methods])
    axes.set_xlabel("mean RMSE [times the background]")


def _draw_hours(axes: Axes, method: OnLabels) -> None:
    style = method_styles([method.method])[method.method]
    hours = np.arange(24) + 0.5
    axes.bar(hours, method.alarm_hours, width=0.86, color=style.colour)
    level = sum(method.alarm_hours) / 24
    axes.axhline(level, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.set_xticks(range(0, 25, 3))
    axes.set_xlim(0, 24)
    axes.grid(visible=False, axis="x")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("local solar time [h]")
    axes.set_ylabel("alerts opened [count]")


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [shorten(name, 26) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.08)


def _thinned(values: Sequence[float]) -> list[float]:
    """Values in per cent, thinned to the visible points, with the first and the last."""
    kept = np.linspace(0, len(values) - 1, min(len(values), _POINTS)).round().astype(int)
    return [100 * values[i] for i in kept]
