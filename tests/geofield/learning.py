"""Stations that are calibrated while they are watched, in minutes instead of days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from geofield.alerts.alert import AlertRules
from geofield.calibration.online.rules import OnlineRules
from geofield.indices import IndexHistory
from geofield.series.samples import Samples
from geofield.step import Outcome, Rules, StationState, step
from geofield.types import Float32, Float64
from tests.geofield.builders import MODEL, SPEC, samples, spread

HOP_MS = SPEC.hop_ms
WINDOWS_A_DAY = 86_400_000 // HOP_MS
ALERT = AlertRules(k=3, n=4, clear=3, settle_ms=600_000)
NOISE_NT = 0.1


def trimmed(field_nt: Float32) -> Float32:
    """Stands for the filter: the window without the margins."""
    return field_nt[:, SPEC.half : -SPEC.half]


def days(windows: int) -> float:
    return windows / WINDOWS_A_DAY


ONLINE = OnlineRules(
    band_pass=trimmed,
    scale_days=days(100),
    first_days=days(600),
    most_days=days(1200),
    review_ms=100 * HOP_MS,
    guard_ms=20 * HOP_MS,
    false_alarms_per_month=60.0,
)
RULES = Rules(SPEC, ALERT, MODEL, {}, ONLINE)


def loudness(windows: int, seed: int) -> Float64:
    """A quiet field whose strength comes and goes, as pulsations do: [n, 3] in nT."""
    generator = np.random.default_rng(seed)
    length = windows * SPEC.hop
    slow = np.convolve(generator.normal(size=length + 299), np.ones(300) / np.sqrt(300), "valid")
    noise = generator.normal(0, NOISE_NT, (length, 3)) * np.exp(0.2 * slow)[:, None]
    return np.array([21_000.0, 480.0, 44_000.0]) + noise


def records(values_nt: Float64, length: int = 400, begin: int = 0) -> list[Samples]:
    """Records of a station `NEW` of so many samples each."""
    return [
        samples(values_nt[at : at + length], begin + at, "NEW")
        for at in range(0, len(values_nt), length)
    ]


def watched(
    batches: Sequence[Sequence[Samples]],
    rules: Rules = RULES,
    history: IndexHistory | None = None,
    states: dict[str, StationState] | None = None,
) -> tuple[dict[str, StationState], Outcome]:
    """Step through batches of records."""
    after, total = dict(states or {}), Outcome([], [], [])
    for batch in batches:
        after, outcome = step(after, batch, spread, rules, history or IndexHistory())
        total.intake.extend(outcome.intake)
        total.scores.extend(outcome.scores)
        total.alerts.extend(outcome.alerts)
        total.fits.extend(outcome.fits)
    return after, total


def online(**changes: object) -> Rules:
    """The rules with other ones for calibration."""
    return replace(RULES, online=replace(ONLINE, **changes))  # type: ignore[arg-type]
