"""Figures of the benchmark with known transients."""

from collections.abc import Callable, Sequence
from functools import partial

from matplotlib.axes import Axes

from training.report.blocks import Plate
from training.report.format import decimal, percent
from training.report.select import families_of, methods_of, strengths_of
from training.report.style import SOFT, MethodStyle, method_styles
from training.report.svg import plate
from training.results import NEGATIVE, Cell, Injections


def auc_plates(known: Injections) -> list[Plate]:
    """AUC against signal/noise: one figure for each family, a line for each method."""
    return _plates(known, _draw_auc, "AUC", lambda cell: cell.auc, decimal)


def found_plates(known: Injections) -> list[Plate]:
    """Share found while 1 % of the windows without a transient are flagged: as `auc_plates`."""
    return _plates(
        known, _draw_found, "Found", lambda cell: cell.found, lambda found: f"{percent(found)} %"
    )


def strength_axis(axes: Axes, snr: Sequence[float]) -> None:
    """Set up the horizontal axis of signal/noise."""
    ticks = sorted(set(snr))
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("peak of the transient [times the background]")


def _plates(
    known: Injections,
    draw: Callable[[Sequence[Cell], dict[str, MethodStyle], Axes], None],
    what: str,
    value: Callable[[Cell], float],
    write: Callable[[float], str],
) -> list[Plate]:
    lines = method_styles(methods_of(known.cells))
    plates = []
    for family in families_of(known.cells):
        cells = sorted(
            (cell for cell in known.cells if cell.family == family), key=lambda cell: cell.snr
        )
        title = f"{family} (never seen in training)" if family in known.unseen else family
        note = _first_and_best_other(cells, what, value, write)
        plates.append(plate(title, note, partial(draw, cells, lines)))
    return plates


def _draw_auc(cells: Sequence[Cell], lines: dict[str, MethodStyle], axes: Axes) -> None:
    axes.axhline(0.5, color=SOFT, linewidth=0.8, linestyle=(0, (1, 2)))
    for method, style in lines.items():
        of_method = [cell for cell in cells if cell.method == method]
        snr = [cell.snr for cell in of_method]
        style.draw(axes, snr, [cell.auc for cell in of_method])
        if method == NEGATIVE:
            low, high = [cell.auc_low for cell in of_method], [cell.auc_high for cell in of_method]
            axes.fill_between(snr, low, high, color=style.colour, alpha=0.18, linewidth=0)
    axes.set_ylim(min(0.45, *(cell.auc - 0.03 for cell in cells)), 1.015)
    axes.set_ylabel("AUC [0.5 = chance, 1 = perfect]")
    strength_axis(axes, strengths_of(cells))


def _draw_found(cells: Sequence[Cell], lines: dict[str, MethodStyle], axes: Axes) -> None:
    for method, style in lines.items():
        of_method = [cell for cell in cells if cell.method == method]
        style.draw(axes, [cell.snr for cell in of_method], [100 * cell.found for cell in of_method])
    axes.set_ylim(-3, 103)
    axes.set_ylabel("found, 1 % false [%]")
    strength_axis(axes, strengths_of(cells))


def _first_and_best_other(
    cells: Sequence[Cell],
    what: str,
    value: Callable[[Cell], float],
    write: Callable[[float], str],
) -> str:
    snr = strengths_of(cells)
    middle = [cell for cell in cells if cell.snr == snr[len(snr) // 2]]
    of_method = [cell for cell in middle if cell.method == NEGATIVE]
    others = sorted((cell for cell in middle if cell.method != NEGATIVE), key=value)
    words = [f"{cell.method} {write(value(cell))}" for cell in (*of_method, *others[-1:])]
    return f"{what} at signal/noise {middle[0].snr:g}: {'; best of the others: '.join(words)}."
