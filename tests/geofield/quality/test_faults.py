"""Instrument trouble is seen in real samples, and what the field itself does is not called so."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from archive.observatory import read_file
from geofield.quality.faults import examine
from geofield.quality.findings import Fault, FaultFinding
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec, cut
from geofield.types import Float64
from tests.data import conrad, quiet_day, shared_data
from training.recipe.transients import Frame, draw

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
    return sum(bool(findings) for findings in examine(field_nt, scale_nt, 1000))


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
    assert flagged(quiet[:300] + added.field_nt()) <= 3  # those that are over in half a minute


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


def passing(values: Float64) -> None:
    """A car: 20 nT for some 15 s, in all components at once."""
    course = np.exp(-(((np.arange(len(values)) - 330) / 5.0) ** 2))
    values += course[:, None] * np.array([20.0, -6.0, 12.0])


def parked(values: Float64) -> None:
    """It stays: 9 nT within 4 s."""
    course = np.clip((np.arange(len(values)) - 280) / 4.0, 0, 1)
    values += course[:, None] * np.array([9.0, 4.0, 5.0])


def dead(values: Float64) -> None:
    values[:, 2] = 43_859.3


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (step, FaultFinding(Fault.STEP, "H")),
        (spikes, FaultFinding(Fault.SPIKE, "E")),
        (stuck, FaultFinding(Fault.CONSTANT, "Z")),
        (clipped, FaultFinding(Fault.SATURATION, "H")),
        (repeated, FaultFinding(Fault.REPETITION, "HEZ")),
        (noisy, FaultFinding(Fault.NOISE, "E")),
        (dead, FaultFinding(Fault.CONSTANT, "Z")),
        (passing, FaultFinding(Fault.PULSE, "HEZ")),
        (parked, FaultFinding(Fault.STEP, "HEZ")),
    ],
)
def test_each_fault_is_recognised_in_real_quiet_windows(
    quiet: Float64, spoil: Spoil, expected: FaultFinding
) -> None:
    spoilt = quiet[::10].copy()
    for window in spoilt:
        spoil(window)
    found = examine(spoilt, WIC_NT, 1000)
    kinds = [{(one.fault, one.components) for one in findings} for findings in found]
    assert np.mean([(expected.fault, expected.components) in one for one in kinds]) > 0.95


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
        ("2013-01-10T18:00", FaultFinding(Fault.STEP, "E")),  # -1.8 nT between two samples
        ("2013-01-31T13:00", FaultFinding(Fault.SPIKE, "HEZ")),  # 28 nT for one sample
        (
            "2013-02-09T21:30",
            FaultFinding(Fault.CONSTANT, "HEZ"),
        ),  # the logger repeats its last value
        ("2013-02-10T09:36", FaultFinding(Fault.CONSTANT, "HEZ")),  # for days
    ],
)
def test_the_faults_of_a_real_station_are_seen(about: str, expected: FaultFinding) -> None:
    recording = read_file(shared_data() / "SLZ_1min_2013.parquet")
    samples = recording.samples(recording.reference_declination_deg())
    windows = cut(samples, MINUTES)
    about_ms = datetime.fromisoformat(about).replace(tzinfo=UTC).timestamp() * 1000
    row = int(np.searchsorted(windows.end_ms, about_ms + 3_600_000))
    assert expected in examine(windows.field_nt[row : row + 1], SLZ_NT, 60_000)[0]


def test_a_finding_does_not_depend_on_the_other_windows(storm: Float64) -> None:
    spoilt = storm[2000:2020].copy()
    for spoil, window in zip((step, spikes, stuck, clipped, repeated, noisy), spoilt, strict=False):
        spoil(window)
    alone = [examine(window[None], WIC_NT, 1000)[0] for window in spoilt]
    assert examine(spoilt, WIC_NT, 1000) == alone
    assert any(alone)


def test_no_windows_have_no_findings() -> None:
    assert examine(np.empty((0, SPEC.span, 3)), WIC_NT, 1000) == []


def test_the_halloween_storms_at_one_sample_a_minute_show_no_trouble() -> None:
    """Waves of two or three minutes: neighbouring differences are anticorrelated as in noise."""
    recording = read_file(shared_data() / "1min/ESK_1min_2003.parquet")
    begin_ms = round(datetime(2003, 10, 28, tzinfo=UTC).timestamp() * 1000)
    days = recording.between(begin_ms, begin_ms + 8 * 86_400_000)
    windows_nt = windows_of(days.samples(recording.reference_declination_deg()), MINUTES)
    found = examine(windows_nt, (1.10, 0.82, 0.12), 60_000)  # background, 0.6-3 mHz
    assert len(found) == 353
    assert sum(map(bool, found)) <= 1


def test_noise_of_all_components_is_noise(quiet: Float64) -> None:
    """What the three share, as of an amplifier, is not taken for the field."""
    spoilt = quiet[::20].copy()
    common = np.random.default_rng(2).normal(0, 1.0, spoilt.shape[:2])
    spoilt += common[..., None] * np.array([1.0, 0.9, 0.5])
    found = examine(spoilt, WIC_NT, 1000)
    assert np.mean([FaultFinding(Fault.NOISE, "HEZ") in one for one in found]) > 0.9
