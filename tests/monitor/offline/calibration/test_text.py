"""The sentence that `magwatch calibrate` begins with."""

from dataclasses import replace

import pytest

from geofield.calibration.profile import StationProfile
from geofield.calibration.threshold import DAYS_PER_MONTH
from monitor.offline.calibration.text import rate_in_words, summary
from tests.geofield.builders import profile


def resting_on(quiet_days: float, per_month: float = 1.0) -> StationProfile:
    return replace(
        profile("WIC", 3.0141),
        quiet_days=quiet_days,
        false_alarms_per_month=per_month,
        threshold_days=(5.2, 120.0),
    )


def test_a_threshold_that_was_measured_promises_no_season_but_its_own() -> None:
    assert summary(resting_on(25.0)) == (
        "WIC: one false alert a month: threshold 3.01 times the quiet background. "
        "Rests on 25.0 quiet days; later seasons may give more."
    )


def test_one_from_too_few_days_says_how_far_off_it_may_be_and_what_to_do() -> None:
    assert summary(resting_on(2.0)) == (
        "WIC: one false alert a month: threshold 3.01 times the quiet background. "
        "Rests on 2.0 quiet days; that is short: such a promise needs 20; these can promise 11 "
        "false alerts a month (--false-alarms 11). The true rate may be one in 5.2 to 120 days "
        "(95 %)."
    )
    assert not resting_on(2.0, 11.0).extrapolated


@pytest.mark.parametrize(
    ("per_month", "words"),
    [
        (1.0, "one false alert a month"),
        (DAYS_PER_MONTH, "one false alert a day"),
        (30.0, "one false alert a day"),
        (4.35, "one false alert a week"),
        (1 / 12, "one false alert a year"),
        (13.0, "13 false alerts a month"),
        (0.5, "one false alert in 60.9 days"),
    ],
)
def test_rates_are_told_in_the_words_of_a_calendar(per_month: float, words: str) -> None:
    assert rate_in_words(resting_on(25.0, per_month)) == words
