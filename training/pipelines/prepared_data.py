"""Prepared data of a recipe: training material, and benchmarks of the held-out days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from scipy.signal import hilbert
from torch import Tensor

from archive.catalogue import read_catalogue
from geofield.calibration.profile import robust_scale_nt
from geofield.series.samples import Samples
from geofield.types import Float32, Float64
from support.memory import keep_memory
from training.data.earthquake_windows import LabelledData, labelled_data
from training.data.scaling import Policy, row_scale_nt
from training.data.windows import Archive, non_seismic, open_archive, windows_of
from training.evaluation.injection.windows import Benchmark, Injection, auc
from training.model.batch_scores import band_passed, baseline_scores, network_scores
from training.model.network import FrontEnd, Judged
from training.model.train_loop import Judge, Material
from training.recipe.recipe import Recipe
from training.recipe.stations import RecipeStation
from training.recipe.transients import Frame

ScaleNt: TypeAlias = tuple[float, float, float]

_VALIDATION_SEED, _TEST_SEED = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class OpenStation:
    """A table ``[[stations]]`` of the recipe, and its archive."""

    station: RecipeStation
    archive: Archive


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Data that all arms and seeds share.

    Attributes
    ----------
    recipe, archive
        The recipe and the samples.
    material
        Training material of the training days.
    validation
        Benchmark of the validation days.
    labelled
        Windows of real earthquakes; None if the seismic class is synthetic.
    stations
        The recipe's other stations.
    validation_elsewhere
        Benchmarks of the stations that are held out for validation, each in its own scale.
    """

    recipe: Recipe
    archive: Archive
    material: Material
    validation: Benchmark
    labelled: LabelledData | None
    stations: Sequence[OpenStation] = ()
    validation_elsewhere: Sequence[Benchmark] = ()

    def judge(self, knows_classes: bool = True) -> Judge:
        """Function that judges a network on the validation days: by AUC, or by reconstruction.

        The AUC is of real labels if there are any, else of transients, as the mean over the
        stations of validation. With few earthquakes the AUC is mostly chance, which must not choose
        the weights of an arm without classes. For such an arm (`knows_classes` False) the
        reconstruction of the non-seismic windows counts.
        """
        if self.labelled is not None:
            real = self.labelled.validation
            without, cells = self._in_units(real.non_seismic_nt), [self._in_units(real.seismic_nt)]
            if not knows_classes:
                return lambda network: -float(network_scores(network, without).mean())
            return partial(mean_auc, without, cells)
        stations = [
            self._scaled_cells(benchmark)
            for benchmark in (self.validation, *self.validation_elsewhere)
        ]
        return lambda network: float(
            np.mean([mean_auc(without, cells, network) for without, cells in stations])
        )

    def _scaled_cells(self, benchmark: Benchmark) -> tuple[Float32, list[Float32]]:
        """Windows of a benchmark in units of its station's scale, without and with transients."""
        scale_nt = np.array(benchmark.injection.scale_nt, np.float32)

        def scaled(field_nt: Float32) -> Float32:
            return np.divide(band_passed(self.material.front_end, field_nt), scale_nt)

        without = scaled(benchmark.field_nt)
        return without, [scaled(cell.field_nt) for cell in benchmark.disturbed()]

    def test_days(self) -> Benchmark:
        """Benchmark of the test days, with the families that are not trained on."""
        recipe = self.recipe
        families = [*recipe.seismic.families, *recipe.seismic.unseen_families]
        samples, days = self.archive.samples, recipe.data.test_days
        scale_nt, front_end = self.material.scale_nt, self.material.front_end
        return _benchmark(recipe, samples, days, scale_nt, front_end, families, _TEST_SEED)

    def files_sha256(self) -> dict[str, str]:
        """Hashes of all files of the recipe, by name."""
        archives = [self.archive, *(other.archive for other in self.stations)]
        return {name: sha for archive in archives for name, sha in archive.files_sha256.items()}

    def scores(self, networks: Mapping[str, Judged], field_nt: Float32) -> dict[str, Float64]:
        """Scores [n] of networks and baselines, by name, for raw windows [n, span, 3] in nT."""
        filtered_nt = band_passed(self.material.front_end, field_nt)
        scaled = self._in_units(filtered_nt)
        by_name = {name: network_scores(network, scaled) for name, network in networks.items()}
        return {**by_name, **baseline_scores(self.material.scale_nt, filtered_nt)}

    def _in_units(self, filtered_nt: Float32) -> Float32:
        return np.divide(filtered_nt, np.array(self.material.scale_nt, np.float32))


def mean_auc(without: Float32, cells: list[Float32], network: Judged) -> float:
    """Mean AUC of the cells against the windows without transients, all [n, steps, 3], scaled."""
    level = network_scores(network, without)
    return float(np.mean([auc(level, network_scores(network, cell)) for cell in cells]))


