"""What an operator gets, in a line, and the section that puts all judged stations side by side."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from geofield.scoring.manifest import Manifest
from training.report.blocks import Block, Bullets, Paragraph, ReportSection, Row, Table
from training.report.format import ABSENT, counted, dates, decimal, figure, percent
from training.report.select import (
    in_any_direction,
    methods_of,
    on_own_days,
    strengths_of,
    unseen,
)
from training.results import NEGATIVE, Evaluation, FalseAlarms, Injections, Sensitivity

_ACTIVITIES = ("quiet", "disturbed")


def headline(evaluation: Evaluation, manifest: Manifest) -> str:
    """What an operator gets, from the stations and seasons that trained nothing.

    Returns
    -------
    How many false alarms opened of those promised, which signal opens an alert half the time, and
    after how long: medians of the stations. Empty if no transients were tried.
    """
    judged = unseen(evaluation, manifest)
    curves = [curve for known in judged for curve in _own(known.sensitivity)]
    alarms = [row for known in judged for row in _promised(known)]
    if not curves or not alarms:
        return ""
    durations = sorted({curve.duration_s for curve in curves})
    alike = [[curve for curve in curves if curve.duration_s == one] for one in durations]
    top = max(snr for curve in curves for snr in curve.snr)
    half = [_median(map(_half_snr, same)) for same in alike]
    delay_s = [delay for same in alike if (delay := _median(map(_delay_s, same))) is not None]
    after = _range(delay_s, lambda delay: f"{delay / 60:.0f}")
    at = "on the test days of its own station," if on_own_days(judged[0], manifest) else "at"
    days = sum(row.quiet_days for row in alarms)
    reached = [2 * top if snr is None else snr for snr in half]
    strong = _range(reached, lambda snr: _upto(snr, top))
    return (
        f"What an operator gets {at} {_where(judged)}: "
        f"{counted(sum(row.opened for row in alarms), 'false alarm')} in {figure(days)} quiet days "
        f"where {figure(sum(row.expected for row in alarms))} were promised "
        f"({figure(judged[0].false_alarms_per_month)} in a month); half of the signals of "
        f"{_range(durations, figure)} s open an alert once they are {strong} times the background"
        f"{f', after {after} minutes' if delay_s else ''}."
    )


def stations(evaluation: Evaluation, manifest: Manifest) -> list[ReportSection]:
    """Section over all stations; empty if fewer than two were judged."""
    if len(evaluation.injections) < 2:
        return []
    judged = [in_any_direction(known) for known in unseen(evaluation, manifest)]
    others = [
        in_any_direction(known)
        for known in evaluation.injections
        if all((known.station, known.days) != (other.station, other.days) for other in judged)
    ]
    blocks: list[Block] = [
        Bullets([_operator(known) for known in [*judged, *others]]),
        Paragraph(
            "Every station is calibrated on days of its own that are not judged. The figures are "
            "means over all families of transients. Found: share found when 1 % of the windows "
            "without a transient are flagged. Left over: rms of the error of a window without a "
            "transient over the rms of the window, median. Worse: share of these windows to which "
            "zeros would be nearer. Alarms: opened on quiet days, the profile living on, and how "
            f"many were promised at {figure(_often(judged))} in a month."
        ),
    ]
    if len(judged) > 1:
        blocks.append(_table(f"Mean, {_where(judged)}; alarms added up", judged))
    blocks += [table for name in _ACTIVITIES if (table := _activity_table(name, judged))]
    blocks += [_table(_place(known), [known]) for known in [*judged, *others]]
    return [ReportSection("In short: other stations and seasons", blocks)]


def _table(caption: str, judged: Sequence[Injections]) -> Table:
    strengths = strengths_of(judged[0].cells)
    columns = [
        *(f"AUC at S/N {snr:g}" for snr in strengths),
        *(f"found at S/N {snr:g}, %" for snr in strengths),
        "left over",
        "worse, %",
        "alarms promised",
        "opened",
    ]
    methods = methods_of(judged[0].cells)
    return Table(
        caption, ["method"], columns, [Row(m, _means(judged, m)) for m in methods], NEGATIVE
    )


def _means(judged: Sequence[Injections], method: str) -> list[str]:
    cells = [cell for known in judged for cell in known.cells if cell.method == method]
    by_snr = [[cell for cell in cells if cell.snr == snr] for snr in strengths_of(cells)]
    left = [row for known in judged for row in known.left_over if row.method == method]
    alarms = [row for known in judged for row in _alarms(known, method, _often(judged))]
    return [
        *(decimal(_mean(cell.auc for cell in alike)) for alike in by_snr),
        *(percent(_mean(cell.found for cell in alike)) for alike in by_snr),
        decimal(_mean(row.median for row in left)),
        percent(_mean(row.worse for row in left)),
        figure(sum(row.expected for row in alarms)) if alarms else ABSENT,
        f"{sum(row.opened for row in alarms):,}" if alarms else ABSENT,
    ]


def _activity_table(activity: str, judged: Sequence[Injections]) -> Table | None:
    rows = [row for known in judged for row in known.by_activity if row.activity == activity]
    if not rows:
        return None
    of_method = {name: [row for row in rows if row.method == name] for name in methods_of(rows)}
    strengths, (first, *_) = rows[0].snr, of_method.values()
    columns = [
        *(f"AUC at S/N {snr:g}" for snr in strengths),
        *(f"found at S/N {snr:g}, %" for snr in strengths),
        "left over",
        "worse, %",
    ]
    caption = (
        f"Only the {activity} windows, {sum(row.windows for row in first):,} of "
        f"{counted(len(first), 'station')}: means; found among windows of the same kind"
    )
    body = [
        Row(
            name,
            [
                *(decimal(_mean(row.auc[at] for row in same)) for at in range(len(strengths))),
                *(percent(_mean(row.found[at] for row in same)) for at in range(len(strengths))),
                decimal(_mean(row.left_over for row in same)),
                percent(_mean(row.worse for row in same)),
            ],
        )
        for name, same in of_method.items()
    ]
    return Table(caption, ["method"], columns, body, NEGATIVE)


def _operator(known: Injections) -> str:
    """What an operator gets at one station, in words."""
    alarms = [
        f"{row.opened:,} false alarms in {figure(row.quiet_days)} quiet days, where "
        f"{figure(row.expected)} were promised ({figure(row.asked_per_month)} in a month)"
        for row in _promised(known)
    ]
    halves = [
        f"{curve.duration_s:g} s: {_upto(_half_snr(curve), max(curve.snr))}"
        for curve in _own(known.sensitivity)
    ]
    found = [f"half of the transients open an alert from signal/noise ({', '.join(halves)})"]
    return f"{_place(known)}: {'; '.join([*alarms, *(found if halves else [])])}."


def _own(curves: Iterable[Sensitivity]) -> list[Sensitivity]:
    return [curve for curve in curves if curve.method == NEGATIVE]


def _promised(known: Injections) -> list[FalseAlarms]:
    return _alarms(known, NEGATIVE, known.false_alarms_per_month)


def _alarms(known: Injections, method: str, asked_per_month: float) -> list[FalseAlarms]:
    return [
        row
        for row in known.false_alarms
        if (row.method, row.station) == (method, known.station)
        and row.asked_per_month == asked_per_month
    ]


def _often(judged: Sequence[Injections]) -> float:
    """The highest rate at which alarms were counted: the most telling one on few days."""
    return max((row.asked_per_month for known in judged for row in known.false_alarms), default=0.0)


def _half_snr(curve: Sensitivity) -> float | None:
    """Signal/noise found half the time at the promised rate, with a living profile if tried."""
    first = curve.half[0]
    return first.snr if first.living_threshold is None else first.living_snr


def _delay_s(curve: Sensitivity) -> float | None:
    """Median delay at the weakest signal/noise tried of which half open an alert."""
    enough = [
        delay_s for share, delay_s in zip(curve.found, curve.delay_s, strict=True) if share >= 0.5
    ]
    return enough[0] if enough else None


def _median(values: Iterable[float | None]) -> float | None:
    """Median, None standing for more than all others; None if that is the median."""
    every = [np.inf if value is None else value for value in values]
    middle = float(np.median(every)) if every else np.inf
    return middle if np.isfinite(middle) else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _range(values: Sequence[float], write: Callable[[float], str]) -> str:
    if not values:
        return ABSENT
    low, high = write(min(values)), write(max(values))
    return low if low == high else f"{low} to {high}"


def _upto(snr: float | None, top: float) -> str:
    return f"more than {top:g}" if snr is None or snr > top else figure(round(snr, 1))


def _where(judged: Sequence[Injections]) -> str:
    codes = list(dict.fromkeys(known.station for known in judged))
    if len(codes) == 1:
        return f"{codes[0]}, {dates(judged[0].days)}"
    return f"{len(codes)} stations on days that trained nothing ({', '.join(codes)})"


def _place(known: Injections) -> str:
    return f"{known.station}, {dates(known.days)}"
