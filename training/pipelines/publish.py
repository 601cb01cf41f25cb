"""Training and export: train all arms and seeds of a recipe, export the best of each method."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from archive.model import Model, load_model
from archive.outputs import output_folder, write_together
from geofield.scoring.manifest import SCHEMA_VERSION, Manifest, Provenance
from geofield.scoring.score import stack_scale
from geofield.series.samples import COMPONENTS
from training.model.export import PARITY_BATCHES, export
from training.model.network import (
    Autoencoder,
    Classifier,
    ClassifierGraph,
    Graph,
    Judged,
    ScoringGraph,
)
from training.model.train_loop import Stage
from training.pipelines.manifests import encoded
from training.pipelines.prepared_data import Bench, prepare
from training.pipelines.run_arms import Job, TrainingRun, train_all
from training.recipe.recipe import Recipe
from training.results import CLASSIFIER, CONTROL, NEGATIVE, RIVALS

_A_RIVAL = "no skill shown: this network is what a model is compared with, not a monitor"


@dataclass(frozen=True, slots=True, eq=False)
class TrainedCandidates:
    """All trained arms, from which `best` chooses one for each method."""

    bench: Bench
    runs: Sequence[TrainingRun]

    def best(self, method: str) -> TrainingRun:
        """The published run of a method: the best one on the validation days."""
        runs = [run for run in self.runs if run.job.method == method]
        return max(runs, key=lambda run: run.trained.validation)


def train(recipe: Recipe, folder: Path, device: str, stage: Stage) -> TrainedCandidates:
    """Train every seed with negative learning, as its control, and as the supervised rival.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.recipe.section.RecipeRefused
        If the data do not satisfy the recipe.
    """
    bench = prepare(recipe, folder, device)
    bench.test_days()  # refuse bad test days before the training
    methods = (NEGATIVE, CLASSIFIER, CONTROL)  # the longest first, so that no core is idle for long
    jobs = [Job(method, seed) for method in methods for seed in recipe.training.seeds]
    return TrainedCandidates(bench, train_all(recipe, folder, device, jobs, stage))


def write_models(
    candidates: TrainedCandidates, recipe_path: Path, output: Path
) -> tuple[Model, dict[str, Model]]:
    """Export the best run of every method, and load the files as serving does.

    Returns
    -------
    The model in `output`, and its rivals by method from the folder ``rivals`` in it. Their
    manifests do not contain a verdict yet.

    Raises
    ------
    training.model.export.ExportRefused
        If an exported model does not agree with the trained one.
    """
    bench = candidates.bench
    paths = {NEGATIVE: output / f"{bench.recipe.name}.onnx"}
    for method, suffix in RIVALS.items():
        paths[method] = output / "rivals" / f"{bench.recipe.name}-{suffix}.onnx"
    for method, path in paths.items():
        run = candidates.best(method)
        content = _exported(bench, run.trained.network)
        facts = _recipe_facts(recipe_path, bench, run)
        manifest = _manifest(bench, path.stem, content, facts)
        output_folder(path.parent)
        write_together({path: content, path.with_suffix(".json"): encoded(manifest)})
    models = {method: load_model(path) for method, path in paths.items()}
    return models[NEGATIVE], {method: models[method] for method in RIVALS}


def training_facts(candidates: TrainedCandidates) -> Mapping[str, float]:
    """Figures of the training for the evaluation document."""
    bench = candidates.bench
    validation = (bench.validation, *bench.validation_elsewhere)
    facts = {
        "windows trained on": float(len(bench.material.analytic)),
        "windows of validation": float(sum(len(held.field_nt) for held in validation)),
    }
    for run in candidates.runs:
        name = f"{run.job.method}, seed {run.job.seed}"
        facts[f"{name}: validation AUC"] = run.trained.validation
        facts[f"{name}: steps"] = float(run.trained.steps)
    return facts


def _exported(bench: Bench, network: Judged) -> bytes:
    field_nt = bench.validation.field_nt[: max(PARITY_BATCHES)]
    scale_nt = stack_scale(bench.material.scale_nt, len(field_nt))
    return export(_graph(bench, network.cpu()), field_nt, scale_nt)


def _graph(bench: Bench, network: Judged) -> Graph:
    if isinstance(network, Autoencoder):
        return ScoringGraph(bench.recipe.window, network)
    if isinstance(network, Classifier):
        return ClassifierGraph(bench.recipe.window, network)
    raise TypeError(f"{type(network).__name__} is for the ablation only")


def _recipe_facts(recipe_path: Path, bench: Bench, run: TrainingRun) -> dict[str, str]:
    recipe = bench.recipe
    return {
        "file": recipe_path.name,
        "sha256": hashlib.sha256(recipe_path.read_bytes()).hexdigest(),
        "method": run.job.method,
        "seed": str(run.job.seed),
        "emphasis": f"{recipe.network.emphasis:g}",
        "floor": f"{recipe.network.floor:g}",
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "remarks": "\n".join(recipe.remarks),
        **_station_facts(bench),
    }


def _station_facts(bench: Bench) -> dict[str, str]:
    """The use of the recipe's other stations, one a line; nothing without any."""
    uses = []
    for other in bench.stations:
        name, station = other.archive.samples.station, other.station
        calibrated = f", calibrated on {', '.join(station.calibration_days)}"
        uses.append(
            f"{station.use} {name}: {', '.join(station.days)}"
            f"{calibrated if station.calibration_days else ''}"
        )
    return {"stations": "\n".join(uses)} if uses else {}


def _manifest(bench: Bench, name: str, content: bytes, facts: dict[str, str]) -> Manifest:
    recipe, data = bench.recipe, bench.recipe.data
    provenance = Provenance(
        station=bench.archive.samples.station,
        source=data.source,
        licence=data.licence,
        files_sha256=bench.files_sha256(),
        train_days=tuple(data.train_days),
        validation_days=tuple(data.validation_days),
        test_days=tuple(data.test_days),
        non_seismic=_non_seismic(recipe),
        seismic=_seismic(recipe),
    )
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=name,
        version=recipe.version,
        sha256=hashlib.sha256(content).hexdigest(),
        window=recipe.window.model_window(),
        components=COMPONENTS,
        reference_scale_nt=bench.material.scale_nt,
        skill=_A_RIVAL,
        provenance=provenance,
        recipe=facts,
    )


def _non_seismic(recipe: Recipe) -> str:
    quiet = f"real windows over which Kp is at most {recipe.data.kp_max:g}"
    return quiet if recipe.seismic.source == "synthetic" else f"{quiet}, far from any earthquake"


def _seismic(recipe: Recipe) -> str:
    seismic, labels = recipe.seismic, recipe.labels
    if seismic.source == "synthetic":
        after = " after the filter" if seismic.in_band else ""
        return (
            f"synthetic: the same windows with transients added ({', '.join(seismic.families)}; "
            f"signal/noise {seismic.snr_low:g}-{seismic.snr_high:g}{after})"
        )
    return (
        f"real windows {labels.lead_begin_days:g} to {labels.lead_end_days:g} days before "
        f"earthquakes of magnitude {labels.magnitude_min:g} and more near the station"
    )
