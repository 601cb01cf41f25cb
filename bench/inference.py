"""How fast onnxruntime alone scores the windows of a feed: the most that any system can reach."""

import time
from dataclasses import dataclass

import numpy as np

from archive.model import default_model_path, load_model
from bench.feed import Feed
from bench.step import profile
from geofield.scoring.score import stack_scale
from geofield.series.windows import cut
from geofield.types import Float32

BATCH = 64


@dataclass(frozen=True, slots=True)
class Bare:
    """Windows scored, in how many seconds, with how many of the processor's."""

    windows: int
    seconds: float
    cpu_s: float


def windows_nt(feed: Feed) -> Float32:
    """As many windows as go into one run of the model: [64, span, 3], levelled."""
    spec = load_model(default_model_path()).manifest.window.spec()
    stations = min(len(feed.codes), BATCH)
    length = spec.span + spec.hop * (BATCH // stations + 1)
    cuts = [
        cut(feed.recording(number, 0, length).samples(0.0), spec).levelled_nt()
        for number in range(stations)
    ]
    return np.concatenate(cuts)[:BATCH]


def bare(field_nt: Float32, threads: int, seconds: float) -> Bare:
    """Score the same windows again and again for so long."""
    model = load_model(default_model_path(), threads)
    scale_nt = stack_scale(profile("Q000", model.manifest.sha256).scale_nt, len(field_nt))
    model.reconstruct(field_nt, scale_nt)  # the first run also allocates
    runs, began_s, cpu_began_s = 0, time.perf_counter(), time.process_time()
    while (took_s := time.perf_counter() - began_s) < seconds:
        model.reconstruct(field_nt, scale_nt)
        runs += 1
    return Bare(runs * len(field_nt), took_s, time.process_time() - cpu_began_s)
