"""Instrument trouble is seen in real samples, and what the field itself does is not called so."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from archive.observatory import read_file
from geofield.samples import Samples
from geofield.trouble import Fault, Finding, examine
from geofield.types import Float64
from geofield.windows import WindowSpec, cut
from tests.data import conrad, quiet_day, shared_data
from training.transients import Frame, draw

SPEC = WindowSpec(cadence_ms=1000, samples=256, hop=64, taps=385)
MINUTES = WindowSpec(cadence_ms=60_000, samples=128, hop=32, taps=129)
WIC_NT = (0.103, 0.086, 0.039)  # background of the quiet 9 May 2024, 0.005-0.1 Hz
SLZ_NT = (0.232, 0.140, 0.124)  # of 2013, 0.6-3 mHz
Spoil = Callable[[Float64], None]


def windows_of(samples: Samples, spec: WindowSpec = SPEC) -> Float64:
    windows = cut(samples, spec)
    return windows.field_nt[windows.sufficient]


@pytest.fixture(scope="module")
def quiet() -> Float64:
    return windows_of(quiet_day().samples(0.0))


@pytest.fixture(scope="module")
def storm() -> Float64:
    return windows_of(read_file(conrad("example4.cdf")).samples(0.0))


def flagged(field_nt: Float64, scale_nt: tuple[float, float, float] = WIC_NT) -> int:
    return sum(bool(findings) for findings in examine(field_nt, scale_nt))


def test_a_quiet_day_and_the_storm_of_may_2024_show_no_trouble(
    quiet: Float64, storm: Float64
) -> None:
    """None of 1341 quiet windows, and none of 5391 around the largest storm in twenty years."""
    assert (len(quiet), flagged(quiet)) == (1341, 0)
    assert (len(storm), flagged(storm)) == (5391, 0)


def test_three_days_of_another_observatory_show_none() -> None:
    """Honolulu writes D in hundredths of a minute of arc, coarser than its own background."""
    recording = read_file(shared_data() / "HON_1s_202402-20240316.parquet")
    days = recording.between(recording.start_ms, recording.start_ms + 3 * 86_400_000)
    samples = days.samples(recording.reference_declination_deg())
    assert flagged(windows_of(samples), (0.042, 0.033, 0.030)) == 0


@pytest.mark.parametrize("family", ["damped-oscillation", "noise-burst", "wave-train", "chirp"])
@pytest.mark.parametrize("snr", [8.0, 40.0, 400.0])
def test_synthetic_transients_are_not_trouble(quiet: Float64, family: str, snr: float) -> None:
    added = draw(
        np.random.default_rng(5), family, np.full(300, snr), WIC_NT, Frame(SPEC.samples, SPEC.half)
    )
    assert flagged(quiet[:300] + added.field_nt()) == 0


def step(values: Float64) -> None:
    values[300:, 0] += 13.0


def spikes(values: Float64) -> None:
    values[[250, 290, 333], 1] += 6.0


def stuck(values: Float64) -> None:
    values[200:290, 2] = values[200, 2]


def clipped(values: Float64) -> None:
    values[:, 0] += 8.0 * np.sin(np.arange(len(values)) / 9)
    np.minimum(values[:, 0], np.quantile(values[:, 0], 0.8), out=values[:, 0])


def repeated(values: Float64) -> None:
    values[360:420] = values[300:360]


def noisy(values: Float64) -> None:
    values[:, 1] += np.random.default_rng(1).normal(0, 1.0, len(values)).round(2)


def dead(values: Float64) -> None:
    values[:, 2] = 43_859.3


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (step, Finding(Fault.STEP, "H")),
        (spikes, Finding(Fault.SPIKE, "E")),
        (stuck, Finding(Fault.CONSTANT, "Z")),
        (clipped, Finding(Fault.SATURATION, "H")),
        (repeated, Finding(Fault.REPETITION, "HEZ")),
        (noisy, Finding(Fault.NOISE, "E")),
        (dead, Finding(Fault.CONSTANT, "Z")),
    ],
)
def test_each_fault_is_recognised_in_real_quiet_windows(
    quiet: Float64, spoil: Spoil, expected: Finding
) -> None:
    spoilt = quiet[::10].copy()
    for window in spoilt:
        spoil(window)
    found = examine(spoilt, WIC_NT)
    assert np.mean([expected in findings for findings in found]) > 0.95


@pytest.mark.parametrize("spoil", [step, spikes, stuck, repeated, noisy])
def test_each_fault_is_recognised_in_the_storm(storm: Float64, spoil: Spoil) -> None:
    """Where the field itself moves by nanotesla a second, only what stands out of that is seen."""
    spoilt = storm[::40].copy()
    for window in spoilt:
        spoil(window)
    assert flagged(spoilt) > 0.75 * len(spoilt)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("2013-01-10T18:00", Finding(Fault.STEP, "E")),  # -1.8 nT between two samples
        ("2013-01-31T13:00", Finding(Fault.SPIKE, "HEZ")),  # 28 nT for one sample
        ("2013-02-09T21:30", Finding(Fault.CONSTANT, "HEZ")),  # the logger repeats its last value
        ("2013-02-10T09:36", Finding(Fault.CONSTANT, "HEZ")),  # for days
    ],
)
def test_the_faults_of_a_real_station_are_seen(about: str, expected: Finding) -> None:
    recording = read_file(shared_data() / "SLZ_1min_2013.parquet")
    samples = recording.samples(recording.reference_declination_deg())
    windows = cut(samples, MINUTES)
    about_ms = datetime.fromisoformat(about).replace(tzinfo=UTC).timestamp() * 1000
    row = int(np.searchsorted(windows.end_ms, about_ms + 3_600_000))
    assert expected in examine(windows.field_nt[row : row + 1], SLZ_NT)[0]


def test_a_finding_does_not_depend_on_the_other_windows(storm: Float64) -> None:
    spoilt = storm[2000:2020].copy()
    for spoil, window in zip((step, spikes, stuck, clipped, repeated, noisy), spoilt, strict=False):
        spoil(window)
    alone = [examine(window[None], WIC_NT)[0] for window in spoilt]
    assert examine(spoilt, WIC_NT) == alone
    assert any(alone)


def test_no_windows_have_no_findings() -> None:
    assert examine(np.empty((0, SPEC.span, 3)), WIC_NT) == []
