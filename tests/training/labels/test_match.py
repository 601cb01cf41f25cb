import numpy as np
import pytest

from geofield.indices import KP, IndexHistory, IndexInterval
from tests.training.labels.builders import (
    HERE,
    HOUR_MS,
    WINDOW_MS,
    catalogue,
    ends,
    quake,
    rules,
    utc_ms,
)
from training.labels.build import prepare
from training.labels.covariates import highest_kp, local_hour, season
from training.labels.match import Matched, match_controls
from training.labels.types import Labels

STEP_MS = 3 * HOUR_MS
# Kp goes 0, 1, 2, 3, 4, 0, ... so that it and the hour run through all combinations.
STEPPED = IndexHistory(
    tuple(
        IndexInterval(KP, start, start + STEP_MS, start + STEP_MS, float(start // STEP_MS % 5))
        for start in range(utc_ms("2018-12-01"), utc_ms("2021-01-01"), STEP_MS)
    )
)
TWO_YEARS = ends("2019-01-01", "2021-01-01")


def labels_of(*times: str) -> Labels:
    quakes = catalogue(*(quake(one, km_north=60.0 * i) for i, one in enumerate(times)))
    return prepare(TWO_YEARS, WINDOW_MS, HERE, quakes, rules(), IndexHistory()).labels()


def matched(labels: Labels, mask: np.ndarray, per_seismic: int = 2, seed: int = 0) -> Matched:
    rng = np.random.default_rng(seed)
    return match_controls(labels, mask, HERE, STEPPED, rng, per_seismic, window_ms=WINDOW_MS)


def conditions(labels: Labels, which: np.ndarray) -> np.ndarray:
    end_ms = labels.end_ms[which]
    middle_ms = end_ms - WINDOW_MS // 2
    kp = np.floor(highest_kp(STEPPED, end_ms - WINDOW_MS, end_ms))
    return np.stack([kp, local_hour(HERE, middle_ms) // 3, season(middle_ms)])


def test_controls_have_the_conditions_of_the_seismic_windows() -> None:
    labels = labels_of("2020-04-20", "2020-10-10")
    everywhere = np.ones(len(TWO_YEARS), dtype=bool)
    found = matched(labels, everywhere)
    assert found.chosen.sum() == 2 * labels.seismic.sum()
    assert (found.short, found.unmatched, found.other_season) == (0, 0, 0)
    assert not (found.chosen & ~labels.non_seismic).any()
    expected, counts = np.unique(conditions(labels, labels.seismic), axis=1, return_counts=True)
    drawn, many = np.unique(conditions(labels, found.chosen), axis=1, return_counts=True)
    np.testing.assert_array_equal(drawn, expected)
    np.testing.assert_array_equal(many, 2 * counts)
    assert found.strata == len(counts)


def test_no_window_of_another_side_is_drawn() -> None:
    labels = labels_of("2020-04-20", "2020-10-10")
    half = labels.end_ms < utc_ms("2020-07-01")
    assert not (matched(labels, half).chosen & ~half).any()


def test_the_draw_depends_on_the_generator_alone() -> None:
    labels = labels_of("2020-04-20")
    everywhere = np.ones(len(TWO_YEARS), dtype=bool)
    first, again, other = (matched(labels, everywhere, seed=seed).chosen for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_season_without_controls_borrows_from_its_neighbours() -> None:
    labels = labels_of("2020-04-20")
    seasons = season(labels.end_ms - WINDOW_MS // 2)
    spring, opposite = seasons == 1, seasons == 3
    found = matched(labels, labels.seismic | ~spring)
    assert found.other_season == found.chosen.sum() == 2 * labels.seismic.sum()
    assert not (found.chosen & opposite).any()
    only_opposite = matched(labels, labels.seismic | opposite)
    assert only_opposite.chosen.sum() == 2 * labels.seismic.sum()


def test_what_cannot_be_matched_is_counted() -> None:
    labels = labels_of("2020-04-20")
    found = matched(labels, labels.seismic)
    assert not found.chosen.any()
    assert found.unmatched == found.short == found.strata > 0
    scarce = matched(labels, np.ones(len(TWO_YEARS), dtype=bool), per_seismic=10_000)
    assert scarce.short == scarce.strata
    assert scarce.unmatched == 0
    assert scarce.chosen.sum() <= labels.non_seismic.sum()


def test_an_unknown_kp_matches_an_unknown_kp() -> None:
    labels = labels_of("2020-04-20")
    everywhere = np.ones(len(TWO_YEARS), dtype=bool)
    rng = np.random.default_rng(0)
    found = match_controls(labels, everywhere, HERE, IndexHistory(), rng, 1, window_ms=WINDOW_MS)
    assert found.chosen.sum() == labels.seismic.sum()


def test_conditions_of_a_time() -> None:
    times = [utc_ms(f"2020-{month:02}-15T12:00:00") for month in (12, 1, 3, 6, 9, 11)]
    assert season(np.array(times)).tolist() == [0, 0, 1, 2, 3, 3]
    assert local_hour(HERE, np.array(times[:1])).tolist() == pytest.approx([12 - 99 / 15])
    begin_ms = STEPPED.of(KP)[4].start_ms
    spans = np.array([begin_ms, begin_ms + HOUR_MS, utc_ms("2021-01-01") - HOUR_MS])
    found = highest_kp(STEPPED, spans, spans + np.array([HOUR_MS, STEP_MS, 2 * HOUR_MS]))
    values = [one.value for one in STEPPED.of(KP)[4:6]]
    np.testing.assert_array_equal(found, [values[0], max(values), np.nan])
