"""What a window costs, by its length, by the distance of windows, and by the width of the model.

The models are not trained: right for what they cost, for nothing else. One of the three is varied
at a time around the shipped model's; records of 60 samples from 40 stations, one thread.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec
import numpy as np
import torch

from archive.model import Model, default_model_path, load_manifest, load_model
from bench.feed import Feed
from bench.report import Row, publish, spread
from bench.step import profile
from geofield.alerts.alert import AlertRules
from geofield.indices import IndexHistory
from geofield.scoring.score import stack_scale
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec
from geofield.step import Rules, StationState, step
from support.progress import progress_bar
from training.model.export import to_onnx
from training.model.network import Autoencoder, ScoringGraph
from training.pipelines.manifests import write_manifest
from training.recipe.recipe import load_recipe, shipped_recipe

STATIONS, RECORD, STEP_RECORDS = 40, 60, 512
BARE_BATCH = 64
NOTE = (
    "untrained models, one thread, geofield.step over records of 60 samples from 40 stations whose "
    "windows are full; onnxruntime: the same model alone, 64 windows at once; seconds of the CPU"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Samples of a window, samples between windows, units of each direction of the LSTM."""

    samples: int = 256
    hop: int = 64
    units: int = 32


def shapes() -> list[Shape]:
    """The shipped one, and those that differ in one thing."""
    found = [Shape()]
    found += [Shape(samples=samples) for samples in (128, 512, 1024)]
    found += [Shape(hop=hop) for hop in (16, 32, 128)]
    return found + [Shape(units=units) for units in (16, 64, 128)]


def untrained(shape: Shape, folder: Path) -> Model:
    """Export a network as it is before training, with a manifest, and load it as it is served."""
    recipe = load_recipe(shipped_recipe("ulf-1hz.toml"))
    window = msgspec.structs.replace(recipe.window, samples=shape.samples, hop=shape.hop)
    network = msgspec.structs.replace(recipe.network, units=shape.units)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    graph = ScoringGraph(window, Autoencoder(network, -(-window.samples // window.step))).eval()
    field_nt, scale_nt = _noise(window.spec(), 2)
    content = to_onnx(graph, field_nt, scale_nt)
    path = folder / f"{shape.samples}-{shape.hop}-{shape.units}.onnx"
    path.write_bytes(content)
    shipped = load_manifest(default_model_path().with_suffix(".json"))
    manifest = replace(
        shipped,
        name="untrained",
        sha256=hashlib.sha256(content).hexdigest(),
        window=window.model_window(),
        skill="untrained, for measurements of speed",
    )
    write_manifest(path, manifest)
    return load_model(path)


def stepped(model: Model, feed: Feed, seconds: float) -> float:
    """Windows in a second of CPU time, once all windows are full."""
    codes, spec = feed.codes, model.manifest.window.spec()
    profiles = {code: (profile(code, model.manifest.sha256),) for code in codes}
    rules = Rules(spec, AlertRules(), model.ref, profiles)
    states: dict[str, StationState] = {}
    filling = spec.span + spec.lateness + spec.hop
    began_s, windows, spent_s = None, 0, 0.0
    for reached, batch in _batches(feed):
        before_s = time.process_time()
        states, outcome = step(states, batch, model.reconstruct, rules, IndexHistory())
        if reached > filling:
            spent_s += time.process_time() - before_s
            windows += len(outcome.scores)
            began_s = began_s or time.monotonic()
            if time.monotonic() - began_s > seconds:
                break
    return windows / spent_s


def alone(model: Model, seconds: float) -> float:
    """Windows in a second of CPU time by onnxruntime."""
    field_nt, scale_nt = _noise(model.manifest.window.spec(), BARE_BATCH)
    model.reconstruct(field_nt, scale_nt)
    runs, began_s, cpu_s = 0, time.monotonic(), time.process_time()
    while time.monotonic() - began_s < seconds:
        model.reconstruct(field_nt, scale_nt)
        runs += 1
    return runs * BARE_BATCH / (time.process_time() - cpu_s)


def _batches(feed: Feed) -> Iterator[tuple[int, list[Samples]]]:
    """Samples of each station so far, and records in the order of time, without an end."""
    batch: list[Samples] = []
    begin = 0
    while True:
        for number in range(len(feed.codes)):
            batch.append(feed.recording(number, begin, RECORD).samples(0.0))
            if len(batch) == STEP_RECORDS:
                yield begin, batch
                batch = []
        begin += RECORD


def _noise(spec: WindowSpec, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    field_nt = rng.normal(0, 0.1, (count, spec.span, 3)).astype(np.float32)
    return field_nt, stack_scale((0.1, 0.1, 0.1), count)


def rows(found: dict[Shape, list[tuple[float, float]]]) -> list[Row]:
    """One for each shape; of each measurement windows a second stepped, and alone."""
    return [
        {
            "window, samples": shape.samples,
            "hop, samples": shape.hop,
            "units": shape.units,
            "windows/s": spread([stepped for stepped, _ in runs]),
            "CPU, us/window": spread([1e6 / stepped for stepped, _ in runs]).median,
            "CPU, us/sample": spread([1e6 / stepped / shape.hop for stepped, _ in runs]).median,
            "onnxruntime, windows/s": spread([alone for _, alone in runs]),
            "of onnxruntime": spread([stepped / alone for stepped, alone in runs]).median,
        }
        for shape, runs in found.items()
    ]


@click.command()
@click.option("--seconds", type=float, default=5.0, show_default=True, help="Of each measurement.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--quick", is_flag=True, help="Half a second of each, once.")
def main(seconds: float, repeats: int, quick: bool) -> None:
    """Measure what a window costs by shape, print a table and write JSON.

    \b
    Example:
      python -m bench.shapes --repeats 5
    """
    seconds, repeats = (0.5, 1) if quick else (seconds, repeats)
    found: dict[Shape, list[tuple[float, float]]] = {shape: [] for shape in shapes()}
    feed = Feed.of(STATIONS)
    with TemporaryDirectory() as name, progress_bar("measurements") as bar:
        models = {shape: untrained(shape, Path(name)) for shape in found}
        turns = bar.track(list(product(range(repeats), found)), description="shapes")
        for _, shape in turns:
            model = models[shape]
            found[shape].append((stepped(model, feed, seconds), alone(model, seconds)))
    asked = {"seconds": seconds, "repeats": repeats, "stations": STATIONS, "record": RECORD}
    publish("shapes", rows(found), asked, NOTE)


if __name__ == "__main__":
    main()
