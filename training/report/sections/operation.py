"""Sections on drift after a calibration, and on man-made pulses."""

from collections.abc import Sequence

from geofield.calibration.pareto import poisson_interval
from geofield.calibration.threshold import DAYS_PER_MONTH
from training.report.blocks import Paragraph, ReportSection, Row, Table
from training.report.format import ABSENT, dates, figure, percent, span
from training.results import Drift, Evaluation, FalseAlarms, ManMade

_DRIFT = (
    "days later",
    "one in, days",
    "quiet days",
    "promised",
    "95 %",
    "as made",
    "living",
    "kept",
)
_MAN_MADE = (
    "days",
    "windows",
    "fast",
    "called",
    "known",
    "found",
    "other episodes",
    "wrong",
    "of fast, %",
)


def drift(evaluation: Evaluation) -> list[ReportSection]:
    """Section on false alarms long after a calibration; empty if none were counted."""
    if not evaluation.drift:
        return []
    rows = [
        Row(_case(case), [_after(case), *_cells(row)])
        for case in evaluation.drift
        for row in case.alarms
    ]
    text = (
        "Alerts on quiet days after a calibration. As made: with the threshold of the calibration. "
        "Living: with a profile that goes on learning, as the worker does. Kept: the living count "
        "lies in the central 95 % of a Poisson distribution with the promised rate."
    )
    rows += _pooled(evaluation.drift)
    table = Table("Alerts on quiet days", ["calibrated on"], _DRIFT, rows)
    return [ReportSection("Calibrated here, counted later", [Paragraph(text), table])]


def _case(case: Drift) -> str:
    return f"{case.station}, {dates(case.calibration_days)}"


def _after(case: Drift) -> str:
    first, last = case.after_days
    return span(figure(round(first)), figure(round(last)))


def _cells(row: FalseAlarms) -> list[str]:
    return [
        figure(round(DAYS_PER_MONTH / row.asked_per_month, 1)),
        figure(row.quiet_days),
        figure(row.expected),
        span(f"{row.low:,}", f"{row.high:,}"),
        f"{row.counted:,}",
        ABSENT if row.living is None else f"{row.living:,}",
        "yes" if row.within else "no",
    ]


def _pooled(cases: Sequence[Drift]) -> list[Row]:
    """A row for each group and rate, with the counts of its cases added up."""
    rows = []
    for group in dict.fromkeys(case.group for case in cases if case.group):
        members = [case for case in cases if case.group == group]
        alarms = [row for case in members for row in case.alarms]
        for rate in dict.fromkeys(row.asked_per_month for row in alarms):
            total = _added([row for row in alarms if row.asked_per_month == rate])
            rows.append(Row(f"{group}, together", [ABSENT, *_cells(total)]))
    return rows


def _added(rows: Sequence[FalseAlarms]) -> FalseAlarms:
    expected = sum(row.expected for row in rows)
    low, high = poisson_interval(expected)
    living = [row.living for row in rows if row.living is not None]
    return FalseAlarms(
        method=rows[0].method,
        station="",
        asked_per_month=rows[0].asked_per_month,
        quiet_days=sum(row.quiet_days for row in rows),
        expected=expected,
        counted=sum(row.counted for row in rows),
        low=low,
        high=high,
        living=sum(living) if len(living) == len(rows) else None,
    )


def man_made(evaluation: Evaluation) -> list[ReportSection]:
    """Section on man-made pulses; empty if no record was searched."""
    searched = evaluation.man_made
    if not searched:
        return []
    natural = [row for row in searched if row.wrong is not None]
    wrong, fast = sum(row.wrong or 0 for row in natural), sum(row.fast for row in natural)
    known, found = sum(row.marked for row in searched), sum(row.found for row in searched)
    text = (
        f"{found} of {known} known pulses were found; {wrong} of {fast:,} fast windows of natural "
        "records were wrongly called man-made. Fast: a rate of change reaches five scales in a "
        "sample. Called: windows with a step, a spike or a pulse. Other episodes: called windows "
        "in a row without a known pulse; where all else is natural, their windows are wrong."
    )
    table = Table("Records searched", ["record"], _MAN_MADE, [_row(row) for row in searched])
    return [ReportSection("Man-made pulses", [Paragraph(text), table])]


def _row(row: ManMade) -> Row:
    counts = (row.windows, row.fast, row.called, row.marked, row.found, row.other_episodes)
    wrong = [ABSENT, ABSENT]
    if row.wrong is not None:
        wrong = [f"{row.wrong:,}", percent(row.wrong / max(row.fast, 1))]
    return Row(
        row.record, [figure(round(row.days, 1)), *(f"{count:,}" for count in counts), *wrong]
    )
