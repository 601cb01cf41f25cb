"""Sections on the injection benchmark: results, seeds, directions, the paper's p."""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import fmean

from training.report.blocks import Gallery, Paragraph, ReportSection, Row, Table
from training.report.figures.injections import auc_plates, found_plates
from training.report.format import (
    ABSENT,
    counted,
    dates,
    days_in,
    decimal,
    figure,
    listed,
    p_value,
    percent,
    span,
)
from training.report.sections.alerts import sensitivity
from training.report.select import (
    families_of,
    in_any_direction,
    in_every_direction,
    methods_of,
    strengths_of,
)
from training.results import NEGATIVE, Cell, Injections

_CORNER = ("family", "signal/noise")


def sections(known: Injections) -> list[ReportSection]:
    """Sections of one station, without the false alarms."""
    main = in_any_direction(known)
    if not main.cells:
        why = "Absent: single windows with transients were not judged."
        nothing = ReportSection(f"Known transients at {known.station}", [Paragraph(why)])
        return [nothing, sensitivity(known)]
    return [_results(main, known), _seeds(main), sensitivity(known), _statistic(main)]


def _results(main: Injections, known: Injections) -> ReportSection:
    methods = methods_of(main.cells)
    directions = [_directions(directed)] if (directed := in_every_direction(known)) else []
    return ReportSection(
        f"Known transients at {known.station}",
        [
            Paragraph(
                f"Each of {counted(known.windows, 'window')} of "
                f"{counted(days_in(known.days), 'day')} ({dates(known.days)}) is judged twice: as "
                "recorded, and with a transient added. So the truth is known. Trained on: "
                f"{_names(known.trained)}. Never seen in training: {_names(known.unseen)}."
            ),
            Gallery(partial(auc_plates, main), methods),
            _by_family(main, "AUC", lambda cell: cell.auc, decimal),
            Gallery(partial(found_plates, main), methods),
            _by_family(
                main,
                "Share of transients found (%) when 1 % of the windows without one are flagged",
                lambda cell: cell.found,
                percent,
            ),
            *directions,
            Paragraph(
                f"Scores of the windows without a transient, {NEGATIVE}: {_levels(known)}. They "
                "describe this station only, since every station has its own calibration."
            ),
            *_left_over(known),
        ],
    )


def _left_over(known: Injections) -> list[Paragraph | Table]:
    """Blocks on the reconstruction error of the autoencoders; empty without figures."""
    if not known.left_over:
        return []
    return [
        Paragraph(
            "A network can separate windows without reconstructing any. This table shows the "
            "relative error on windows without a transient: 0 is a perfect reconstruction, 1 none."
        ),
        Table(
            "Root mean square of the reconstruction error, divided by that of the window",
            ["method"],
            ["median window", "windows nearer to zeros (%)"],
            [Row(row.method, [decimal(row.median), percent(row.worse)]) for row in known.left_over],
            NEGATIVE,
        ),
    ]


def _levels(known: Injections) -> str:
    levels = zip((50, 90, 99), known.quantiles, strict=False)
    return ", ".join(f"{share} % below {figure(level)}" for share, level in levels) or ABSENT


def _directions(cells: Sequence[Cell]) -> Table:
    """Table of the AUC by direction of polarization."""
    methods = methods_of(cells)
    places = dict.fromkeys((cell.family, cell.snr, cell.polarization) for cell in cells)
    by_place = {
        (cell.family, cell.snr, cell.polarization, cell.method): decimal(cell.auc) for cell in cells
    }
    rows = [
        Row(
            direction,
            [by_place.get((family, snr, direction, method), ABSENT) for method in methods],
            family,
        )
        for family, snr, direction in places
    ]
    directions = " / ".join(dict.fromkeys(direction for _, _, direction in places))
    caption = f"AUC at signal/noise {listed(strengths_of(cells))} by direction, {directions}"
    return Table(caption, ["family", "direction"], methods, rows, NEGATIVE)


