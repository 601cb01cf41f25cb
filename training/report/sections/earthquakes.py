"""Section on the judgement on real earthquakes."""

from collections.abc import Sequence
from functools import partial

from training.report.blocks import Block, Gallery, Paragraph, ReportSection, Row, Table
from training.report.figures.earthquakes import real_plates
from training.report.format import ABSENT, counted, decimal, figure, p_value, percent, span
from training.results import NEGATIVE, Criterion, Labelled, OnLabels, Verdict


def verdict_words(verdict: Verdict) -> str:
    """Words of the verdict, which always begin with whether skill was shown."""
    words = verdict.words.strip().rstrip(".")
    lead = "skill shown" if verdict.shown else "no skill shown"
    return words if words.lower().startswith(lead) else f"{lead}: {words}"


def criteria_table(criteria: Sequence[Criterion], caption: str) -> Table:
    """Table of the rules of a verdict, with the measured value and whether each is met."""
    rows = [
        Row(criterion.rule, [criterion.measured, "✓ met" if criterion.met else "✗ not met"])
        for criterion in criteria
    ]
    return Table(caption, ["rule"], ["measured", "outcome"], rows, wordy=True)


def two_p(real: Labelled) -> str:
    """The paper's p and the p over earthquakes in one sentence, and why they differ."""
    first = real.methods[0]
    return (
        f"Window by window, as in the paper, p = {p_value(first.window_p)} over "
        f"{sum(real.windows):,} windows; earthquake by earthquake, p = {p_value(first.event_p)} "
        f"over {counted(real.events, 'earthquake')}. The first p takes windows as independent, "
        "although neighbours share one disturbance, so it can be tiny where nothing precedes "
        "earthquakes. The second p tests whether scores before the earthquakes are higher than at "
        "random times."
    )


def real_section(real: Labelled, said: Verdict | None = None) -> ReportSection:
    """Section with labels, figures and tables of one station.

    Parameters
    ----------
    real
        Judgement at the station.
    said
        Verdict elsewhere in the report, which the section does not repeat.
    """
    non_seismic, seismic = real.windows
    blocks: list[Block] = [
        Paragraph(
            f"{real.begin_utc} to {real.end_utc} (UTC), catalogue {real.catalogue}: "
            f"{counted(real.events, 'earthquake')}, {non_seismic:,} non-seismic and {seismic:,} "
            f"seismic windows, a prevalence of {percent(real.prevalence)} %. A window is called "
            "seismic if an earthquake follows it. Nothing in it is known to come from the "
            "earthquake."
        ),
        _steps(real),
        Gallery(partial(real_plates, real), [method.method for method in real.methods]),
        _skill(real.methods),
        _errors(real.methods),
        *_absences(real.methods),
    ]
    if real.verdict != said:
        blocks.append(Paragraph(f"Verdict at {real.station}: {verdict_words(real.verdict)}."))
        caption = f"Rules of the verdict at {real.station}"
        blocks.append(criteria_table(real.verdict.criteria, caption))
    return ReportSection(f"Real earthquakes at {real.station}", blocks)


def _steps(real: Labelled) -> Table:
    rows = [
        Row(
            step.step,
            [f"{step.events:,}", _whole(step.windows), figure(step.station_days)],
        )
        for step in real.steps
    ]
    caption = "Steps of the labelling, and what each step leaves"
    return Table(caption, ["step"], ["earthquakes", "windows", "station-days"], rows)


def _skill(methods: Sequence[OnLabels]) -> Table:
    columns = [
        "AUC",
        "95 % interval",
        "placebo AUC",
        "p, shuffled catalogues",
        "p, by earthquake",
        "p, by window (the paper's)",
    ]
    rows = [
        Row(
            method.method,
            [
                decimal(method.auc),
                span(decimal(method.auc_low), decimal(method.auc_high)),
                decimal(method.placebo_auc),
                p_value(method.shuffled_p),
                p_value(method.event_p),
                p_value(method.window_p),
            ],
        )
        for method in methods
    ]
    caption = "Are scores higher before earthquakes? AUC 0.5 is chance"
    return Table(caption, ["method"], columns, rows, NEGATIVE)


def _errors(methods: Sequence[OnLabels]) -> Table:
    columns = [
        "RMSE, non-seismic",
        "RMSE, seismic",
        "MAE, non-seismic",
        "MAE, seismic",
        "alerts",
        "alerts per month",
    ]
    rows = [
        Row(
            method.method,
            [
                *_pair(method.rmse),
                *_pair(method.mae),
                f"{method.alarms:,}",
                figure(method.alarms_per_month),
            ],
        )
        for method in methods
    ]
    caption = "Mean error by class, in units of the station's background, and alerts opened"
    return Table(caption, ["method"], columns, rows, NEGATIVE)


def _absences(methods: Sequence[OnLabels]) -> list[Paragraph]:
    first = methods[0]
    gaps = [
        (not first.shuffled_auc, "No histogram: the catalogue was not shuffled."),
        (
            not any(method.alarm_share for method in methods),
            "No Molchan diagram: nothing was alarmed.",
        ),
        (not any(first.alarm_hours), "No local times: no alert opened."),
        (first.placebo_auc is None, "No placebo: no windows after the earthquakes were usable."),
    ]
    missing = [why for absent, why in gaps if absent]
    return [Paragraph(" ".join(missing))] if missing else []


def _pair(errors: tuple[float, float] | None) -> tuple[str, str]:
    return (ABSENT, ABSENT) if errors is None else (decimal(errors[0]), decimal(errors[1]))


def _whole(count: int | None) -> str:
    return ABSENT if count is None else f"{count:,}"
