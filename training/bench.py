"""The data of a recipe made ready: training material, and benchmarks of days held out."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.signal import hilbert

from geofield.profile import robust_scale_nt
from geofield.types import Float32
from training.config import Recipe
from training.dataset import Archive, non_seismic, open_archive, windows_of
from training.evaluate import Benchmark, Figure, Injection, benchmark, mean_auc
from training.loop import Judge, Material
from training.network import Autoencoder, FrontEnd
from training.scorers import band_passed, network_scores
from training.transients import Frame

_VALIDATION_SEED, _TEST_SEED = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """What is common to all arms and seeds.

    Attributes
    ----------
    recipe, archive
        What was asked for, and the samples.
    material
        Of the training days.
    parity_nt
        Shape [n, span, 3]: raw windows of the validation days, to compare runtimes on.
    validation
        Benchmark of the validation days.
    """

    recipe: Recipe
    archive: Archive
    material: Material
    parity_nt: Float32
    validation: Benchmark

    def figures(self, days: Benchmark, method: str, network: Autoencoder) -> list[Figure]:
        """Judge a network on a benchmark."""
        scale_nt = self.material.scale_nt
        return days.run(lambda windows: {method: network_scores(network, scale_nt, windows)})

    def judge(self, method: str) -> Judge:
        """Mean AUC on the validation days."""
        return lambda network: mean_auc(self.figures(self.validation, method, network), method)

    def test_days(self) -> Benchmark:
        """Benchmark of the test days, families never trained on included."""
        recipe, material = self.recipe, self.material
        families = [*recipe.seismic.families, *recipe.seismic.unseen_families]
        adding = Injection(
            material.scale_nt, material.frame, families, recipe.seismic.judge_snr, _TEST_SEED
        )
        field_nt = _judged_windows(recipe, self.archive, recipe.data.test_days)
        filtered = partial(band_passed, material.front_end)
        return benchmark(field_nt, adding, filtered, self.validation.apart)


def prepare(recipe: Recipe, folder: Path, device: str) -> Bench:
    """Read the archive and make all of it ready but the test days.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.config.RecipeRefused
        If the data do not allow what the recipe asks for.
    """
    archive = open_archive(recipe.data, folder)
    material = _material(recipe, archive, device)
    field_nt = _judged_windows(recipe, archive, recipe.data.validation_days)
    spec, seismic = recipe.window.spec(recipe.data.judge_hop), recipe.seismic
    adding = Injection(
        material.scale_nt, material.frame, seismic.families, seismic.judge_snr, _VALIDATION_SEED
    )
    filtered = partial(band_passed, material.front_end)
    validation = benchmark(field_nt, adding, filtered, -(-spec.span // spec.hop))
    return Bench(recipe, archive, material, field_nt, validation)


def _judged_windows(recipe: Recipe, archive: Archive, days: list[str]) -> Float32:
    spec = recipe.window.spec(recipe.data.judge_hop)
    return windows_of(archive.samples, days, spec).field_nt


def _material(recipe: Recipe, archive: Archive, device: str) -> Material:
    spec = recipe.window.spec(recipe.data.train_hop)
    windows = windows_of(archive.samples, recipe.data.train_days, spec)
    front_end = FrontEnd(recipe.window).to(device)
    filtered_nt = band_passed(front_end, windows.field_nt)
    scale_nt = robust_scale_nt(filtered_nt.reshape(-1, 3).astype(np.float64))
    quiet = non_seismic(windows, spec, recipe.data.kp_max)
    scaled = np.divide(filtered_nt[quiet], np.array(scale_nt), dtype=np.float64)
    analytic = torch.from_numpy(hilbert(scaled, axis=1).astype(np.complex64))
    frame = Frame(spec.samples, spec.half, spec.cadence_ms / 1000)
    return Material(analytic.to(device), front_end, scale_nt, frame)
