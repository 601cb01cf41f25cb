import numpy as np
import pytest
from scipy.stats import genpareto

from geofield.alerts.alert import AlertRules
from geofield.calibration.diagnostics import Diagnosis, by_hour, diagnose
from geofield.calibration.fit import Calibration, FittedProfile, QuietScores, fit_profile
from geofield.calibration.profile import StationProfile
from geofield.utc import DAY_MS
from tests.geofield.builders import MODEL, SPEC, START_MS

HOP_MS = SPEC.hop_ms
NOISY_HOUR = 13


def scores(days: float = 4.0, shape: float = 0.2) -> QuietScores:
    """Independent disturbances of forty windows each; one hour of the day is louder."""
    count = int(days * DAY_MS / HOP_MS)
    drawn = genpareto.rvs(shape, scale=0.2, size=count // 40 + 1, random_state=8)
    end_ms = START_MS + np.arange(count) * HOP_MS
    rmse = 0.5 + np.repeat(drawn, 40)[:count]
    rmse[end_ms % DAY_MS // 3_600_000 == NOISY_HOUR] *= 1.5
    return QuietScores(end_ms, rmse)


@pytest.fixture(scope="module")
def fitted() -> FittedProfile:
    asked = Calibration("WIC", MODEL.sha256, 0.0, AlertRules(k=3, n=4), false_alarms_per_month=15.0)
    return fit_profile(scores(), (0.1, 0.1, 0.1), SPEC, asked)


@pytest.fixture(scope="module")
def profile(fitted: FittedProfile) -> StationProfile:
    return fitted.profile


@pytest.fixture(scope="module")
def found(fitted: FittedProfile) -> Diagnosis:
    return diagnose(scores(), fitted, SPEC)


def test_peaks_that_come_from_a_pareto_tail_lie_in_the_envelope(
    found: Diagnosis, profile: StationProfile
) -> None:
    shown = found.quantiles
    assert len(shown.observed) == profile.alert_tail.peaks
    assert (np.diff(shown.observed) >= 0).all()
    inside = (shown.low <= shown.observed) & (shown.observed <= shown.high)
    assert inside.mean() > 0.8
    assert ((shown.low <= shown.expected) & (shown.expected <= shown.high)).all()


def test_a_threshold_that_hangs_on_the_base_would_show(
    found: Diagnosis, profile: StationProfile
) -> None:
    shown = found.stability
    assert shown.base[0] == pytest.approx(0.8)
    used = np.argmin(np.abs(shown.base - 0.9))
    assert shown.threshold[used] == pytest.approx(profile.threshold)
    assert shown.peaks[used] == profile.alert_tail.peaks
    assert ((shown.low < shown.threshold) & (shown.threshold < shown.high)).all()


def test_return_levels_go_through_the_threshold_and_the_record(
    found: Diagnosis, profile: StationProfile
) -> None:
    shown = found.levels
    at_promise = np.interp(profile.asked_days, shown.days, shown.score)
    assert at_promise == pytest.approx(profile.threshold, rel=0.01)
    assert (np.diff(shown.score) > 0).all()
    assert ((shown.low <= shown.score) & (shown.score <= shown.high))[5:].all()
    assert shown.peak_days[-1] == pytest.approx(profile.quiet_days, rel=0.05)
    assert shown.days[-1] >= 2 * max(profile.asked_days, profile.quiet_days) - 0.1


def test_a_loud_hour_shows(found: Diagnosis) -> None:
    shown = found.hours
    assert shown.windows.sum() == len(scores())
    assert int(np.argmax(shown.median)) == NOISY_HOUR
    assert np.isfinite(shown.median).all()


def test_hours_without_windows_have_no_figure() -> None:
    night = scores().where(scores().end_ms % DAY_MS < 6 * 3_600_000)
    shown = by_hour(night)
    assert np.isfinite(shown.median[:6]).all()
    assert np.isnan(shown.median[6:]).all()
    assert not shown.windows[6:].any()


def test_the_same_data_give_the_same_figure(found: Diagnosis, fitted: FittedProfile) -> None:
    again = diagnose(scores(), fitted, SPEC)
    np.testing.assert_array_equal(again.quantiles.high, found.quantiles.high)
