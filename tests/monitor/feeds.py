"""Synthetic stations for the tests: a main field, noise, and a burst that must raise an alert."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archive.model import load_manifest
from archive.profile import save_profile
from archive.recording import Recording
from geofield.profile import StationProfile
from geofield.threshold import Tail
from geofield.types import Float64

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


def calibrated(folder: Path, model: Path, code: str, threshold: float) -> StationProfile:
    """Write a profile for a station with a threshold chosen by the test."""
    manifest = load_manifest(model.with_suffix(".json"))
    profile = StationProfile(
        station=code,
        model_sha256=manifest.sha256,
        declination_deg=4.5,
        scale_nt=(NOISE_NT, NOISE_NT, NOISE_NT),
        quantiles=(0.3, 0.5, 0.8),
        tail=Tail(
            base=threshold / 2, shape=0.0, scale=threshold / 20, peaks_per_day=10.0, peaks=20
        ),
        threshold=threshold,
        false_alarms_per_month=1.0,
        calibrated_from_ms=START_MS - 86_400_000,
        calibrated_to_ms=START_MS,
        windows=1000,
        quiet_days=1.0,
        calibrated_at=code,
    )
    save_profile(profile, folder)
    return profile
