"""What the benchmark with known transients says: results, seeds, directions, the paper's p."""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import fmean

from training.evaluation import NEGATIVE, Cell, Injections
from training.report.alerts import sensitivity
from training.report.figures_known import auc_plates, found_plates
from training.report.numerals import (
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
from training.report.parts import Gallery, Paragraph, Row, Section, Table
from training.report.selection import (
    families_of,
    in_any_direction,
    in_every_direction,
    methods_of,
    strengths_of,
)

_CORNER = ("family", "signal/noise")


def sections(known: Injections) -> list[Section]:
    """Everything about one station except the false alarms."""
    main = in_any_direction(known)
    if not main.cells:
        why = "Absent: single windows with transients were not judged."
        nothing = Section(f"Known transients at {known.station}", [Paragraph(why)])
        return [nothing, sensitivity(known)]
    return [_results(main, known), _seeds(main), sensitivity(known), _statistic(main)]


def _results(main: Injections, known: Injections) -> Section:
    methods = methods_of(main.cells)
    directions = [_directions(directed)] if (directed := in_every_direction(known)) else []
    return Section(
        f"Known transients at {known.station}",
        [
            Paragraph(
                f"Each of {counted(known.windows, 'window')} of "
                f"{counted(days_in(known.days), 'day')} ({dates(known.days)}) is judged as "
                "recorded and with a transient added, so the truth is known. Trained on: "
                f"{_names(known.trained)}; never seen in training: {_names(known.unseen)}."
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
                "describe this station only: every station is calibrated by itself."
            ),
            *_left_over(known),
        ],
    )


def _left_over(known: Injections) -> list[Paragraph | Table]:
    """Whether the autoencoders are any."""
    if not known.left_over:
        return []
    return [
        Paragraph(
            "To tell windows apart a network need not reconstruct any. What these leave of the "
            "windows without a transient: 0 would be a perfect reconstruction, 1 is none."
        ),
        Table(
            "Error of the reconstruction over the window it is of, root mean squares",
            ["method"],
            ["median window", "windows nearer to zeros (%)"],
            [Row(one.method, [decimal(one.median), percent(one.worse)]) for one in known.left_over],
            NEGATIVE,
        ),
    ]


def _levels(known: Injections) -> str:
    levels = zip((50, 90, 99), known.quantiles, strict=False)
    return ", ".join(f"{share} % below {figure(level)}" for share, level in levels) or ABSENT


def _directions(cells: Sequence[Cell]) -> Table:
    """AUC by direction of polarization, at the strengths that were judged so."""
    methods = methods_of(cells)
    places = dict.fromkeys((cell.family, cell.snr, cell.polarization) for cell in cells)
    by_place = {
        (cell.family, cell.snr, cell.polarization, cell.method): decimal(cell.auc) for cell in cells
    }
    rows = [
        Row(
            direction,
            [by_place.get((family, snr, direction, one), ABSENT) for one in methods],
            family,
        )
        for family, snr, direction in places
    ]
    directions = " / ".join(dict.fromkeys(direction for _, _, direction in places))
    caption = f"AUC at signal/noise {listed(strengths_of(cells))} by direction, {directions}"
    return Table(caption, ["family", "direction"], methods, rows, NEGATIVE)


def _seeds(known: Injections) -> Section:
    """How far the seeds agree, of the methods that have any."""
    title = f"How far the seeds agree at {known.station}"
    varied = {cell.method for cell in known.cells if cell.auc_low < cell.auc_high}
    if not varied:
        return Section(title, [Paragraph("Absent: one seed was trained, so this is not known.")])
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
    return Section(title, [Table(caption, _CORNER, methods, rows, NEGATIVE)])


def _range(cell: Cell | None) -> str:
    return ABSENT if cell is None else span(decimal(cell.auc_low), decimal(cell.auc_high))


def _statistic(known: Injections) -> Section:
    """The paper's p beside the p of windows that share no sample."""
    weakest = min(strengths_of(known.cells))
    kept = {(cell.family, cell.method): cell for cell in known.cells if cell.snr == weakest}
    methods = methods_of(known.cells)
    rows = []
    for family in families_of(known.cells):
        own = [kept.get((family, method)) for method in methods]
        every = [ABSENT if cell is None else p_value(cell.p_value) for cell in own]
        apart = [ABSENT if cell is None else p_value(cell.p_value_apart) for cell in own]
        rows += [Row("all", every, family), Row("apart", apart, family)]
    caption = f"Two-sided p at signal/noise {weakest:g}, all windows / windows apart"
    return Section(
        f"The paper's statistic at {known.station}",
        [
            Paragraph(
                "Mann-Whitney U of the windows with and without a transient. All: "
                f"{counted(known.windows, 'window')}, taken as independent as the paper does. They "
                "are not: neighbours share most of their samples, and one disturbance fills many. "
                f"Apart: {counted(known.windows_apart, 'window')} that share no sample. Either "
                "says that a difference is there, not that it is large enough to be of use: the "
                "AUC says that."
            ),
            Table(caption, ["family", "windows"], methods, rows, NEGATIVE),
        ],
    )


def _by_family(
    known: Injections, what: str, value: Callable[[Cell], float], write: Callable[[float], str]
) -> Table:
    """Families and signal/noise down, methods across; the best of each row is marked."""
    methods = methods_of(known.cells)
    cells = {(cell.family, cell.snr, cell.method): value(cell) for cell in known.cells}

    def mean(families: Sequence[str], snr: float, method: str) -> float | None:
        own = [cells[place] for one in families if (place := (one, snr, method)) in cells]
        return fmean(own) if len(own) == len(families) else None

    rows = []
    for name, families in _groups(known):
        for snr in strengths_of(known.cells):
            own = [mean(families, snr, method) for method in methods]
            most = max((one for one in own if one is not None), default=None)
            best = frozenset(i for i, one in enumerate(own) if one is not None and one == most)
            written = [ABSENT if one is None else write(one) for one in own]
            rows.append(Row(f"{snr:g}", written, name, best))
    caption = f"{what}, at signal/noise {listed(strengths_of(known.cells))}"
    return Table(caption, _CORNER, methods, rows, NEGATIVE)


def _groups(known: Injections) -> list[tuple[str, list[str]]]:
    """Every family by itself, then those trained on together, and those never seen."""
    each = [(family, [family]) for family in families_of(known.cells)]
    together = {"mean of those trained on": known.trained, "mean of the others": known.unseen}
    return each + [(name, families) for name, families in together.items() if len(families) > 1]


def _names(families: Sequence[str]) -> str:
    return ", ".join(families) or "none"
