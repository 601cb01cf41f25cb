"""What transients of known truth tell of a model: tables, sensitivity, false alarms."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from geofield.types import Float32
from training.config import Recipe
from training.curve import curve
from training.dataset import windows_of
from training.evaluation import Cell, Injections, Sensitivity
from training.ground import Ground
from training.half import other_tails
from training.injection import Benchmark, Figure, Injection
from training.left_over import left_over
from training.methods import Method
from training.quiet_alarms import quiet_alarms
from training.sensitivity import Laid, Packets, lay, levels
from training.subject import Subject
from training.transients import POLARIZATIONS, Frame

Advance = Callable[[], object]
TEST_SEED = 2
_POLARIZED_SNR = [4.0]


def injected(
    subject: Subject, ground: Ground, recipe: Recipe, cells: list[Cell], advance: Advance
) -> Injections:
    """All that transients tell; `cells` are the tables, measured before.

    Parameters
    ----------
    subject, ground
        What is judged, and where.
    recipe
        Families, strengths and the promise.
    cells
        From `tables` and `polarized`, or of several seeds.
    advance
        Called after each method and duration of the packets.
    """
    field_nt = test_windows(ground, recipe)
    spec = recipe.window.spec(recipe.data.judge_hop)
    scores = subject.scores(field_nt)
    return Injections(
        station=ground.judged.station,
        days=list(ground.days),
        trained=list(recipe.seismic.families),
        unseen=list(recipe.seismic.unseen_families),
        windows=len(field_nt),
        windows_apart=-(-len(field_nt) // -(-spec.span // spec.hop)),
        cells=cells,
        sensitivity=_sensitivity(subject, ground, recipe, advance),
        false_alarms=quiet_alarms(subject, ground, recipe.promise),
        false_alarms_per_month=recipe.promise.false_alarms_per_month,
        quantiles=[
            float(np.quantile(scores[subject.methods[0].name], share)) for share in (0.5, 0.9, 0.99)
        ],
        left_over=[
            left_over(name, model, field_nt, subject.scale_nt)
            for name, model in subject.autoencoders.items()
        ],
    )


def test_windows(ground: Ground, recipe: Recipe) -> Float32:
    """Raw windows [n, span, 3] of the judged days."""
    spec = recipe.window.spec(recipe.data.judge_hop)
    return windows_of(ground.judged, ground.days, spec).field_nt


def tables(subject: Subject, ground: Ground, recipe: Recipe, advance: Advance) -> list[Cell]:
    """AUC and share found, of every method on every family and signal/noise."""
    seismic = recipe.seismic
    families = [*seismic.families, *seismic.unseen_families]
    bench = _benchmark(subject, ground, recipe, families, seismic.judge_snr, "random")
    return as_cells([bench.run(subject.scores, advance)])


def polarized(subject: Subject, ground: Ground, recipe: Recipe, advance: Advance) -> list[Cell]:
    """The same at signal/noise 4 for transients in the horizontal plane and along Z."""
    figures: list[Figure] = []
    for polarization in POLARIZATIONS:
        if polarization != "random":
            bench = _benchmark(
                subject, ground, recipe, turned(recipe), _POLARIZED_SNR, polarization
            )
            figures += bench.run(subject.scores, advance)
    return as_cells([figures])


def turned(recipe: Recipe) -> list[str]:
    """Families that are judged in each direction: those trained on, all if none is."""
    return recipe.seismic.families or recipe.seismic.unseen_families


def as_cells(by_seed: Sequence[Iterable[Figure]]) -> list[Cell]:
    """Figures of the published seed first, then those of others, as cells with a range."""
    others: dict[tuple[str, str, float, str], list[Figure]] = {}
    for figures in by_seed:
        for figure in figures:
            others.setdefault(_place(figure), []).append(figure)
    return [
        Cell(
            method=same[0].method,
            family=same[0].family,
            snr=same[0].snr,
            polarization=same[0].polarization,
            auc=same[0].auc,
            found=same[0].found,
            auc_low=min(one.auc for one in same),
            auc_high=max(one.auc for one in same),
            found_low=min(one.found for one in same),
            found_high=max(one.found for one in same),
            p_value=same[0].p_value,
            p_value_apart=same[0].p_value_apart,
        )
        for same in others.values()
    ]


def _place(figure: Figure) -> tuple[str, str, float, str]:
    return figure.method, figure.family, figure.snr, figure.polarization


def _benchmark(
    subject: Subject,
    ground: Ground,
    recipe: Recipe,
    families: Sequence[str],
    snr: Sequence[float],
    polarization: str,
) -> Benchmark:
    spec = recipe.window.spec(recipe.data.judge_hop)
    frame = Frame(spec.samples, spec.half)
    injection = Injection(subject.scale_nt, frame, families, snr, TEST_SEED, polarization)
    field_nt = test_windows(ground, recipe)
    return Benchmark(field_nt, injection, subject.model.filtered, -(-spec.span // spec.hop))


def _sensitivity(
    subject: Subject, ground: Ground, recipe: Recipe, advance: Advance
) -> list[Sensitivity]:
    promise, window = recipe.promise, recipe.window.model_window()
    packets = Packets(promise.durations, promise.snr, promise.apart, TEST_SEED, promise.draws)
    judged = ground.judged.part(0, min(promise.packets * promise.apart, len(ground.judged)))
    laid = [lay(len(judged), one, window, subject.scale_nt, packets) for one in promise.durations]
    tasks = [(method, one) for method in subject.methods for one in laid]
    others = {name: other_tails(peaks) for name, peaks in subject.peaks.items()}

    def measured(task: tuple[Method, list[Laid]]) -> Sensitivity:
        method, draws = task
        name, profile = method.name, subject.profiles[method.name]
        raised = levels(ground.stream, method, judged, profile, draws, promise.snr)
        duration_s = draws[0].duration * judged.cadence_ms / 1000
        advance()
        return curve(name, duration_s, raised, profile, others[name], promise)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(measured, tasks))
