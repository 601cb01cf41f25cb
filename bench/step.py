"""How fast the step is, without Kafka: records of 60 samples from 40 stations, the shipped model.

Run it with ``python -m bench.step`` (part of `make bench`).
"""

import time

import click
import numpy as np

from archive.model import default_model_path, load_model
from bench.report import publish
from geofield.alerts.alert import AlertRules
from geofield.calibration.profile import AlertBasis, StationProfile
from geofield.calibration.threshold import Tail
from geofield.indices import IndexHistory
from geofield.series.samples import Samples
from geofield.step import Rules, StationState, step

STATIONS, MINUTES, RECORD = 40, 60, 60
START_MS = 1_715_212_800_000
RULES = AlertRules()


def profile(station: str, sha256: str) -> StationProfile:
    """A profile of no particular station."""
    tail = Tail(base=1.0, shape=0.0, scale=0.2, peaks_per_day=20.0, peaks=40)
    return StationProfile(
        station, sha256, 0.0, (0.1, 0.1, 0.1), (0.5, 1.0, 2.0), tail, tail,
        AlertBasis(RULES.k, RULES.n, 64), 3.0, 1.0, 0, 1, 1000, 1.0, station,
    )  # fmt: skip


def records(batch: int) -> list[list[Samples]]:
    """An hour of every station, interleaved, in batches."""
    rng = np.random.default_rng(0)
    noise_nt = np.array([21_000, 500, 44_000]) + rng.normal(0, 0.1, (MINUTES * RECORD, 3))
    stream = [
        Samples(
            f"S{station:02d}",
            START_MS + minute * RECORD * 1000,
            1000,
            noise_nt[minute * RECORD : (minute + 1) * RECORD],
        )
        for minute in range(MINUTES)
        for station in range(STATIONS)
    ]
    return [stream[begin : begin + batch] for begin in range(0, len(stream), batch)]


def measure(batch: int) -> dict[str, float]:
    """One run over all records."""
    model = load_model(default_model_path())
    codes = [f"S{station:02d}" for station in range(STATIONS)]
    profiles = {code: (profile(code, model.manifest.sha256),) for code in codes}
    rules = Rules(model.manifest.window.spec(), AlertRules(), model.ref, profiles)
    states: dict[str, StationState] = {}
    windows, batches = 0, records(batch)
    began_s = time.perf_counter()
    for one in batches:
        states, outcome = step(states, one, model.reconstruct, rules, IndexHistory())
        windows += len(outcome.scores)
    seconds = time.perf_counter() - began_s
    samples = STATIONS * MINUTES * RECORD
    return {
        "batch_records": batch,
        "seconds": seconds,
        "records_per_s": STATIONS * MINUTES / seconds,
        "samples_per_s": samples / seconds,
        "windows_per_s": windows / seconds,
    }


@click.command()
@click.option("--quick", is_flag=True, help="A try: one size of batches.")
def main(quick: bool) -> None:
    """Step an hour of 40 stations in batches of several sizes.

    \b
    Example:
      python -m bench.step --quick
    """
    rows = [measure(batch) for batch in ((128,) if quick else (1, 16, 128, 512))]
    asked = {"stations": STATIONS, "minutes": MINUTES, "record_samples": RECORD}
    publish("step", rows, asked)


if __name__ == "__main__":
    main()
