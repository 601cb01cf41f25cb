from dataclasses import replace

import numpy as np
import pytest

from geofield.alerts.alert import AlertRules
from geofield.calibration import threshold
from geofield.calibration.diagnostics import quantiles, return_levels
from geofield.calibration.false_alarm_budget import check_founded, judged
from geofield.calibration.fit import Calibration, QuietScores, fit_profile, newest
from geofield.calibration.pareto import Posterior, posterior
from geofield.calibration.profile import StationProfile, robust_scale_nt
from geofield.calibration.threshold import TailTooShort
from geofield.scoring.score import stack_scale
from geofield.series.windows import cut
from geofield.types import Float32, Float64
from geofield.utc import DAY_MS
from tests.geofield.builders import MODEL, SPEC, START_MS, field_nt, samples, spread

ASKED = Calibration("WIC", MODEL.sha256, 1.5, AlertRules(k=3, n=4), false_alarms_per_month=300.0)
HOP_MS = SPEC.hop_ms


def band_pass(field: Float32) -> Float32:
    """Every second sample of the window, without the margins of the filter."""
    return field[:, SPEC.half : -SPEC.half : 2]


def calibrated(hours: int, seed: int = 0) -> StationProfile:
    windows = cut(samples(bursty_nt(hours, seed)), SPEC)
    field = windows.levelled_nt()
    scale_nt = robust_scale_nt(newest(band_pass(field), SPEC))
    rmse = spread(field, stack_scale(scale_nt, len(field))).rmse.astype(np.float64)
    return fit_profile(QuietScores(windows.end_ms, rmse), scale_nt, SPEC, ASKED).profile


def bursty_nt(hours: int, seed: int) -> np.ndarray:
    """Noise with a disturbance of random strength every few minutes."""
    rng = np.random.default_rng(seed)
    values_nt = field_nt(hours * 3600, seed)
    for begin in range(0, len(values_nt), 300):
        values_nt[begin : begin + 80] += rng.normal(0, rng.exponential(0.1), (80, 3))
    return values_nt


def test_a_profile_states_what_it_rests_on() -> None:
    found = calibrated(hours=10)
    assert found.windows == pytest.approx(36_000 / SPEC.hop, abs=10)
    assert found.quiet_days == pytest.approx(10 / 24, abs=0.001)
    assert found.calibrated_to_ms - found.calibrated_from_ms < 36_000_000
    assert found.declination_deg == 1.5
    np.testing.assert_allclose(found.scale_nt, 0.1, rtol=0.2)


def test_the_threshold_lies_in_its_interval_and_is_the_tails_own() -> None:
    found = calibrated(hours=10)
    assert found.alert_tail.return_period_days(found.threshold) == pytest.approx(found.asked_days)
    assert found.threshold_days is not None
    low, high = found.threshold_days
    assert low < found.asked_days < high
    assert f"95 % interval {low:.2g} to" in found.promise


def test_more_data_make_the_interval_narrower() -> None:
    short, long = calibrated(hours=6).threshold_days, calibrated(hours=48).threshold_days
    assert short is not None
    assert long is not None
    assert long[1] / long[0] < 0.5 * short[1] / short[0]


def test_another_rate_has_its_own_threshold_and_no_interval() -> None:
    found = calibrated(hours=10)
    rarer = found.at_rate(30.0)
    assert rarer.threshold > found.threshold
    assert rarer.asked_days == pytest.approx(10 * found.asked_days)
    assert rarer.threshold_days is None
    assert "interval" not in rarer.promise


def test_what_is_rarer_than_the_record_is_called_extrapolated() -> None:
    found = calibrated(hours=10)
    assert not found.extrapolated
    assert "within what was measured" in found.promise
    rarer = replace(found, false_alarms_per_month=10.0)
    assert rarer.extrapolated
    assert "extrapolated, not measured" in rarer.promise


def test_each_sample_counts_once_for_the_scale() -> None:
    values_nt = np.arange(400.0)[:, None].repeat(3, axis=1)
    windows = cut(samples(values_nt, begin=3), SPEC)
    fresh = newest(band_pass(windows.field_nt.astype(np.float32)), SPEC)
    assert len(fresh) == len(windows) * SPEC.hop // 2
    assert len(np.unique(fresh[:, 0])) == len(fresh)


def test_no_scores_make_no_profile() -> None:
    nothing = QuietScores(np.empty(0, np.int64), np.empty(0))
    with pytest.raises(TailTooShort, match="at least a day is needed"):
        fit_profile(nothing, (0.1, 0.1, 0.1), SPEC, ASKED)


def test_the_order_of_disturbances_does_not_matter_for_the_threshold() -> None:
    rng = np.random.default_rng(5)
    heights = np.repeat(rng.exponential(1.0, 400), 30)
    end_ms = START_MS + np.arange(len(heights)) * HOP_MS
    apart_ms = end_ms + np.arange(len(heights)) // 30 * DAY_MS
    whole = fit_profile(QuietScores(apart_ms, heights), (1.0, 1.0, 1.0), SPEC, ASKED)
    backwards = QuietScores(apart_ms, heights[::-1].copy())
    reversed_order = fit_profile(backwards, (1.0, 1.0, 1.0), SPEC, ASKED)
    assert reversed_order.profile.threshold == pytest.approx(whole.profile.threshold, rel=1e-6)


def test_the_tail_behind_a_threshold_is_fitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted_to: list[int] = []

    def counted(excess: Float64, days: float) -> Posterior:
        fitted_to.append(len(excess))
        return posterior(excess, days)

    monkeypatch.setattr(threshold, "posterior", counted)
    rng = np.random.default_rng(5)
    rmse = 0.5 + np.repeat(rng.exponential(1.0, 2000), 30)
    scores = QuietScores(START_MS + np.arange(len(rmse)) * HOP_MS, rmse)
    fitted = fit_profile(scores, (1.0, 1.0, 1.0), SPEC, ASKED)
    check_founded(fitted)
    judged(fitted.peaks, scores, fitted.profile, 3, SPEC)
    quantiles(fitted.peaks, seed=0)
    return_levels(fitted.peaks, fitted.profile)
    assert fitted_to == [fitted.profile.tail.peaks, fitted.profile.alert_tail.peaks]
