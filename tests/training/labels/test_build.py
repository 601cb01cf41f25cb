import numpy as np
import pytest

from archive.catalogue import Catalogue
from geofield.earthquakes.types import Earthquake
from geofield.indices import KP, IndexHistory, IndexInterval
from tests.training.labels.builders import (
    DAY_MS,
    HERE,
    HOUR_MS,
    WINDOW_MS,
    catalogue,
    ends,
    quake,
    rules,
    utc_ms,
    window_ends,
)
from training.labels.build import LabelsRefused, prepare
from training.labels.labeller import Labelling
from training.labels.types import NEITHER, Labels
from training.recipe.labels import LabelRules
from training.recipe.section import RecipeRefused

NO_KP = IndexHistory()
JUNE = quake("2020-06-01T00:00:00", name="june")
YEAR = ends("2020-01-01", "2021-01-01")


def prepared(quakes: Catalogue, how: LabelRules, windows: np.ndarray = YEAR) -> Labelling:
    return prepare(windows, WINDOW_MS, HERE, quakes, how, NO_KP)


def labelled(quakes: Catalogue, how: LabelRules, windows: np.ndarray = YEAR) -> Labels:
    return prepared(quakes, how, windows).labels()


def test_one_earthquake() -> None:
    found = labelled(catalogue(JUNE), rules())
    assert window_ends(found, found.seismic) == ["2020-05-25T02", "2020-06-01T00"]
    assert found.seismic.sum() == 7 * 24 - 1
    before = found.non_seismic & (found.end_ms < JUNE.time_ms)
    after = found.non_seismic & (found.end_ms > JUNE.time_ms)
    # The origin itself is the edge of the guard, and a window has to be farther than that.
    assert window_ends(found, before) == ["2020-01-01T02", "2020-05-17T23"]
    assert window_ends(found, after) == ["2020-06-15T03", "2021-01-01T00"]
    assert set(found.block[found.seismic]) == {0}
    assert set(found.block[found.kind == NEITHER]) == {-1}


def test_steps_say_what_each_rule_left() -> None:
    quakes = catalogue(
        JUNE,
        quake("2020-06-01T05:00:00", 5.1, name="aftershock"),
        quake("2020-07-01", 6.0, 301.0, name="far"),
        quake("2020-08-01", 4.9, name="small"),
        quake("2020-08-05", 5.5, depth=400, name="deep"),
        quake("2031-01-01", name="after-the-recording"),
    )
    how = rules(depth_max_km=100.0, local_hours=[22.0, 4.0])
    steps = labelled(quakes, how).steps
    assert [one.events for one in steps] == [6, 5, 4, 3, 2, 1, 1, 1]
    assert [one.windows for one in steps[:5]] == [None] * 5
    assert [one.windows for one in steps[5:7]] == [len(YEAR), 366 * 6]
    assert steps[5].station_days == pytest.approx(366, abs=0.1)
    assert "Dobrovolsky" not in steps[1].step
    assert "within 300 km" in steps[1].step


def test_what_does_not_count_still_keeps_non_seismic_windows_away() -> None:
    quakes = catalogue(
        JUNE,
        quake("2020-06-03T00:00:00", 5.1, name="aftershock"),
        quake("2020-09-01T00:00:00", 6.0, depth=400, name="deep"),
        quake("2020-11-01T00:00:00", 8.0, name="too large"),
    )
    found = labelled(quakes, rules(depth_max_km=100.0, magnitude_max=7.0))
    assert [one.event_id for one in found.events] == ["june"]
    for other in quakes.earthquakes:
        away_ms = np.abs(found.end_ms[found.non_seismic] - other.time_ms)
        assert away_ms.min() > 14 * DAY_MS


def test_small_and_distant_earthquakes_keep_nothing_away() -> None:
    quakes = catalogue(JUNE, quake("2020-09-01", 4.9), quake("2020-09-02", 7.0, 301.0))
    assert (
        labelled(quakes, rules()).non_seismic.sum()
        == labelled(catalogue(JUNE), rules()).non_seismic.sum()
    )


def test_a_window_before_two_earthquakes_belongs_to_the_nearer() -> None:
    second = quake("2020-06-05T00:00:00", km_north=200.0, name="second")
    found = labelled(catalogue(JUNE, second), rules())
    assert [one.event_id for one in found.events] == ["june", "second"]
    assert window_ends(found, found.block == 0) == ["2020-05-25T02", "2020-06-01T00"]
    # A window that holds the sample of the first origin shows the earthquake itself.
    assert window_ends(found, found.block == 1) == ["2020-06-01T03", "2020-06-05T00"]


