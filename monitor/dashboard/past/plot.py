"""Charts as SVG between labels in HTML: lines stretch with the page, and text keeps its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import TypeGuard

import numpy as np

from geofield.types import Float64
from monitor.dashboard.past.html import Markup, clock, tag, until
from monitor.dashboard.traces import Column

WIDTH, HEIGHT = 1000, 120
INTERVALS = 4  # of the time axis
_STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20)  # twice the range is always enough


@dataclass(frozen=True, slots=True)
class Line:
    """Values at times, ms since 1970; None is a gap. `kind` is a class of the style sheet."""

    kind: str
    times_ms: Sequence[int]
    values: Column
    label: str = ""


@dataclass(frozen=True, slots=True)
class MarkedSpan:
    """A span of time that is marked, in the colour of a class of alerts."""

    start_ms: int
    end_ms: int
    kind: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values with the texts at its bottom, middle and top."""

    low: float
    high: float
    labels: tuple[str, str, str]
    log: bool = False

    def y(self, values: Float64) -> Float64:
        """Heights of values in the drawing, from the top."""
        if self.log:
            values = np.log10(np.maximum(values, self.low) / self.low)
            return np.asarray(HEIGHT * (1 - values / log10(self.high / self.low)))
        return np.asarray(HEIGHT * (1 - (values - self.low) / (self.high - self.low)))


def chart(
    title: str,
    span_ms: tuple[int, int],
    lines: Sequence[Line],
    marks: Sequence[MarkedSpan] = (),
    *,
    unit: str = "nT",
    log: bool = False,
    times: bool = False,
) -> Markup:
    """A chart of a span of time; `times` writes the times below it."""
    known = [value for line in lines for value in line.values if _is_known(value, log)]
    axis = axis_of(known, log)
    described = (
        f"{title}: from {min(known):,.5g} to {max(known):,.5g} {unit}".rstrip()
        if known
        else f"{title}: no data"
    )
    keys = [tag("span", line.label, class_=f"key {line.kind}") for line in lines if line.label]
    nothing = None if known else tag("span", "no data", class_="note")
    caption = tag("figcaption", tag("strong", title), keys, nothing)
    labels = tag("div", (tag("span", text) for text in reversed(axis.labels)), class_="ticks")
    below = time_labels(span_ms) if times else None
    plot = tag("div", labels, _svg(span_ms, axis, lines, marks, described), class_="plot")
    return tag("figure", caption, plot, below, class_="past-chart")


def time_labels(span_ms: tuple[int, int]) -> Markup:
    """Times at equal distances below a chart."""
    step_ms = (span_ms[1] - span_ms[0]) / INTERVALS
    moments_ms = [round(span_ms[0] + number * step_ms) for number in range(INTERVALS + 1)]
    texts = [*map(clock, moments_ms[:-1]), until(moments_ms[-1])]
    return tag("div", (tag("span", text) for text in texts), class_="times", aria_hidden="true")


def axis_of(values: Sequence[float], log: bool) -> Axis:
    """An axis with round ends and a round middle that has all values."""
    if log:
        return _log_axis(values)
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    size = max((high - low) / 2, abs(high) * 1e-9, 1e-6)
    power = 10.0 ** floor(log10(size))
    steps = (power * factor for factor in _STEPS)
    step = next(step for step in steps if floor(low / step) * step + 2 * step >= high)
    begin = floor(low / step) * step
    decimals = next((n for n in range(9) if _is_whole(step * 10**n)), 9)
    texts = tuple(
        f"{begin + number * step:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
        for number in range(3)
    )
    return Axis(begin, begin + 2 * step, texts)  # type: ignore[arg-type]  # three of them


def _figure(value: float) -> str:
    """Two digits that count, without an exponent."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.{max(1 - floor(log10(value)), 0)}f}"


def _log_axis(values: Sequence[float]) -> Axis:
    low, high = (min(values), max(values)) if values else (0.1, 10.0)
    bottom = floor(2 * log10(low))  # in halves of a decade
    top = max(ceil(2 * log10(high)), bottom + 2)
    top += (top - bottom) % 2
    ends = [10 ** (half / 2) for half in (bottom, (bottom + top) // 2, top)]
    low_text, middle_text, high_text = (_figure(value) for value in ends)
    return Axis(ends[0], ends[2], (low_text, middle_text, high_text), log=True)


def _svg(
    span_ms: tuple[int, int],
    axis: Axis,
    lines: Sequence[Line],
    marks: Sequence[MarkedSpan],
    described: str,
) -> Markup:
    def x(at_ms: float) -> float:
        return WIDTH * (at_ms - span_ms[0]) / (span_ms[1] - span_ms[0])

    grid = [f"M{WIDTH * n / INTERVALS:g} 0V{HEIGHT}" for n in range(INTERVALS + 1)]
    grid += [f"M0 {HEIGHT * n / 2:g}H{WIDTH}" for n in range(3)]
    parts = [tag("path", d="".join(grid), class_="grid")]
    for mark in marks:
        begin, end = max(x(mark.start_ms), 0), min(x(mark.end_ms), WIDTH)
        if end > begin:
            parts.append(
                tag("rect", x=f"{begin:.1f}", y="0", width=f"{max(end - begin, 1):.1f}",
                    height=str(HEIGHT), class_=f"span class-{mark.kind}")
            )  # fmt: skip
    for line in lines:
        path = _path(line, span_ms, axis)
        parts.append(tag("path", d=path, class_=f"line {line.kind}"))
    return tag(
        "svg", parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", role="img",
        aria_label=described,
    )  # fmt: skip


def _path(line: Line, span_ms: tuple[int, int], axis: Axis) -> str:
    times_ms, values = np.array(line.times_ms, dtype=float), np.array(line.values, dtype=float)
    known = np.isfinite(values) & ((values > 0) | (not axis.log))
    across = WIDTH * (times_ms - span_ms[0]) / (span_ms[1] - span_ms[0])
    down = axis.y(np.where(known, values, axis.high))
    pieces: list[str] = []
    pen = "M"
    for is_known, x, y in zip(known.tolist(), across.tolist(), down.tolist(), strict=True):
        if not is_known:
            pen = "M"
            continue
        # a value alone is a dot
        pieces.append(f"L{x:.1f} {y:.1f}" if pen == "L" else f"M{x:.1f} {y:.1f}h.01")
        pen = "L"
    return "".join(pieces)


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6


def _is_known(value: float | None, log: bool) -> TypeGuard[float]:
    return value is not None and isfinite(value) and (value > 0 or not log)
