import dataclasses
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.indices import IndexHistory
from tests.training.labels.builders import (
    DAY_MS,
    HERE,
    HOUR_MS,
    RULES,
    WINDOW_MS,
    catalogue,
    ends,
    quake,
    rules,
    utc_ms,
)
from training.labels.build import LabelsRefused, prepare
from training.labels.split import (
    LeakFound,
    Sides,
    Split,
    check_no_leak,
    check_sides,
    check_split,
    split,
)
from training.recipe.section import RecipeRefused

RULE = Split(train_until="2020-07-01", validation_until="2020-10-01", embargo_days=14.0)
SPAN_MS = WINDOW_MS + 2 * HOUR_MS
EMBARGO_MS = 14 * DAY_MS
LABELS = prepare(
    ends("2020-01-01", "2021-01-01"),
    WINDOW_MS,
    HERE,
    catalogue(
        quake("2020-03-01", name="march"),
        quake("2020-06-18", name="june"),
        quake("2020-08-20", name="august"),
        quake("2020-11-20", name="november"),
    ),
    rules(),
    IndexHistory(),
).labels()
SIDES = split(LABELS, RULE)


def events_of(mask: np.ndarray) -> list[str]:
    return [LABELS.events[one].event_id for one in np.unique(LABELS.block[mask & LABELS.seismic])]


def test_sides_in_order_of_time_with_an_embargo_between_them() -> None:
    assert [events_of(mask) for mask in SIDES] == [["march"], ["august"], ["november"]]
    for earlier, later, bound in (
        (SIDES.train, SIDES.validation, "2020-07-01"),
        (SIDES.validation, SIDES.test, "2020-10-01"),
    ):
        assert LABELS.end_ms[earlier].max() <= utc_ms(bound) - EMBARGO_MS
        assert LABELS.end_ms[later].min() >= utc_ms(bound) + EMBARGO_MS
    check_no_leak(LABELS, SIDES, SPAN_MS, EMBARGO_MS)
    check_sides(LABELS, SIDES)


def test_an_event_that_the_embargo_would_cut_is_on_no_side() -> None:
    # The lead of the June event begins 20 days before the boundary, the embargo 14 days.
    june = LABELS.block == [one.event_id for one in LABELS.events].index("june")
    assert (LABELS.end_ms[june] < utc_ms("2020-07-01") - EMBARGO_MS).any()
    assert not (june & (SIDES.train | SIDES.validation | SIDES.test)).any()


def test_only_windows_of_either_class_are_on_a_side() -> None:
    anywhere = SIDES.train | SIDES.validation | SIDES.test
    assert not (anywhere & (LABELS.block < 0)).any()
    assert (anywhere & LABELS.non_seismic).sum() > 0.6 * LABELS.non_seismic.sum()


@given(st.integers(-30, 400), st.integers(1, 400), st.integers(14, 60))
def test_no_observation_is_divided_wherever_the_boundaries_are(
    first: int, more: int, embargo: int
) -> None:
    begin = date(2020, 1, 1) + timedelta(days=first)
    rule = Split(
        train_until=begin.isoformat(),
        validation_until=(begin + timedelta(days=more)).isoformat(),
        embargo_days=embargo,
    )
    sides = split(LABELS, rule)
    blocks = [set(LABELS.block[mask].tolist()) for mask in sides]
    assert not blocks[0] & blocks[1]
    assert not blocks[1] & blocks[2]
    assert not blocks[0] & blocks[2]
    for mask in sides:
        whole = np.isin(LABELS.block, np.unique(LABELS.block[mask])) & (LABELS.block >= 0)
        np.testing.assert_array_equal(whole, mask)
    check_no_leak(LABELS, sides, SPAN_MS, embargo * DAY_MS)


def test_an_event_on_both_sides_is_found_by_name() -> None:
    march = np.flatnonzero(LABELS.block == 0)
    planted = SIDES._replace(train=SIDES.train.copy(), test=SIDES.test.copy())
    planted.train[march[-5:]] = False
    planted.test[march[-5:]] = True
    with pytest.raises(LeakFound, match=r"earthquake march \(M 5\.5, 2020-03-01T00:00Z\) has win"):
        check_no_leak(LABELS, planted, SPAN_MS, EMBARGO_MS)


def test_an_event_listed_twice_is_found_by_name() -> None:
    march, august, november = (LABELS.events[one] for one in (0, 2, 3))
    again = dataclasses.replace(november, event_id="march")
    doubled = dataclasses.replace(LABELS, events=(march, LABELS.events[1], august, again))
    with pytest.raises(LeakFound, match=r"earthquake march .* is in train and in test"):
        check_no_leak(doubled, SIDES, SPAN_MS, EMBARGO_MS)


def test_a_window_on_two_sides_is_found() -> None:
    planted = Sides(SIDES.train, SIDES.validation | SIDES.train, SIDES.test)
    with pytest.raises(LeakFound, match=r"the window that ends .* is in train and in validation"):
        check_no_leak(LABELS, planted, SPAN_MS, EMBARGO_MS)


def test_a_control_block_on_two_sides_is_found() -> None:
    planted = SIDES._replace(train=SIDES.train.copy(), validation=SIDES.validation.copy())
    block = np.flatnonzero(LABELS.block == LABELS.block[LABELS.non_seismic & SIDES.train][0])
    planted.train[block[3:]] = False
    planted.validation[block[3:]] = True
    with pytest.raises(LeakFound, match=r"the control block from 2020-01-0.* in train and in val"):
        check_no_leak(LABELS, planted, SPAN_MS, EMBARGO_MS)


def test_samples_shared_and_embargoes_broken_are_found() -> None:
    blocks = np.unique(LABELS.block[LABELS.non_seismic & SIDES.train])[:2]
    side = [LABELS.block == one for one in blocks]
    touching = Sides(side[0], side[1], np.zeros_like(side[0]))
    with pytest.raises(LeakFound, match="share samples; the embargo is 14 days"):
        check_no_leak(LABELS, touching, SPAN_MS, EMBARGO_MS)
    with pytest.raises(LeakFound, match="share samples"):
        check_no_leak(LABELS, touching, SPAN_MS, 0)
    with pytest.raises(LeakFound, match=r"are \d\d\.\d\d days apart; the embargo is 40 days"):
        check_no_leak(LABELS, SIDES, SPAN_MS, 40 * DAY_MS)


def test_a_side_without_observations_is_refused_with_the_counts() -> None:
    late = Split(train_until="2020-07-01", validation_until="2020-12-01", embargo_days=14.0)
    with pytest.raises(LabelsRefused, match=r"train 1 earthquakes and .* test 0 earthquakes"):
        check_sides(LABELS, split(LABELS, late))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (("2020-07-01", "2020-10-01", 7.0), r"split\.embargo_days is 7 .*labels\.guard_days \(14"),
        (("2020-07-01", "2020-07-01", 14.0), r"split\.train_until must be before"),
        (("July", "2020-07-01", 14.0), r"split\.train_until and validation_until must be UTC"),
    ],
)
def test_a_bad_split_is_refused_by_its_key(rule: tuple[str, str, float], told: str) -> None:
    first, second, embargo = rule
    with pytest.raises(RecipeRefused, match=told):
        check_split(Split(train_until=first, validation_until=second, embargo_days=embargo), RULES)


def test_a_good_split_is_taken() -> None:
    check_split(RULE, RULES)
