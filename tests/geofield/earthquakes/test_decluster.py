import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geofield.earthquakes.columns import columns, distance_km, near_pairs
from geofield.earthquakes.decluster import aftershocks, largest_of_swarms
from geofield.earthquakes.types import Earthquake
from tests.training.labels.builders import DAY_MS, HOUR_MS, quake


def found(*earthquakes: Earthquake) -> list[bool]:
    return aftershocks(columns(earthquakes), 100.0, 72.0, 5.0).tolist()


def test_aftershocks_are_near_soon_and_smaller() -> None:
    main = quake(0, 6.5)
    assert found(main, quake(HOUR_MS, 5.2, 99.0)) == [False, True]
    assert found(main, quake(HOUR_MS, 5.2, 101.0)) == [False, False]
    assert found(main, quake(72 * HOUR_MS, 5.2)) == [False, True]
    assert found(main, quake(72 * HOUR_MS + 1, 5.2)) == [False, False]
    assert found(main, quake(HOUR_MS, 6.5)) == [False, True]


def test_a_foreshock_does_not_take_its_main_shock_away() -> None:
    assert found(quake(0, 5.1), quake(HOUR_MS, 7.4)) == [False, False]


def test_small_earthquakes_have_no_aftershocks() -> None:
    assert found(quake(0, 4.9), quake(HOUR_MS, 4.0)) == [False, False]


def test_an_aftershock_has_aftershocks_of_its_own() -> None:
    chain = [quake(0, 7.0), quake(60 * HOUR_MS, 6.0), quake(120 * HOUR_MS, 5.0)]
    assert found(*chain) == [False, True, True]


def test_a_swarm_is_its_largest_earthquake() -> None:
    swarm = [quake(0, 5.0), quake(DAY_MS, 5.6), quake(2 * DAY_MS, 5.6), quake(40 * DAY_MS, 5.1)]
    assert largest_of_swarms(columns(swarm), 50.0, 3.0).tolist() == [False, True, False, True]
    assert largest_of_swarms(columns(swarm), 50.0, 0.0).tolist() == [True] * 4


def test_links_of_a_swarm_make_a_chain() -> None:
    chain = [quake(day * DAY_MS, 5.0 + day / 10, 40.0 * day) for day in range(5)]
    assert largest_of_swarms(columns(chain), 50.0, 1.5).tolist() == [False] * 4 + [True]


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.floats(0, 300), st.integers(40, 70)), max_size=30
    ).map(sorted),
    st.integers(0, 100),
    st.floats(0, 200),
)
def test_pairs_are_all_pairs(
    drawn: list[tuple[int, float, int]], hours: int, within_km: float
) -> None:
    quakes = columns([quake(hour * HOUR_MS, size / 10, km) for hour, km, size in drawn])
    earlier, later = near_pairs(quakes, hours * HOUR_MS, within_km)
    expected = {
        (i, j)
        for j in range(len(drawn))
        for i in range(j)
        if quakes.time_ms[j] - quakes.time_ms[i] <= hours * HOUR_MS
        and distance_km(quakes, np.array([i]), np.array([j]))[0] <= within_km
    }
    assert set(zip(earlier.tolist(), later.tolist(), strict=True)) == expected
    assert len(earlier) == len(expected)
