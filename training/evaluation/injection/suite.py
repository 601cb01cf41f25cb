"""Evaluation of a model on injected transients: tables, sensitivity, false alarms."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from msgspec import structs

from geofield.scoring.score import stack_scale
from geofield.series.samples import Samples
from geofield.types import Float32, Float64
from training.data.windows import DayWindows, windows_of
from training.evaluation.contestants import Contestants
from training.evaluation.data_split import DataSplit
from training.evaluation.false_alarms import QuietCount
from training.evaluation.injection.activity import ActivityTable, by_kp
from training.evaluation.injection.alerts import levels
from training.evaluation.injection.detection_curve import curve
from training.evaluation.injection.packets import (
    InjectedPackets,
    Packets,
    draw_packets,
    free_slots,
    part_for,
)
from training.evaluation.injection.snr50 import other_tails
from training.evaluation.injection.windows import Benchmark, Injection
from training.evaluation.reconstruction_error import left_over, shares_left
from training.recipe.recipe import Recipe
from training.recipe.transients import POLARIZATIONS, Frame
from training.results import ActivityMeans, Cell, Injections, Sensitivity

Advance = Callable[[], object]
TEST_SEED = 2
_POLARIZED_SNR = [4.0]


@dataclass(frozen=True, slots=True, eq=False)
class JudgedStation:
    """A station to judge on, with the windows of its judged days.

    Attributes
    ----------
    contestants, split, recipe
        Methods, the data, and the families, strengths and promise.
    windows
        Complete windows of the judged days, raw without their level, in nT.
    left
        Share of each window that each autoencoder leaves over, by method.
    """

    contestants: Contestants
    split: DataSplit
    recipe: Recipe
    windows: DayWindows
    left: Mapping[str, Float64]


def judged_station(contestants: Contestants, split: DataSplit, recipe: Recipe) -> JudgedStation:
    """Cut the windows of the judged days, and reconstruct them."""
    windows = windows_of(split.judged, split.days, recipe.window.spec(recipe.data.judge_hop))
    left = {
        name: shares_left(model, windows.field_nt, contestants.scale_nt)
        for name, model in contestants.autoencoders.items()
    }
    return JudgedStation(contestants, split, recipe, windows, left)


def injected(
    station: JudgedStation,
    cells: list[Cell],
    by_activity: list[ActivityMeans],
    counts: Sequence[QuietCount],
    advance: Advance,
) -> Injections:
    """Evaluate on injected transients; the other arguments were measured before.

    Parameters
    ----------
    station
        The station.
    cells, by_activity
        From `tables` and `polarized`, or of several seeds.
    counts
        False alarms, see `training.evaluation.false_alarms`.
    advance
        Called after each duration of the packets.
    """
    split, recipe, field_nt = station.split, station.recipe, station.windows.field_nt
    spec = recipe.window.spec(recipe.data.judge_hop)
    return Injections(
        station=split.judged.station,
        days=list(split.days),
        trained=list(recipe.seismic.families),
        unseen=list(recipe.seismic.unseen_families),
        windows=len(field_nt),
        windows_apart=-(-len(field_nt) // -(-spec.span // spec.hop)),
        cells=cells,
        sensitivity=_sensitivity(station, counts, advance),
        false_alarms=[count.row for count in counts],
        false_alarms_per_month=recipe.promise.false_alarms_per_month,
        quantiles=_quantiles(station.contestants, field_nt),
        left_over=[left_over(name, shares) for name, shares in station.left.items()],
        by_activity=by_activity,
        calibration_days=list(split.calibration_days),
    )


def _quantiles(contestants: Contestants, field_nt: Float32) -> list[float]:
    scale_nt = stack_scale(contestants.scale_nt, len(field_nt))
    rmse = contestants.methods[0].reconstruct(field_nt, scale_nt).rmse.astype(np.float64)
    return [float(np.quantile(rmse, share)) for share in (0.5, 0.9, 0.99)]


def tables(station: JudgedStation, advance: Advance) -> tuple[list[Cell], list[ActivityMeans]]:
    """AUC and share found of every method, for every family and signal/noise, and by activity."""
    seismic = station.recipe.seismic
    families = [*seismic.families, *seismic.unseen_families]
    bench = _benchmark(station, families, seismic.judge_snr, "random")
    apart = ActivityTable(by_kp(station.windows, station.split))
    cells: list[Cell] = []
    for scored in bench.scored(station.contestants.scores):
        cells += bench.cells(scored)
        apart.add(scored)
        advance()
    return cells, apart.means(station.left)


def polarized(station: JudgedStation, advance: Advance) -> list[Cell]:
    """The same figures at signal/noise 4 for transients in the horizontal plane and along Z."""
    cells: list[Cell] = []
    for polarization in POLARIZATIONS:
        if polarization != "random":
            bench = _benchmark(station, turned(station.recipe), _POLARIZED_SNR, polarization)
            cells += bench.run(station.contestants.scores, advance)
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
    station: JudgedStation, families: Sequence[str], snr: Sequence[float], polarization: str
) -> Benchmark:
    spec = station.recipe.window.spec(station.recipe.data.judge_hop)
    contestants, frame = station.contestants, Frame(spec.samples, spec.half)
    injection = Injection(contestants.scale_nt, frame, families, snr, TEST_SEED, polarization)
    field_nt, apart = station.windows.field_nt, -(-spec.span // spec.hop)
    return Benchmark(field_nt, injection, contestants.model.filtered, apart)


def _sensitivity(
    station: JudgedStation, counts: Sequence[QuietCount], advance: Advance
) -> list[Sensitivity]:
    contestants, split = station.contestants, station.split
    promise = station.recipe.promise
    judged, by_duration = _packets(station)
    others = {name: other_tails(peaks) for name, peaks in contestants.peaks.items()}
    living: dict[str, dict[float, float | None]] = {name: {} for name in others}
    for count in counts:
        living[count.row.method][count.row.asked_per_month] = count.living_threshold

    def measured(draws: list[InjectedPackets]) -> list[Sensitivity]:
        score_all, scale_nt = contestants.score_all, contestants.scale_nt
        raised = levels(split.stream, score_all, judged, scale_nt, draws, promise.snr)
        advance()
        duration_s = draws[0].duration * judged.cadence_ms / 1000
        return [
            curve(
                name,
                duration_s,
                raised[name],
                contestants.profiles[name],
                others[name],
                promise,
                living[name],
            )
            for name in raised
        ]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        by_draws = list(pool.map(measured, by_duration))
    names = [method.name for method in contestants.methods]
    curves = sorted(
        (figures for curves in by_draws for figures in curves),
        key=lambda figures: names.index(figures.method),
    )
    return [figures for figures in curves if figures.packets]  # without packets there is no share


def _packets(station: JudgedStation) -> tuple[Samples, list[list[InjectedPackets]]]:
    """The part of the judged samples with packets, and the draws of each duration."""
    promise, judged = station.recipe.promise, station.split.judged
    packets = Packets(promise.durations, promise.snr, promise.apart, TEST_SEED, promise.draws)
    slots = [
        free_slots(judged, duration, station.split.stream, promise.apart, promise.packets)
        for duration in promise.durations
    ]
    part, window = part_for(judged, slots, promise.apart), station.recipe.window.model_window()
    scale_nt = station.contestants.scale_nt
    return part, [
        draw_packets(slots_of_one, len(part), duration, window, scale_nt, packets)
        for duration, slots_of_one in zip(promise.durations, slots, strict=True)
    ]