def prepare(recipe: Recipe, folder: Path, device: str) -> Bench:
    """Read the archive and prepare all days but the test days.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.recipe.section.RecipeRefused
        If the data do not satisfy the recipe.
    archive.catalogue.CatalogueRefused, training.labels.selection.LabelsRefused
        If the earthquakes do not satisfy the recipe.
    """
    keep_memory()
    torch.set_num_threads(1)  # more threads slow down so small a network; arms run in parallel
    archive = open_archive(recipe.data, folder)
    stations = [OpenStation(station, open_archive(station, folder)) for station in recipe.stations]
    front_end = FrontEnd(recipe.window).to(device)
    labelled = _labelled(recipe, archive, folder, front_end)
    material = _material(recipe, archive, stations, front_end, labelled)
    families = recipe.seismic.families or recipe.seismic.unseen_families
    days = recipe.data.validation_days
    validation = _benchmark(
        recipe, archive.samples, days, material.scale_nt, front_end, families, _VALIDATION_SEED
    )
    elsewhere = [
        _benchmark(
            recipe,
            held_out.archive.samples,
            held_out.station.days,
            _part(recipe, held_out.archive.samples, held_out.station.days, front_end).scale_nt,
            front_end,
            families,
            _VALIDATION_SEED,
        )
        for held_out in stations
        if held_out.station.use == "validation"
    ]
    return Bench(recipe, archive, material, validation, labelled, stations, elsewhere)


def _labelled(
    recipe: Recipe, archive: Archive, folder: Path, front_end: FrontEnd
) -> LabelledData | None:
    if recipe.catalogue is None or recipe.seismic.source != "catalogue":
        return None
    catalogue = read_catalogue(folder / recipe.catalogue.file)
    return labelled_data(recipe, archive, catalogue, partial(band_passed, front_end))


def _benchmark(
    recipe: Recipe,
    samples: Samples,
    days: Sequence[str],
    scale_nt: ScaleNt,
    front_end: FrontEnd,
    families: Sequence[str],
    seed: int,
) -> Benchmark:
    spec = recipe.window.spec(recipe.data.judge_hop)
    frame = Frame(spec.samples, spec.half)
    injection = Injection(scale_nt, frame, families, recipe.seismic.judge_snr, seed)
    field_nt = windows_of(samples, days, spec).field_nt
    band_pass = partial(band_passed, front_end)
    return Benchmark(field_nt, injection, band_pass, -(-spec.span // spec.hop))


def _material(
    recipe: Recipe,
    archive: Archive,
    stations: Sequence[OpenStation],
    front_end: FrontEnd,
    labelled: LabelledData | None,
) -> Material:
    if labelled is None:
        return synthetic_material(recipe, archive, stations, front_end, "station")
    filtered_nt = labelled.train.non_seismic_nt
    scale_nt = robust_scale_nt(filtered_nt.reshape(-1, 3).astype(np.float64))
    rows_nt = np.tile(np.array(scale_nt), (len(filtered_nt), 1))
    material = _joined(recipe, [_QuietPart(filtered_nt, rows_nt, scale_nt)], front_end)
    seismic_nt = labelled.train.seismic_nt
    rows_nt = np.tile(np.array(scale_nt), (len(seismic_nt), 1))
    return replace(material, seismic=_analytic(seismic_nt, rows_nt, front_end))


def synthetic_material(
    recipe: Recipe,
    archive: Archive,
    stations: Sequence[OpenStation],
    front_end: FrontEnd,
    policy: Policy,
) -> Material:
    """Training material of the quiet training windows of all stations, in units of a scale policy.

    Raises
    ------
    training.recipe.section.RecipeRefused
        If a training day has no complete window, or none is quiet.
    """
    sources = [(archive.samples, recipe.data.train_days)]
    sources += [
        (other.archive.samples, other.station.days)
        for other in stations
        if other.station.use == "train"
    ]
    parts = [_part(recipe, samples, days, front_end, policy) for samples, days in sources]
    return _joined(recipe, parts, front_end)


@dataclass(frozen=True, slots=True, eq=False)
class _QuietPart:
    """Quiet windows of one station, band-passed [n, steps, 3] in nT, and their units in nT."""

    filtered_nt: Float32
    rows_nt: Float64
    scale_nt: ScaleNt


def _part(
    recipe: Recipe,
    samples: Samples,
    days: Sequence[str],
    front_end: FrontEnd,
    policy: Policy = "station",
) -> _QuietPart:
    spec = recipe.window.spec(recipe.data.train_hop)
    windows = windows_of(samples, days, spec, partial(band_passed, front_end))
    scale_nt = robust_scale_nt(windows.field_nt.reshape(-1, 3).astype(np.float64))
    rows_nt = row_scale_nt(windows, recipe, policy, np.array(scale_nt))
    quiet = non_seismic(windows, spec, recipe.data.kp_max)
    return _QuietPart(windows.field_nt[quiet], rows_nt[quiet], scale_nt)


def _joined(recipe: Recipe, parts: Sequence[_QuietPart], front_end: FrontEnd) -> Material:
    """Material of all parts; the first is of the first station."""
    spec = recipe.window.spec()
    analytic = [_analytic(part.filtered_nt, part.rows_nt, front_end) for part in parts]
    units_nt = [np.tile(np.array(part.scale_nt), (len(part.rows_nt), 1)) for part in parts]
    return Material(
        analytic=torch.cat(analytic),
        row_scale_nt=np.concatenate([part.rows_nt for part in parts]),
        signal_unit_nt=np.concatenate(units_nt),
        front_end=front_end,
        scale_nt=parts[0].scale_nt,
        frame=Frame(spec.samples, spec.half),
    )


def _analytic(filtered_nt: Float32, rows_nt: Float64, front_end: FrontEnd) -> Tensor:
    scaled = filtered_nt / rows_nt[:, None, :]
    analytic = hilbert(scaled, axis=1).astype(np.complex64)
    return torch.from_numpy(analytic).to(front_end.matrix.device)
