"""What a life begins with: an archive's peaks, or the tails of a profile that kept none."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.profile import decode_profile, encode_profile
from geofield.calibration.living.memory import (
    MOST_PERIODS,
    PeriodPeaks,
    QuietPeriod,
    aged,
    of_profile,
    quiet_days,
    remembered,
)
from geofield.calibration.living.refit import refitted
from geofield.calibration.threshold import Tail
from tests.geofield.calibration.living.test_budget import (
    A_DAY,
    BEGIN,
    HOP_MS,
    PROFILE,
    SETTING,
    noise,
    scores,
)

SPAN = 14 / 7  # half-lives that the archive covers


@pytest.mark.parametrize("kept", [True, False])
def test_a_profile_refitted_to_its_own_data_is_what_it_was(kept: bool) -> None:
    made = PROFILE if kept else PROFILE.without_peaks()
    again = refitted(made, of_profile(made, 0.0, SPAN), made.calibrated_to_ms, 1.0, SETTING)
    assert again is not None
    assert again.threshold == pytest.approx(made.threshold, rel=0.08)
    assert again.alert_tail.peaks_per_day == pytest.approx(made.alert_tail.peaks_per_day, rel=0.02)
    assert again.tail.peaks_per_day == pytest.approx(made.tail.peaks_per_day, rel=0.02)
    assert again.quantiles == pytest.approx(made.quantiles)


def test_an_archive_counts_as_much_as_its_days_are_recent() -> None:
    """14 days, half of them older than a half-life: (1 - 1/4) of 7 / ln 2."""
    memory = of_profile(PROFILE, 0.0, SPAN)
    assert quiet_days(memory, HOP_MS) == pytest.approx(0.75 * 7 / np.log(2), rel=0.01)
    assert quiet_days(aged(memory, 1.0), HOP_MS) == pytest.approx(0.375 * 7 / np.log(2), rel=0.01)
    fresh = of_profile(PROFILE, 0.0, 0.0)
    assert quiet_days(fresh, HOP_MS) == pytest.approx(PROFILE.quiet_days, rel=0.01)


def test_a_memory_has_an_end_and_stays_small() -> None:
    memory = of_profile(PROFILE, 0.0, SPAN)
    for day in range(MOST_PERIODS + 5):
        part = scores(noise(1, seed=day), BEGIN + day * A_DAY)
        memory = remembered(aged(memory, 1 / 7), part, (), 1.0, SETTING)
    assert len(memory) == MOST_PERIODS
    assert sum(len(one.single.scores) + len(one.level.scores) for one in memory) < 4000
    assert memory[-1].weight == 1.0
    assert memory[0].weight == pytest.approx(0.5 ** ((MOST_PERIODS - 1) / 7))
    assert quiet_days(memory, HOP_MS) == pytest.approx(10.5, abs=0.5)


def test_days_with_a_far_higher_base_are_left_out_of_a_refit() -> None:
    memory = of_profile(PROFILE, 0.0, SPAN)
    loud = remembered(memory, scores(20 * noise(0.2, seed=3), BEGIN), (), 1.0, SETTING)
    calm, found = (refitted(PROFILE, one, 0, 99.0, SETTING) for one in (memory, loud))
    assert calm is not None
    assert found is not None
    assert found.threshold == pytest.approx(calm.threshold, rel=0.02)


def test_alerts_count_as_no_more_than_were_promised() -> None:
    memory = aged(of_profile(PROFILE, 0.0, SPAN), 0.5)
    part = scores(noise(1, seed=9), BEGIN)
    limit = PROFILE.threshold
    none, some, many = (
        refitted(PROFILE, remembered(memory, part, passed, 1.0, SETTING), 0, 99.0, SETTING)
        for passed in ((), (limit,), (limit,) * 40)
    )
    assert none is not None
    assert some is not None
    assert many is not None
    assert none.threshold < some.threshold
    assert many.threshold == pytest.approx(some.threshold, rel=1e-6)
    assert many.count is not None
    assert not many.count.kept


def test_a_memory_without_spread_gives_no_tail() -> None:
    flat = replace(PROFILE, alert_peaks=(PROFILE.alert_tail.base + 1.0,) * 30)
    assert refitted(flat, of_profile(flat, 0.0, 1.0), 0, 1.0, SETTING) is None


HOSTILE = st.floats(0.0, 6e4, width=16)


@given(
    st.lists(HOSTILE, min_size=0, max_size=30),
    st.floats(0.0, 5e5),
    st.lists(st.floats(0.0, 1e6), max_size=3),
    st.floats(1e-300, 1.0),
    st.integers(0, 10**6),
)
@settings(max_examples=60)
def test_whatever_is_remembered_a_refit_gives_a_usable_profile_or_none(
    found_scores: list[float], base: float, passed: list[float], weight: float, windows: int
) -> None:
    """A refit that failed would fail again for ever: its station would never be scored again."""
    peaks = PeriodPeaks(base, base, np.array(found_scores, np.float16))
    part = QuietPeriod(weight, windows, (0.1, 0.2, 0.3), peaks, peaks, tuple(passed), 0.5)
    for memory in ((part,), (part, *of_profile(PROFILE, 0.0, SPAN))):
        found = refitted(PROFILE, memory, PROFILE.calibrated_to_ms + 1, 1.0, SETTING)
        if found is not None:
            assert decode_profile(encode_profile(found)) == found
            assert 0 < found.threshold <= 1.1 * PROFILE.threshold


@given(
    st.floats(-1e6, 1e6), st.floats(-2.0, 5.0), st.floats(1e-9, 1e9), st.floats(1e-9, 1e9),
    st.integers(0, 10**6), st.integers(0, 10**7),
)  # fmt: skip
def test_any_profile_that_can_be_read_can_begin_a_life(
    base: float, shape: float, scale: float, per_day: float, peaks: int, windows: int
) -> None:
    tail = Tail(base, shape, scale, per_day, peaks)
    made = replace(PROFILE.without_peaks(), tail=tail, alert_tail=tail, windows=windows)
    memory = of_profile(made, 0.0, SPAN)
    found = refitted(made, memory, made.calibrated_to_ms, 1.0, SETTING)
    assert found is None or np.isfinite(found.threshold)