def test_the_filter_must_not_reach_into_the_earthquake() -> None:
    found = prepare(
        YEAR, WINDOW_MS, HERE, catalogue(JUNE), rules(), NO_KP, margin_ms=HOUR_MS + 1
    ).labels()
    assert window_ends(found, found.seismic) == ["2020-05-25T02", "2020-05-31T22"]


def test_a_lead_that_ends_before_the_origin() -> None:
    found = labelled(catalogue(JUNE), rules(lead_begin_days=4.0, lead_end_days=1.0))
    assert window_ends(found, found.seismic) == ["2020-05-28T02", "2020-05-31T00"]


def test_an_event_without_data_before_it_does_not_count() -> None:
    windows = YEAR[(JUNE.time_ms - 8 * DAY_MS > YEAR) | (JUNE.time_ms < YEAR)]
    july = quake("2020-07-10T00:00:00", name="july")
    found = labelled(catalogue(JUNE, july), rules(), windows)
    assert [one.event_id for one in found.events] == ["july"]
    assert set(found.block[found.seismic]) == {0}


@pytest.mark.parametrize(("hours", "share"), [([22.0, 4.0], 6 / 24), ([8.0, 20.0], 12 / 24)])
def test_local_hours_are_those_of_the_middle_of_a_window(hours: list[float], share: float) -> None:
    found = labelled(catalogue(JUNE), rules(local_hours=hours))
    used = found.end_ms[found.kind != NEITHER] - WINDOW_MS // 2
    local = (used / HOUR_MS + HERE.longitude_deg / 15) % 24
    begin, end = hours
    inside = (local >= begin) & (local < end) if begin < end else (local >= begin) | (local < end)
    assert inside.all()
    assert found.seismic.sum() == pytest.approx(7 * 24 * share, abs=2)


def test_windows_that_are_disturbed_or_of_unknown_kp_are_neither() -> None:
    begin_ms, step_ms = utc_ms("2020-01-01"), 3 * HOUR_MS
    values = [
        IndexInterval(
            KP, start, start + step_ms, start + step_ms, 5.0 if start % DAY_MS == 0 else 1.0
        )
        for start in range(begin_ms, utc_ms("2020-12-01"), step_ms)
    ]
    kp = IndexHistory(values)
    found = prepare(YEAR, WINDOW_MS, HERE, catalogue(JUNE), rules(kp_max=4.0), kp).labels()
    used = found.end_ms[found.kind != NEITHER]
    assert used.max() <= utc_ms("2020-12-01")
    begins = (used - WINDOW_MS) % DAY_MS
    assert begins.min() == step_ms  # the day's first interval is disturbed
    assert found.seismic.sum() == pytest.approx(7 * 20, abs=2)
    revised = kp.with_values(
        IndexInterval(KP, one.start_ms, one.end_ms, one.known_ms + 1, 9.0) for one in values
    )
    with pytest.raises(LabelsRefused, match="no window is left after 'Kp known and at most 4'"):
        prepare(YEAR, WINDOW_MS, HERE, catalogue(JUNE), rules(kp_max=4.0), revised).labels()


def test_control_blocks_are_as_long_as_the_lead() -> None:
    found = labelled(catalogue(JUNE), rules())
    blocks = found.block[found.non_seismic]
    assert np.unique(blocks).tolist() == list(range(1, blocks.max() + 1))
    week = found.end_ms[found.non_seismic] // (7 * DAY_MS)
    assert len(np.unique(week)) == len(np.unique(blocks))
    for one in np.unique(blocks):
        assert len(np.unique(week[blocks == one])) == 1


def test_where_the_catalogue_is_silent_nothing_is_non_seismic() -> None:
    quakes = catalogue(quake("2020-03-01", 5.5, 9000.0), JUNE, quake("2020-10-01", 5.5, 9000.0))
    found = labelled(quakes, rules(covered_from_utc="", covered_until_utc=""))
    used = found.end_ms[found.non_seismic]
    assert used.min() - WINDOW_MS == utc_ms("2020-03-15")
    assert used.max() == utc_ms("2020-09-17")
    assert "the catalogue does not tell" in found.steps[-1].step


def test_the_placebo_is_after_the_same_earthquakes() -> None:
    found = prepared(catalogue(JUNE), rules())
    placebo = found.placebo(aftermath_days=1.0)
    assert window_ends(placebo, placebo.seismic) == ["2020-06-02T02", "2020-06-09T00"]
    assert placebo.seismic.sum() == found.labels().seismic.sum()
    np.testing.assert_array_equal(placebo.non_seismic, found.labels().non_seismic)
    assert placebo.events == found.labels().events