def _seeds(known: Injections) -> ReportSection:
    """Section on the agreement of the seeds, for methods with several seeds."""
    title = f"How far the seeds agree at {known.station}"
    varied = {cell.method for cell in known.cells if cell.auc_low < cell.auc_high}
    if not varied:
        return ReportSection(
            title, [Paragraph("Absent: one seed was trained, so this is not known.")]
        )
    methods = [method for method in methods_of(known.cells) if method in varied]
    cells = {(cell.family, cell.snr, cell.method): cell for cell in known.cells}
    rows = [
        Row(f"{snr:g}", [_range(cells.get((family, snr, method))) for method in methods], family)
        for family in families_of(known.cells)
        for snr in strengths_of(known.cells)
    ]
    caption = (
        f"Lowest-highest AUC over the seeds, at signal/noise {listed(strengths_of(known.cells))}"
    )
    return ReportSection(title, [Table(caption, _CORNER, methods, rows, NEGATIVE)])


def _range(cell: Cell | None) -> str:
    return ABSENT if cell is None else span(decimal(cell.auc_low), decimal(cell.auc_high))


def _statistic(known: Injections) -> ReportSection:
    """Section on the paper's p, beside the p of windows that share no sample."""
    weakest = min(strengths_of(known.cells))
    kept = {(cell.family, cell.method): cell for cell in known.cells if cell.snr == weakest}
    methods = methods_of(known.cells)
    rows = []
    for family in families_of(known.cells):
        cells = [kept.get((family, method)) for method in methods]
        every = [ABSENT if cell is None else p_value(cell.p_value) for cell in cells]
        independent = [ABSENT if cell is None else p_value(cell.p_value_apart) for cell in cells]
        rows += [Row("all", every, family), Row("apart", independent, family)]
    caption = f"Two-sided p at signal/noise {weakest:g}, all windows / windows apart"
    return ReportSection(
        f"The paper's statistic at {known.station}",
        [
            Paragraph(
                "Mann-Whitney U test of the windows with and without a transient. All: "
                f"{counted(known.windows, 'window')}, taken as independent, as in the paper. They "
                "are not independent: neighbours share most of their samples, and one disturbance "
                f"fills several. Apart: {counted(known.windows_apart, 'window')} that share no "
                "sample. A small p shows a difference. The AUC shows whether it is large enough to "
                "be useful."
            ),
            Table(caption, ["family", "windows"], methods, rows, NEGATIVE),
        ],
    )


def _by_family(
    known: Injections, what: str, value: Callable[[Cell], float], write: Callable[[float], str]
) -> Table:
    """Table with rows of families and signal/noise, columns of methods, and the best marked."""
    methods = methods_of(known.cells)
    cells = {(cell.family, cell.snr, cell.method): value(cell) for cell in known.cells}

    def mean(families: Sequence[str], snr: float, method: str) -> float | None:
        known_values = [
            cells[place] for family in families if (place := (family, snr, method)) in cells
        ]
        return fmean(known_values) if len(known_values) == len(families) else None

    rows = []
    for name, families in _groups(known):
        for snr in strengths_of(known.cells):
            means = [mean(families, snr, method) for method in methods]
            most = max((average for average in means if average is not None), default=None)
            best = frozenset(
                i for i, average in enumerate(means) if average is not None and average == most
            )
            written = [ABSENT if average is None else write(average) for average in means]
            rows.append(Row(f"{snr:g}", written, name, best))
    caption = f"{what}, at signal/noise {listed(strengths_of(known.cells))}"
    return Table(caption, _CORNER, methods, rows, NEGATIVE)


def _groups(known: Injections) -> list[tuple[str, list[str]]]:
    """Groups of families: each by itself, then the trained ones together, then the unseen ones."""
    each = [(family, [family]) for family in families_of(known.cells)]
    together = {"mean of those trained on": known.trained, "mean of the others": known.unseen}
    return each + [(name, families) for name, families in together.items() if len(families) > 1]


def _names(families: Sequence[str]) -> str:
    return ", ".join(families) or "none"
