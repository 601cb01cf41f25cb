import numpy as np
import pytest
from scipy.stats import poisson

from geofield.calibration.pareto import poisson_interval
from training.statistics.false_alarms import alarm_hours, alarms_per_month, false_alarms

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def test_a_month_is_the_twelfth_of_a_year() -> None:
    assert alarms_per_month(24, int(365.25 * DAY_MS)) == pytest.approx(2.0)


def test_local_noon_is_when_the_sun_says_so() -> None:
    noon_utc_ms = np.array([12, 36, 60]) * HOUR_MS
    assert alarm_hours(noon_utc_ms, 0.0)[12] == 3
    assert alarm_hours(noon_utc_ms, -99.193)[5] == 3
    assert alarm_hours(noon_utc_ms, 179.9)[23] == 3
    assert alarm_hours(noon_utc_ms, 180.0)[0] == 3
    assert alarm_hours(np.empty(0, dtype=np.int64), 16.0) == [0] * 24


@pytest.mark.parametrize("expected", [0.3, 4.0, 60.0])
def test_the_interval_holds_19_of_20_counts_and_no_more_than_it_must(expected: float) -> None:
    low, high = poisson_interval(expected)
    assert poisson.cdf(high, expected) - poisson.cdf(low - 1, expected) >= 0.95
    assert poisson.sf(high - 1, expected) > 0.025
    assert low == 0 or poisson.cdf(low, expected) > 0.025


def test_a_promise_kept_and_a_promise_broken() -> None:
    kept = false_alarms("window RMS", "HON", 1.0, 4 * 30.4375, 6)
    assert kept.expected == pytest.approx(4.0)
    assert (kept.low, kept.high) == (1, 8)
    assert kept.within
    assert not false_alarms("window RMS", "HON", 1.0, 4 * 30.4375, 9).within
    assert not false_alarms("window RMS", "HON", 1.0, 10 * 30.4375, 3).within