def test_the_placebo_takes_no_window_before_another_earthquake() -> None:
    second = quake("2020-06-11T00:00:00", km_north=200.0, name="second")
    found = prepared(catalogue(JUNE, second), rules())
    placebo = found.placebo()
    assert not (placebo.seismic & found.labels().seismic).any()
    assert window_ends(placebo, placebo.block == 0) == ["2020-06-02T02", "2020-06-04T01"]


def test_an_event_without_a_lead_has_no_placebo() -> None:
    windows = YEAR[JUNE.time_ms < YEAR]
    july = quake("2020-07-10T00:00:00", name="july")
    placebo = prepared(catalogue(JUNE, july), rules(), windows).placebo()
    assert [one.event_id for one in placebo.events] == ["july"]


def test_events_can_be_moved_and_their_aftershocks_move_with_them() -> None:
    after = quake("2020-06-03T00:00:00", 5.1, name="aftershock")
    found = prepared(catalogue(JUNE, after), rules())
    moved = found.relabel(found.event_times_ms + 90 * DAY_MS)
    assert moved.events[0].time_ms == JUNE.time_ms + 90 * DAY_MS
    assert moved.events[0].event_id == "june"
    shifted = found.labels().kind[: -90 * 24]
    np.testing.assert_array_equal(moved.kind[90 * 24 :][180 * 24 :], shifted[180 * 24 :])
    away_ms = np.abs(moved.end_ms[moved.non_seismic] - after.time_ms - 90 * DAY_MS)
    assert away_ms.min() > 14 * DAY_MS


def test_moved_out_of_the_recording_nothing_is_seismic() -> None:
    found = prepared(catalogue(JUNE), rules())
    away = found.relabel(found.event_times_ms + 900 * DAY_MS)
    assert not away.seismic.any()
    assert away.non_seismic.all()
    assert away.events == ()
    with pytest.raises(ValueError, match="2 times for 1 events"):
        found.relabel(np.zeros(2, dtype=np.int64))


@pytest.mark.parametrize(
    ("quakes", "changes", "told"),
    [
        ([JUNE], {"radius_km": 1.0, "magnitude_min": 6.0}, "no earthquake is left after 'magn"),
        ([quake("2020-06-01", 5.5, 400.0)], {}, "after 'within 300 km'.*300 km: 0 earthquakes"),
        ([JUNE], {"depth_max_km": 5.0}, "no earthquake is left after 'no deeper than 5 km'"),
        ([quake("2025-06-01")], {}, "is left after 'complete windows were recorded'"),
        ([quake("2021-01-08")], {}, "no earthquake with a window before it .*non-seismic: "),
        ([JUNE], {"guard_days": 400.0}, r"no non-seismic window is left .*\(0 windows\)"),
    ],
)
def test_rules_that_leave_nothing_say_where_it_was_lost(
    quakes: list[Earthquake], changes: dict[str, object], told: str
) -> None:
    with pytest.raises(LabelsRefused, match=told):
        labelled(catalogue(*quakes), rules(**changes))


def test_bad_rules_and_windows_are_refused() -> None:
    with pytest.raises(RecipeRefused, match=r"labels\.guard_days"):
        labelled(catalogue(JUNE), rules(guard_days=1.0))
    for windows in (YEAR[:1], YEAR[::-1]):
        with pytest.raises(LabelsRefused, match="in order of time"):
            labelled(catalogue(JUNE), rules(), windows)


def test_a_shuffle_of_the_events_with_windows_has_as_many_of_them() -> None:
    quakes = [quake(f"2020-{month:02}-20", km_north=20.0 * month) for month in range(1, 13)]
    windows = YEAR[(utc_ms("2020-03-01") > YEAR) | (utc_ms("2020-09-01") < YEAR)]
    whole = prepared(catalogue(*quakes), rules(guard_days=7.0), windows)
    used = whole.with_windows()
    assert [one.time_ms for one in used.events] == [one.time_ms for one in whole.labels().events]
    assert len(used.events) == 6 < len(whole.events)
    np.testing.assert_array_equal(used.labels().block, whole.labels().block)
    rng = np.random.default_rng(0)
    counts = [len(used.relabel(used.random_times_ms(rng)).events) for _ in range(100)]
    assert max(counts) <= 6
    assert np.mean(counts) > 5
    too_many = rng.integers(YEAR[0], YEAR[-1], (100, len(whole.events)))
    assert np.mean([len(whole.relabel(times).events) for times in too_many]) > 6
