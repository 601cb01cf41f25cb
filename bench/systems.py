"""The systems that `bench.pipeline` compares, each over the same full topic."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.model import default_model_path
from bench.contest import Published, Run, watch
from bench.feed import Feed, Filled
from bench.inference import bare
from bench.running import afresh, check_alive, program, worker
from geofield.series.windows import WindowSpec
from geofield.types import Float32
from monitor.errors import Refused
from monitor.settings import Settings
from tests.brokers import ROOT

PEERS = ROOT / ".venv-peers" / "bin" / "python"
PACKAGES = ("quixstreams", "confluent-kafka", "msgspec", "numpy", "onnxruntime")
INFERENCE_S = 2.0
WORKER, QUIX = "magwatch", "Quix Streams"
ONE_THREAD = "onnxruntime alone, 1 thread"


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A topic that is full, and what is to be made of it."""

    settings: Settings
    folder: Path
    feed: Feed
    length: int
    encoding: str
    filled: Filled
    expected: int
    spec: WindowSpec
    field_nt: Float32


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of one system came to; None where it has no such thing."""

    samples_per_s: float
    windows_per_s: float | None
    seconds: float
    cores: float
    peak_mb: float | None
    scores: tuple[Published, ...] = ()


def systems() -> dict[str, Callable[[Course], Measured]]:
    """By name; those that need the peers' environment only where there is one."""
    found: dict[str, Callable[[Course], Measured]] = {WORKER: run_worker}
    if PEERS.exists():
        found[QUIX] = run_quix
    found[ONE_THREAD] = lambda course: run_inference(course, 1)
    found["onnxruntime alone, 2 threads"] = lambda course: run_inference(course, 2)
    found["aiokafka alone"] = lambda course: run_consumer(course, sys.executable, "bench.consume")
    if PEERS.exists():
        found["confluent-kafka alone"] = lambda course: run_consumer(
            course, str(PEERS), "bench.peers.confluent"
        )
    return found


def peer_versions() -> dict[str, str]:
    """Of the libraries in the peers' environment; none where there is no such environment."""
    if not PEERS.exists():
        return {}
    script = "import json, sys; from importlib.metadata import version; "
    script += "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    answer = subprocess.run([PEERS, "-c", script, *PACKAGES], capture_output=True, check=True)
    found: dict[str, str] = json.loads(answer.stdout)
    return found


def run_worker(course: Course) -> Measured:
    """The worker as it is shipped."""
    own = afresh(course.settings)
    with worker(own, course.folder) as system:
        run, scores = watch(system.process, own, course.expected, system.check_alive)
    return _measured(run, scores, course.spec)


def run_quix(course: Course) -> Measured:
    """`bench.peers.quix` in its own environment."""
    own, log = afresh(course.settings), course.folder / "quix.log"
    command = [str(PEERS), "-m", "bench.peers.quix", "--broker", own.broker, "--group", own.group]
    command += ["--samples", own.topic("samples"), "--scores", own.topic("scores")]
    command += ["--model", str(default_model_path()), "--profiles", str(own.profiles)]
    command += ["--lateness", str(course.spec.lateness)]
    with program(command, log) as process:
        run, scores = watch(process, own, course.expected, lambda: check_alive(process, log))
    return _measured(run, scores, course.spec)


def run_inference(course: Course, threads: int) -> Measured:
    """The model alone on windows of the same feed."""
    found = bare(course.field_nt, threads, INFERENCE_S)
    rate = found.windows / found.seconds
    return Measured(
        rate * course.spec.hop, rate, found.seconds, found.cpu_s / found.seconds, peak_mb=None
    )


def run_consumer(course: Course, python: str, module: str) -> Measured:
    """A client that reads the same records and does nothing with them."""
    arguments = [course.settings.broker, course.settings.topic("samples")]
    done = subprocess.run(
        [python, "-m", module, *arguments, str(course.filled.records)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        raise Refused(f"{module}: {done.stderr[-1000:]}")
    found = json.loads(done.stdout)
    rate = found["records"] / found["seconds"] * course.length
    cores = found["cpu_s"] / found["seconds"]
    return Measured(rate, None, found["seconds"], cores, found["peak_mb"])


def _measured(run: Run, scores: list[Published], spec: WindowSpec) -> Measured:
    rate = run.windows / run.seconds
    return Measured(
        rate * spec.hop, rate, run.seconds, run.cpu_s / run.seconds, run.peak_mb, tuple(scores)
    )
