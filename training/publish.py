"""From a recipe to model files: all arms and seeds, the best of each method exported."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import torch

from archive.model import Model, load_model
from geofield.manifest import SCHEMA_VERSION, Manifest, Provenance
from geofield.samples import COMPONENTS
from geofield.score import stack_scale
from training.bench import Bench, prepare
from training.config import Recipe
from training.evaluation import CLASSIFIER, CONTROL, NEGATIVE, Verdict
from training.export import PARITY_BATCHES, export
from training.jobs import Job, Run, train_all
from training.network import Autoencoder, Classifier, ClassifierGraph, Graph, Judged, ScoringGraph
from training.parallel import Stage

RIVALS = {CONTROL: "control", CLASSIFIER: "classifier"}
_A_RIVAL = "no skill shown: this network is what a model is compared with, not a monitor"


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """All arms trained, and of each method the one that did best on the validation days."""

    bench: Bench
    runs: Sequence[Run]

    def best(self, method: str) -> Run:
        """The run of a method that is published."""
        own = [run for run in self.runs if run.job.method == method]
        return max(own, key=lambda run: run.trained.validation)


def train(recipe: Recipe, folder: Path, device: str, stage: Stage) -> Candidates:
    """Train every seed with negative learning, as its control, and as the supervised rival.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.section.RecipeRefused
        If the data do not allow what the recipe asks for.
    """
    bench = prepare(recipe, folder, device)
    bench.test_days()  # refused now rather than after the training
    methods = (NEGATIVE, CLASSIFIER, CONTROL)  # the longest first, so that no core waits long
    jobs = [Job(method, seed) for method in methods for seed in recipe.training.seeds]
    return Candidates(bench, train_all(recipe, folder, device, jobs, stage))


def write_models(
    candidates: Candidates, recipe_path: Path, output: Path
) -> tuple[Model, dict[str, Model]]:
    """Export the best of every method, and load them again as they will be served.

    Returns
    -------
    The model in `output`, and its rivals by method, from the folder ``rivals`` in it. Their
    manifests still say that nothing was evaluated.

    Raises
    ------
    training.export.ExportRefused
        If an exported model does not agree with the trained one.
    """
    bench = candidates.bench
    paths = {NEGATIVE: output / f"{bench.recipe.name}.onnx"}
    for method, suffix in RIVALS.items():
        paths[method] = output / "rivals" / f"{bench.recipe.name}-{suffix}.onnx"
    for method, path in paths.items():
        run = candidates.best(method)
        content = _exported(bench, run.trained.network)
        facts = _recipe_facts(recipe_path, bench.recipe, run)
        manifest = _manifest(bench, path.stem, content, facts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        write_manifest(path, manifest)
    models = {method: load_model(path) for method, path in paths.items()}
    return models[NEGATIVE], {method: models[method] for method in RIVALS}


def write_manifest(model: Path, manifest: Manifest) -> None:
    """Write the manifest beside its model."""
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    model.with_suffix(".json").write_bytes(encoded)


def with_verdict(manifest: Manifest, verdict: Verdict) -> Manifest:
    """The manifest that says what the evaluation showed."""
    return replace(manifest, skill=verdict.words)


def training_facts(candidates: Candidates) -> Mapping[str, float]:
    """Figures of the training that belong in the evaluation."""
    bench = candidates.bench
    facts = {
        "windows trained on": float(len(bench.material.analytic)),
        "windows of validation": float(len(bench.validation.field_nt)),
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


def _recipe_facts(recipe_path: Path, recipe: Recipe, run: Run) -> dict[str, str]:
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
    }


def _manifest(bench: Bench, name: str, content: bytes, facts: dict[str, str]) -> Manifest:
    recipe, data = bench.recipe, bench.recipe.data
    provenance = Provenance(
        station=bench.archive.samples.station,
        source=data.source,
        licence=data.licence,
        files_sha256=bench.archive.files_sha256,
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
        return (
            f"synthetic: the same windows with transients added ({', '.join(seismic.families)}; "
            f"signal/noise {seismic.snr_low:g}-{seismic.snr_high:g})"
        )
    return (
        f"real windows {labels.lead_begin_days:g} to {labels.lead_end_days:g} days before "
        f"earthquakes of magnitude {labels.magnitude_min:g} and more near the station"
    )
