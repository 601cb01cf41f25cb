"""What the judgement on real earthquakes says."""

from collections.abc import Sequence
from functools import partial

from training.evaluation import NEGATIVE, Criterion, Labelled, OnLabels, Verdict
from training.report.figures_real import real_plates
from training.report.numerals import ABSENT, counted, decimal, figure, p_value, percent, span
from training.report.parts import Block, Gallery, Paragraph, Row, Section, Table


def verdict_words(verdict: Verdict) -> str:
    """The verdict, which always begins with whether skill was shown."""
    words = verdict.words.strip().rstrip(".")
    lead = "skill shown" if verdict.shown else "no skill shown"
    return words if words.lower().startswith(lead) else f"{lead}: {words}"


def criteria_table(criteria: Sequence[Criterion], caption: str) -> Table:
    """Rule, measurement, met or not."""
    rows = [Row(one.rule, [one.measured, "✓ met" if one.met else "✗ not met"]) for one in criteria]
    return Table(caption, ["rule"], ["measured", "outcome"], rows, wordy=True)


def two_p(real: Labelled) -> str:
    """The paper's p and the one that survives, and why they differ, in one sentence."""
    first = real.methods[0]
    return (
        f"Taken window by window, as in the paper, p = {p_value(first.window_p)}; taken earthquake "
        f"by earthquake, p = {p_value(first.event_p)}: the first counts "
        f"{sum(real.windows):,} windows as independent observations although the seismic ones "
        f"belong to only {counted(real.events, 'earthquake')} and neighbours share one "
        "disturbance, so it can be tiny where nothing precedes earthquakes at all; the second asks "
        "whether scores before the earthquakes are higher than at times chosen at random."
    )


def real_section(real: Labelled, said: Verdict | None = None) -> Section:
    """Labels, figures and tables of one station.

    Parameters
    ----------
    real
        What was measured.
    said
        A verdict that the reader has seen already and need not see again.
    """
    non_seismic, seismic = real.windows
    blocks: list[Block] = [
        Paragraph(
            f"{real.begin_utc} to {real.end_utc} (UTC), catalogue {real.catalogue}: "
            f"{counted(real.events, 'earthquake')}, {non_seismic:,} non-seismic and {seismic:,} "
            f"seismic windows, a prevalence of {percent(real.prevalence)} %. A window is "
            "called seismic because an earthquake followed it, not because anything in it is known "
            "to come from one."
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
    return Section(f"Real earthquakes at {real.station}", blocks)


def _steps(real: Labelled) -> Table:
    rows = [
        Row(
            step.step,
            [f"{step.events:,}", _whole(step.windows), figure(step.station_days)],
        )
        for step in real.steps
    ]
    caption = "How the labels came about: what each step leaves"
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
        (not any(one.alarm_share for one in methods), "No Molchan diagram: nothing was alarmed."),
        (not any(first.alarm_hours), "No local times: no alert opened."),
        (first.placebo_auc is None, "No placebo: no windows after the earthquakes were usable."),
    ]
    missing = [why for absent, why in gaps if absent]
    return [Paragraph(" ".join(missing))] if missing else []


def _pair(errors: tuple[float, float] | None) -> tuple[str, str]:
    return (ABSENT, ABSENT) if errors is None else (decimal(errors[0]), decimal(errors[1]))


def _whole(count: int | None) -> str:
    return ABSENT if count is None else f"{count:,}"
