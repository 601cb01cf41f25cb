"""Evaluation of a model on injected transients: tables, sensitivity, false alarms."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from msgspec import structs

from geofield.types import Float32
from training.data.windows import windows_of
from training.evaluation.contestants import Contestants
from training.evaluation.data_split import DataSplit
from training.evaluation.false_alarms import quiet_alarms
from training.evaluation.injection.alerts import (
    InjectedPackets,
    Packets,
    draw_packets,
    levels,
    part_for,
)
from training.evaluation.injection.detection_curve import curve
from training.evaluation.injection.snr50 import other_tails
from training.evaluation.injection.windows import Benchmark, Injection
from training.evaluation.methods import Method
from training.evaluation.reconstruction_error import left_over
from training.recipe.recipe import Recipe
from training.recipe.transients import POLARIZATIONS, Frame
from training.results import Cell, Injections, Sensitivity

Advance = Callable[[], object]
TEST_SEED = 2
_POLARIZED_SNR = [4.0]


def injected(
    contestants: Contestants, split: DataSplit, recipe: Recipe, cells: list[Cell], advance: Advance
) -> Injections:
    """Evaluate on injected transients; the tables in `cells` were measured before.

    Parameters
    ----------
    contestants, split
        Methods, and the data to judge them on.
    recipe
        Families, strengths and the promise.
    cells
        Cells from `tables` and `polarized`, or of several seeds.
    advance
        Called after each method and duration of the packets.
    """
    field_nt = test_windows(split, recipe)
    spec = recipe.window.spec(recipe.data.judge_hop)
    scores = contestants.scores(field_nt)
    return Injections(
        station=split.judged.station,
        days=list(split.days),
        trained=list(recipe.seismic.families),
        unseen=list(recipe.seismic.unseen_families),
        windows=len(field_nt),
        windows_apart=-(-len(field_nt) // -(-spec.span // spec.hop)),
        cells=cells,
        sensitivity=_sensitivity(contestants, split, recipe, advance),
        false_alarms=quiet_alarms(contestants, split, recipe.promise),
        false_alarms_per_month=recipe.promise.false_alarms_per_month,
        quantiles=[
            float(np.quantile(scores[contestants.methods[0].name], share))
            for share in (0.5, 0.9, 0.99)
        ],
        left_over=[
            left_over(name, model, field_nt, contestants.scale_nt)
            for name, model in contestants.autoencoders.items()
        ],
    )


def test_windows(split: DataSplit, recipe: Recipe) -> Float32:
    """Raw windows [n, span, 3] of the judged days, in nT."""
    spec = recipe.window.spec(recipe.data.judge_hop)
    return windows_of(split.judged, split.days, spec).field_nt


def tables(
    contestants: Contestants, split: DataSplit, recipe: Recipe, advance: Advance
) -> list[Cell]:
    """AUC and share found of every method, for every family and signal/noise."""
    seismic = recipe.seismic
    families = [*seismic.families, *seismic.unseen_families]
    bench = _benchmark(contestants, split, recipe, families, seismic.judge_snr, "random")
    return bench.run(contestants.scores, advance)


def polarized(
    contestants: Contestants, split: DataSplit, recipe: Recipe, advance: Advance
) -> list[Cell]:
    """The same figures at signal/noise 4 for transients in the horizontal plane and along Z."""
    cells: list[Cell] = []
    for polarization in POLARIZATIONS:
        if polarization != "random":
            bench = _benchmark(
                contestants, split, recipe, turned(recipe), _POLARIZED_SNR, polarization
            )
            cells += bench.run(contestants.scores, advance)
    return cells


def turned(recipe: Recipe) -> list[str]:
    """Families to judge in each polarization: the trained ones, or all if none is trained."""
    return recipe.seismic.families or recipe.seismic.unseen_families


def over_seeds(by_seed: Sequence[Iterable[Cell]]) -> list[Cell]:
    """The cells of the published seed, which comes first, with their range over all seeds."""
    alike: dict[tuple[str, str, float, str], list[Cell]] = {}
    for cells in by_seed:
        for cell in cells:
            key = (cell.method, cell.family, cell.snr, cell.polarization)
            alike.setdefault(key, []).append(cell)
    return [
        structs.replace(
            same[0],
            auc_low=min(cell.auc for cell in same),
            auc_high=max(cell.auc for cell in same),
            found_low=min(cell.found for cell in same),
            found_high=max(cell.found for cell in same),
        )
        for same in alike.values()
    ]


def _benchmark(
    contestants: Contestants,
    split: DataSplit,
    recipe: Recipe,
    families: Sequence[str],
    snr: Sequence[float],
    polarization: str,
) -> Benchmark:
    spec = recipe.window.spec(recipe.data.judge_hop)
    frame = Frame(spec.samples, spec.half)
    injection = Injection(contestants.scale_nt, frame, families, snr, TEST_SEED, polarization)
    field_nt = test_windows(split, recipe)
    return Benchmark(field_nt, injection, contestants.model.filtered, -(-spec.span // spec.hop))


def _sensitivity(
    contestants: Contestants, split: DataSplit, recipe: Recipe, advance: Advance
) -> list[Sensitivity]:
    promise, window = recipe.promise, recipe.window.model_window()
    packets = Packets(promise.durations, promise.snr, promise.apart, TEST_SEED, promise.draws)
    judged = part_for(split.judged, promise.packets, promise.apart)
    by_duration = [
        draw_packets(len(judged), duration, window, contestants.scale_nt, packets)
        for duration in promise.durations
    ]
    tasks = [(method, draws) for method in contestants.methods for draws in by_duration]
    others = {name: other_tails(peaks) for name, peaks in contestants.peaks.items()}

    def measured(task: tuple[Method, list[InjectedPackets]]) -> Sensitivity:
        method, draws = task
        name, profile = method.name, contestants.profiles[method.name]
        raised = levels(split.stream, method, judged, profile, draws, promise.snr)
        duration_s = draws[0].duration * judged.cadence_ms / 1000
        advance()
        return curve(name, duration_s, raised, profile, others[name], promise)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        curves = list(pool.map(measured, tasks))
    return [figures for figures in curves if figures.packets]  # without packets there is no share
