"""Sections on the alert rule: transients that open an alert, and false alarms."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from geofield.scoring.manifest import Manifest
from training.evaluation.injection.snr50 import snr_half
from training.report.blocks import Gallery, Paragraph, ReportSection, Row, Table
from training.report.figures.alerts import alarms_plate, half_plate, sensitivity_plates
from training.report.format import ABSENT, figure, percent, span
from training.report.select import detailed, methods_of
from training.results import (
    NEGATIVE,
    Evaluation,
    FalseAlarms,
    HalfFound,
    Injections,
    Sensitivity,
)


def sensitivity(known: Injections) -> ReportSection:
    """Section on the transients that the alert rule detects at the promised false-alarm rate."""
    title = f"What opens an alert at {known.station}"
    curves = known.sensitivity
    if not curves:
        why = "Absent: no transients were put through the alert rule."
        return ReportSection(title, [Paragraph(why)])
    return ReportSection(
        title,
        [
            Paragraph(
                "A stream of real samples with transients goes through the alert rule, as in "
                "operation. The promised number of false alarms in a station-month is "
                f"{figure(known.false_alarms_per_month)} unless stated otherwise."
            ),
            *_broken_promises(known),
            Gallery(lambda: [half_plate(known)], methods_of(curves)),
            *_half_tables(curves),
            _together_table(curves),
            Gallery(partial(sensitivity_plates, known)),
            _delay_table(curves),
        ],
    )


def _broken_promises(known: Injections) -> list[Paragraph]:
    """Paragraph on methods that opened more alarms on quiet days than they promised."""
    worst: dict[str, FalseAlarms] = {}
    for row in known.false_alarms:
        if row.station == known.station and row.counted > row.high:
            worst.setdefault(row.method, row)
    if not worst:
        return []
    told = "; ".join(
        f"{method} ({row.counted:,} where {figure(row.expected)} were promised)"
        for method, row in worst.items()
    )
    return [
        Paragraph(
            "These methods opened more alarms on quiet days than they had promised (see False "
            f"alarms), so their results here are not comparable: {told}."
        )
    ]


def false_alarms(evaluation: Evaluation, manifest: Manifest) -> ReportSection:
    """Section that compares counted and promised false alarms, for all stations.

    Stations that are not shown in detail have the rows of the model alone.
    """
    shown = detailed(evaluation, manifest)
    every = [
        row
        for injections in evaluation.injections
        for row in injections.false_alarms
        if injections in shown or row.method == NEGATIVE
    ]
    if not every:
        why = "Absent: no quiet days were watched, so none were counted."
        return ReportSection("False alarms", [Paragraph(why)])
    often = max(row.asked_per_month for row in every)
    drawn = [row for injections in shown for row in injections.false_alarms]
    drawn = drawn or [row for row in every if row.asked_per_month == often]
    columns = [
        "station",
        "asked per month",
        "quiet days",
        "expected",
        "95 % of counts",
        "as made",
        "living",
        "kept",
    ]
    caption = "Alerts on quiet days that did not calibrate the threshold"
    return ReportSection(
        "False alarms",
        [
            Paragraph(
                "A threshold promises a number of alerts in a month of quiet data. As made: with "
                "the threshold of the calibration. Living: with a profile that goes on learning, "
                "as the worker does. Kept: the living count, or else the other, lies in the "
                "central 95 % of a Poisson distribution with the promised rate. On few days only a "
                "large excess shows."
            ),
            Gallery(lambda: [alarms_plate(drawn)]),
            Table(caption, ["method"], columns, [_alarm_row(row) for row in every], NEGATIVE),
        ],
    )


def _alarm_row(alarms: FalseAlarms) -> Row:
    cells = [
        alarms.station,
        figure(alarms.asked_per_month),
        figure(alarms.quiet_days),
        figure(alarms.expected),
        span(f"{alarms.low:,}", f"{alarms.high:,}"),
        f"{alarms.counted:,}",
        ABSENT if alarms.living is None else f"{alarms.living:,}",
        "yes" if alarms.within else "no",
    ]
    return Row(alarms.method, cells)


def _half_tables(curves: Sequence[Sensitivity]) -> list[Table]:
    """A table for each false-alarm rate, the promised rate first."""
    return [_half_table(curves, number) for number in range(len(curves[0].half))]


def _half_table(curves: Sequence[Sensitivity], number: int) -> Table:
    every = [curve.half[number] for curve in curves]
    top = max(snr for curve in curves for snr in curve.snr)
    tried = sorted({half.packets for half in every})
    packets = span(f"{tried[0]:,}", f"{tried[-1]:,}") if len(tried) > 1 else f"{tried[0]:,}"
    caption = (
        "Signal/noise at which half of the transients open an alert, by duration; "
        f"{packets} tried at each signal/noise"
    )
    if number:
        caption = (
            f"The same where {figure(every[0].asked_per_month)} false alarms are promised in a "
            f"station-month; {packets} tried at each signal/noise"
        )
    if not number and any(half.interval for half in every):
        caption += (
            "; in brackets the central 95 % over other places of the stream and other quiet days "
            "to calibrate on"
        )
    return _by_duration(curves, caption, lambda curve: _half(curve.half[number], top))


def _half(half: HalfFound, top: float) -> str:
    if not half.packets:
        return ABSENT
    if half.interval is None or half.interval == (None, None):
        return _reached(half.snr, top)
    low, high = (_reached(end, top) for end in half.interval)
    return f"{_reached(half.snr, top)} ({low} to {high})"


def _reached(snr: float | None, top: float) -> str:
    return f"> {top:g}" if snr is None else figure(snr)


def _together_table(curves: Sequence[Sensitivity]) -> Table:
    """Table over all durations together, since the duration of a transient is not known before."""
    strengths = curves[0].snr
    rows = []
    for method in methods_of(curves):
        of_method = [curve for curve in curves if curve.method == method]
        tried = np.array([curve.packets for curve in of_method])
        opened = tried @ np.array([curve.found for curve in of_method])
        shares = (opened / max(tried.sum(), 1)).tolist()
        half = _reached(snr_half(strengths, shares), strengths[-1])
        rows.append(Row(method, [*map(percent, shares), half]))
    promised = figure(curves[0].half[0].asked_per_month)
    caption = (
        "Share of the transients of all durations together that open an alert (%), where "
        f"{promised} false alarms are promised in a station-month"
    )
    columns = [*(f"S/N {snr:g}" for snr in strengths), "half found at"]
    return Table(caption, ["method"], columns, rows, NEGATIVE)


def _delay_table(curves: Sequence[Sensitivity]) -> Table:
    top = max(snr for curve in curves for snr in curve.snr)
    caption = f"Median seconds from onset to alert at signal/noise {top:g}, by duration"
    return _by_duration(curves, caption, lambda curve: figure(_delay_at(curve, top)))


def _delay_at(curve: Sensitivity, snr: float) -> float | None:
    return dict(zip(curve.snr, curve.delay_s, strict=True)).get(snr)


def _by_duration(
    curves: Sequence[Sensitivity], caption: str, text: Callable[[Sensitivity], str]
) -> Table:
    durations = sorted({curve.duration_s for curve in curves})
    written = {(curve.method, curve.duration_s): text(curve) for curve in curves}
    rows = [
        Row(
            method,
            [written.get((method, duration), ABSENT) for duration in durations],
        )
        for method in methods_of(curves)
    ]
    columns = [f"{duration:,g} s" for duration in durations]
    return Table(caption, ["method"], columns, rows, NEGATIVE)
