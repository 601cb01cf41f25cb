"""Figure of the fit of a station's threshold: how well the tail fits, and how choices matter."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archive.outputs import check_output_folder, write_file
from geofield.calibration.diagnostics import Diagnosis, Hours, Quantiles, ReturnLevels, Stability
from geofield.calibration.profile import StationProfile
from monitor.errors import Refused
from support.extras import needs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
TAIL, PEAKS, MARK, BAND = "#0072b2", "#222222", "#d55e00", "#b9d7ea"


def check_drawable(path: Path) -> None:
    """Refuse a figure that cannot be drawn or written, before the calibration.

    Raises
    ------
    Refused
        If the suffix is not one of `FORMATS`.
    ExtraMissing
        Without matplotlib.
    archive.outputs.CannotWrite
        If the folder is not writable.
    """
    if path.suffix.lower() not in FORMATS:
        raise Refused(f"{path}: a figure must end in {' or '.join(FORMATS)}")
    check_output_folder(path.parent)
    _figure_type()


def drawn(profile: StationProfile, diagnosis: Diagnosis, ending: str) -> bytes:
    """The figure with its four panels, encoded in the format of the suffix `ending`.

    Raises
    ------
    ExtraMissing
        Without matplotlib.
    """
    figure = _figure_type()(figsize=(12.5, 10), layout="constrained")
    panels = figure.subplots(2, 2)
    for axis in panels.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.5)
    _draw_quantiles(panels[0, 0], diagnosis.quantiles)
    _draw_stability(panels[0, 1], diagnosis.stability, profile)
    _draw_levels(panels[1, 0], diagnosis.levels, profile)
    _draw_hours(panels[1, 1], diagnosis.hours, profile)
    figure.suptitle(_title(profile), x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.supxlabel(_caption(profile), x=0.01, ha="left", fontsize=9)
    return _encoded(figure, ending)


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure to a file, in the format of its suffix."""
    write_file(path, _encoded(figure, path.suffix))


def _figure_type() -> type[Figure]:
    with needs("demo"):
        from matplotlib.figure import Figure  # noqa: PLC0415 - for figures only
    return Figure


def _encoded(figure: Figure, ending: str) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format=ending[1:].lower(), dpi=120)
    return content.getvalue()


def _title(profile: StationProfile) -> str:
    begin, end = (
        np.datetime64(at_ms, "ms").astype("datetime64[D]")
        for at_ms in (profile.calibrated_from_ms, profile.calibrated_to_ms - 1)
    )
    days = f"{begin}" if begin == end else f"{begin} to {end}"
    return (
        f"Calibration of {profile.station}, {days}: {profile.quiet_days:.1f} quiet days, "
        f"threshold {profile.threshold:.3g} for one false alert in {profile.asked_days:.1f}"
    )


def _caption(profile: StationProfile) -> str:
    h, e, z = profile.scale_nt
    return (
        f"[background]: in units of the station's band-passed background, H {h:.3f}, E {e:.3f}, "
        f"Z {z:.3f} nT. Level: the {_th(profile.basis.k)} highest of {profile.basis.n} scores.\n"
        "Intervals are those of all tails that agree with the peaks. They take the days of the fit "
        "as a fair sample of quiet days; other seasons and years may differ by more."
    )


def _th(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


def _draw_quantiles(axis: Axes, quantiles: Quantiles) -> None:
    axis.fill_between(
        quantiles.expected, quantiles.low, quantiles.high, color=BAND, linewidth=0,
        label="95 % of simulated records, rank by rank",
    )  # fmt: skip
    axis.plot(quantiles.expected, quantiles.expected, color=TAIL, linewidth=1.2, label="fit")
    axis.plot(quantiles.expected, quantiles.observed, ".", color=PEAKS, markersize=5, label="peaks")
    highest = max(quantiles.observed[-1], quantiles.expected[-1])
    axis.set_ylim(0, 2 * highest)
    axis.set_xlim(0, None)
    axis.set_xlabel("excess over the base that the fit expects [background]")
    axis.set_ylabel("excess observed [background]")
    axis.set_title("a. Do the peaks follow the fit? Dots belong in the band", loc="left")
    axis.legend(loc="upper left", frameon=False)


def _draw_stability(axis: Axes, stability: Stability, profile: StationProfile) -> None:
    spread = np.stack(
        [stability.threshold - stability.low, stability.high - stability.threshold]
    ).clip(0)
    axis.errorbar(
        100 * stability.base, stability.threshold, spread, fmt="o", color=TAIL, markersize=5,
        capsize=3, elinewidth=1, label="threshold above that base, with its 95 % interval",
    )  # fmt: skip
    _mark_threshold(axis, profile)
    axis.set_xticks(
        100 * stability.base,
        [
            f"{100 * base:.0f}\n{peaks}\n{shape:.2f}"
            for base, peaks, shape in zip(
                stability.base, stability.peaks, stability.shape, strict=True
            )
        ],
    )
    axis.set_ylim(0, 1.35 * stability.high.max())
    axis.set_xlabel("base of the tail [% of quiet windows below it]; peaks above it; shape")
    axis.set_ylabel("threshold [background]")
    axis.set_title("b. Does the base matter? Dots should lie level", loc="left")
    axis.legend(loc="upper left", frameon=False)


def _mark_threshold(axis: Axes, profile: StationProfile) -> None:
    basis = profile.basis
    label = f"threshold in use, for {basis.k} of {basis.n} windows"
    axis.axhline(profile.threshold, color=MARK, linewidth=1.2, linestyle="--", label=label)


def _draw_levels(axis: Axes, levels: ReturnLevels, profile: StationProfile) -> None:
    axis.fill_between(
        levels.days, levels.low, levels.high, color=BAND, linewidth=0, label="95 % interval"
    )
    axis.plot(levels.days, levels.score, color=TAIL, linewidth=1.2, label="fit")
    axis.plot(levels.peak_days, levels.peak_score, ".", color=PEAKS, markersize=5, label="peaks")
    _mark_threshold(axis, profile)
    axis.axvline(profile.asked_days, color=MARK, linewidth=1, linestyle=":", label="rate asked for")
    axis.axvline(
        profile.quiet_days, color=PEAKS, linewidth=1, linestyle="-.", label="length of the record"
    )
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set_ylim(0, 1.1 * levels.high[-1])
    axis.set_xlabel("return period [quiet days]")
    axis.set_ylabel("level that an alert reacts to [background]")
    axis.set_title("c. How rare is a level? Extrapolated right of the record", loc="left")
    axis.legend(loc="upper left", framealpha=0.9, edgecolor="none")


def _draw_hours(axis: Axes, hourly: Hours, profile: StationProfile) -> None:
    hours = np.arange(24)
    axis.plot(hours, hourly.median, "o-", color=TAIL, markersize=4, label="median")
    axis.plot(
        hours, hourly.high, "s-", color=PEAKS, markersize=4, label="99 % of windows are below"
    )
    _mark_threshold(axis, profile)
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("")
    highest = max(profile.threshold, float(np.nanmax(hourly.high)))
    axis.set_ylim(0.8 * float(np.nanmin(hourly.median)), 4 * highest)
    axis.set_xticks(range(0, 24, 3))
    axis.set_xlabel("hour of the day [UTC]")
    axis.set_ylabel("score of single windows [background]")
    axis.set_title("d. Do the hours differ? One threshold serves all of them", loc="left")
    axis.legend(loc="upper left", frameon=False)
