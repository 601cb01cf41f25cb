"""Everything behind one published model: data, arms and seeds, judgement, files."""

import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import torch

from geofield.manifest import SCHEMA_VERSION, Manifest, Provenance
from geofield.samples import COMPONENTS
from geofield.score import stack_scale
from training.bench import Bench, prepare
from training.card import render_card
from training.config import Recipe
from training.export import PARITY_BATCHES, export
from training.loop import Report, Trained, train_arm
from training.metrics import BASELINE, CONTROL, NEGATIVE, flatten
from training.network import Autoencoder, ScoringGraph
from training.scorers import baseline_scores, network_scores

Stage = Callable[[str, int], Report]
"""Told the title and the length of a stage; returns what its steps are reported to."""


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    seed: int
    method: str
    trained: Trained


def publish(
    recipe_path: Path, recipe: Recipe, folder: Path, output: Path, device: str, stage: Stage
) -> Path:
    """Train every seed and its control, judge them, and write the best model.

    Parameters
    ----------
    recipe_path, recipe
        The recipe and the file it was read from.
    folder
        Where the recipe's data files are.
    output
        Folder for ``<name>.onnx``, ``<name>.json`` and ``<name>.md``.
    device
        Of PyTorch.
    stage
        Shows progress.

    Returns
    -------
    Path of the model file.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.config.RecipeRefused
        If the data do not allow what the recipe asks for.
    training.export.ExportRefused
        If the exported model does not agree with the trained one.
    """
    bench = prepare(recipe, folder, device)
    runs = _train_all(bench, stage)
    best = max(
        (run for run in runs if run.method == NEGATIVE), key=lambda run: run.trained.validation
    )
    metrics = _metrics(bench, runs, best)
    content = _exported(bench, best.trained.autoencoder)
    manifest = _manifest(bench, content, metrics, _recipe_facts(recipe_path, recipe, best))
    return _write(output, content, manifest)


def _train_all(bench: Bench, stage: Stage) -> list[_Run]:
    runs = []
    for seed in bench.recipe.training.seeds:
        for method, weight in ((NEGATIVE, bench.recipe.loss.weight), (CONTROL, 0.0)):
            report = stage(f"{method}, seed {seed}", bench.recipe.training.steps)
            judge = bench.judge(method)
            trained = train_arm(bench.material, bench.recipe, weight, seed, judge, report)
            runs.append(_Run(seed, method, trained))
    return runs


def _metrics(bench: Bench, runs: Sequence[_Run], best: _Run) -> dict[str, float]:
    """Figures on the test days, which nothing until here has looked at."""
    test = bench.test_days()
    by_seed = {
        (run.method, run.seed): bench.figures(test, run.method, run.trained.autoencoder)
        for run in runs
    }
    by_seed[BASELINE, best.seed] = test.run(partial(baseline_scores, bench.material.scale_nt))
    counts = {
        "windows.train": len(bench.material.analytic),
        "windows.validation": len(bench.validation.without_nt),
        "windows.test": len(test.without_nt),
        "windows.test_apart": -(-len(test.without_nt) // test.apart),
    }
    rmse = np.exp(
        network_scores(best.trained.autoencoder, bench.material.scale_nt, test.without_nt)
    )
    levels = {f"rmse.q{share}": float(np.quantile(rmse, share / 100)) for share in (50, 90, 99)}
    training = {
        f"{run.method}.seed{run.seed}.{what}": value
        for run in runs
        for what, value in (
            ("validation_auc", run.trained.validation),
            ("steps", run.trained.steps),
        )
    }
    return {**counts, **levels, **training, **flatten(by_seed, best.seed)}


def _exported(bench: Bench, autoencoder: Autoencoder) -> bytes:
    count = max(PARITY_BATCHES)
    field_nt = bench.parity_nt[:count]
    scale_nt = stack_scale(bench.material.scale_nt, len(field_nt))
    return export(ScoringGraph(bench.recipe.window, autoencoder.cpu()), field_nt, scale_nt)


def _recipe_facts(recipe_path: Path, recipe: Recipe, best: _Run) -> dict[str, str]:
    return {
        "file": recipe_path.name,
        "sha256": hashlib.sha256(recipe_path.read_bytes()).hexdigest(),
        "seed": str(best.seed),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "remarks": "\n".join(recipe.remarks),
    }


def _manifest(
    bench: Bench, content: bytes, metrics: dict[str, float], facts: dict[str, str]
) -> Manifest:
    recipe, data = bench.recipe, bench.recipe.data
    provenance = Provenance(
        station=bench.archive.samples.station,
        source=data.source,
        licence=data.licence,
        files_sha256=bench.archive.files_sha256,
        train_days=tuple(data.train_days),
        validation_days=tuple(data.validation_days),
        test_days=tuple(data.test_days),
        non_seismic=f"real windows over which Kp is at most {data.kp_max:g}",
        seismic="synthetic: the same windows with transients added ("
        + ", ".join(recipe.seismic.families)
        + f"; signal/noise {recipe.seismic.snr_low:g}-{recipe.seismic.snr_high:g})",
    )
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=recipe.name,
        version=recipe.version,
        sha256=hashlib.sha256(content).hexdigest(),
        window=recipe.window.model_window(),
        components=COMPONENTS,
        reference_scale_nt=bench.material.scale_nt,
        skill=recipe.skill,
        provenance=provenance,
        recipe=facts,
        metrics=metrics,
    )


def _write(output: Path, content: bytes, manifest: Manifest) -> Path:
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    card = render_card(manifest)
    output.mkdir(parents=True, exist_ok=True)
    model = output / f"{manifest.name}.onnx"
    model.write_bytes(content)
    model.with_suffix(".json").write_bytes(encoded)
    model.with_suffix(".md").write_text(card, encoding="utf-8")
    return model
