"""Synthetic stations for the tests: a main field, noise, and a burst that must raise an alert."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from archive.model import load_manifest
from archive.profile import save_profile
from archive.recording import Recording
from geofield.alerts.alert import AlertRules
from geofield.calibration.profile import AlertBasis, StationProfile
from geofield.calibration.threshold import Tail
from geofield.types import Float64
from tests.geofield.builders import profile

START_MS = 1_715_212_800_000  # 2024-05-09T00:00:00Z
NOISE_NT = 0.1
BURST_NT = 3.0
MAIN_NT = {"H": 21_027.3, "E": 16.5, "Z": 43_859.3, "X": 20_900.0, "Y": 2_300.0}


def station(
    code: str, minutes: int, seed: int, burst: slice | None = None, elements: str = "HEZ"
) -> Recording:
    """`minutes` of 1-second data with two decimals, as observatories report."""
    generator = np.random.default_rng(seed)
    arrays = {name: _element(name, minutes * 60, generator, burst) for name in elements}
    return Recording(code, START_MS, 1000, arrays)


def _element(
    name: str, length: int, generator: np.random.Generator, burst: slice | None
) -> Float64:
    values = MAIN_NT[name] + generator.normal(0, NOISE_NT, length)
    if burst is not None:
        seconds = np.arange(length)[burst]
        values[burst] += BURST_NT * np.sin(2 * np.pi * seconds / 40)
    return np.round(values, 2)


def calibrated(
    folder: Path,
    model: Path,
    code: str,
    threshold: float,
    declination_deg: float = 4.5,
    scale_nt: tuple[float, float, float] = (NOISE_NT, NOISE_NT, NOISE_NT),
) -> StationProfile:
    """Write a profile for a station with a threshold chosen by the test."""
    manifest = load_manifest(model.with_suffix(".json"))
    rules = AlertRules()
    own = replace(
        profile(code, threshold),
        model_sha256=manifest.sha256,
        declination_deg=declination_deg,
        scale_nt=scale_nt,
        tail=Tail(
            base=threshold / 2, shape=0.0, scale=threshold / 20, peaks_per_day=10.0, peaks=20
        ),
        basis=AlertBasis(k=rules.k, n=rules.n, hop=manifest.window.hop),
    )
    save_profile(own, folder)
    return own
