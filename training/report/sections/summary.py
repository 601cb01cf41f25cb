"""Section that puts all judged stations side by side, the one of the test days last."""

import numpy as np

from training.report.blocks import Bullets, Paragraph, ReportSection, Row, Table
from training.report.format import ABSENT, dates, decimal, figure, percent
from training.report.select import in_any_direction, methods_of, strengths_of
from training.results import NEGATIVE, Evaluation, Injections


def stations(evaluation: Evaluation) -> list[ReportSection]:
    """Section over all stations; empty if fewer than two were judged."""
    judged = [in_any_direction(known) for known in evaluation.injections]
    if len(judged) < 2:
        return []
    judged = [*judged[1:], judged[0]]
    return [
        ReportSection(
            "In short: other stations and seasons",
            [
                Bullets([_operator(known) for known in judged]),
                Paragraph(
                    "Every station is calibrated on days of its own that are not judged. The "
                    "figures are means over all families of transients. Found: share found when "
                    "1 % of the windows without a transient are flagged. Left over: rms of the "
                    "error of a window without a transient over the rms of the window, median. "
                    "Worse: share of these windows to which zeros would be nearer."
                ),
                *map(_table, judged),
            ],
        )
    ]


def _table(known: Injections) -> Table:
    strengths = strengths_of(known.cells)
    columns = [
        *(f"AUC at S/N {snr:g}" for snr in strengths),
        *(f"found at S/N {snr:g}, %" for snr in strengths),
        "left over",
        "worse, %",
    ]
    rows = [Row(method, _means(known, method)) for method in methods_of(known.cells)]
    return Table(_place(known), ["method"], columns, rows, NEGATIVE)


def _means(known: Injections, method: str) -> list[str]:
    cells = [cell for cell in known.cells if cell.method == method]
    by_snr = [[cell for cell in cells if cell.snr == snr] for snr in strengths_of(cells)]
    rebuilt = [left for left in known.left_over if left.method == method]
    return [
        *(decimal(float(np.mean([cell.auc for cell in alike]))) for alike in by_snr),
        *(percent(float(np.mean([cell.found for cell in alike]))) for alike in by_snr),
        decimal(rebuilt[0].median) if rebuilt else ABSENT,
        percent(rebuilt[0].worse) if rebuilt else ABSENT,
    ]


def _operator(known: Injections) -> str:
    """What an operator gets, in words: false alarms, what is found, and after how long."""
    asked = known.false_alarms_per_month
    alarms = [
        row
        for row in known.false_alarms
        if row.method == NEGATIVE and row.asked_per_month == asked and row.station == known.station
    ]
    counted = [
        f"{row.counted:,} false alarms in {figure(row.quiet_days)} quiet days, where "
        f"{figure(row.expected)} were promised ({figure(asked)} in a month)"
        for row in alarms
    ]
    halves = [
        f"{curve.duration_s:g} s: {_from(curve.half[0].snr, max(curve.snr))}"
        for curve in known.sensitivity
        if curve.method == NEGATIVE
    ]
    found = [f"half of the transients open an alert from signal/noise ({', '.join(halves)})"]
    return f"{_place(known)}: {'; '.join([*counted, *(found if halves else [])])}."


def _from(snr: float | None, top: float) -> str:
    return f"above {top:g}" if snr is None else figure(snr)


def _place(known: Injections) -> str:
    return f"{known.station}, {dates(known.days)}"
