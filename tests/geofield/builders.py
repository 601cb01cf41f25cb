"""Small pieces that the tests of the domain are built from."""

import numpy as np

from geofield.alerts.alert import AlertRules, ModelRef
from geofield.calibration.profile import AlertBasis, StationProfile
from geofield.calibration.threshold import Tail
from geofield.scoring.score import Errors
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec
from geofield.step import Rules
from geofield.types import Float32, Float64

START_MS = 1_715_212_800_000  # 2024-05-09T00:00:00Z
MODEL = ModelRef("test", "1.0.0", "ab" * 32, "no skill shown: a test")
SPEC = WindowSpec(cadence_ms=1000, samples=32, hop=8, taps=9, lateness=10, max_gap=2)


def field_nt(length: int, seed: int = 0) -> Float64:
    """A main field with a little noise, [length, 3]."""
    noise = np.random.default_rng(seed).normal(0, 0.1, (length, 3))
    return np.array([21_000.0, 480.0, 44_000.0]) + noise


def samples(values_nt: Float64, begin: int = 0, station: str = "WIC") -> Samples:
    """Samples at 1 Hz that begin `begin` seconds after START_MS."""
    return Samples(station, START_MS + begin * 1000, 1000, values_nt)


def profile(station: str = "WIC", threshold: float = 1.0) -> StationProfile:
    """A profile with a round threshold."""
    tail = Tail(base=0.5, shape=0.0, scale=0.1, peaks_per_day=10.0, peaks=20)
    return StationProfile(
        station=station,
        model_sha256=MODEL.sha256,
        declination_deg=0.0,
        scale_nt=(0.1, 0.1, 0.1),
        quantiles=(0.3, 0.5, 0.8),
        tail=tail,
        alert_tail=tail,
        basis=AlertBasis(k=3, n=4, hop=SPEC.hop),
        threshold=threshold,
        false_alarms_per_month=1.0,
        calibrated_from_ms=START_MS,
        calibrated_to_ms=START_MS + 86_400_000,
        windows=1000,
        quiet_days=1.0,
        calibrated_at=station,
    )


def rules(*stations: str, alert: AlertRules | None = None) -> Rules:
    """Rules in which the named stations are calibrated."""
    profiles = {station: (profile(station),) for station in stations}
    return Rules(SPEC, alert or AlertRules(), MODEL, profiles)


def spread(field: Float32, scale_nt: Float32) -> Errors:
    """A real, if simple, scorer: how far each window spreads around its level."""
    scaled = field / scale_nt[:, None, :]
    error = np.sqrt((scaled**2).mean(axis=1))
    rmse = np.sqrt((scaled**2).mean(axis=(1, 2)))
    return Errors(rmse, np.abs(scaled).mean(axis=(1, 2)), error)
