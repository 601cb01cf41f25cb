from archive.kp import kp_intervals

HOUR_MS = 3_600_000
STORM_MS = 1_715_299_200_000  # 2024-05-10T00:00:00Z


def test_the_storm_of_may_2024_stands_where_it_was() -> None:
    day = kp_intervals(STORM_MS, STORM_MS + 24 * HOUR_MS)
    assert len(day) == 8
    assert [kp.start_ms for kp in day] == [STORM_MS + n * 3 * HOUR_MS for n in range(8)]
    assert [round(kp.value, 1) for kp in day] == [2.7, 2.7, 2.3, 2.0, 3.7, 7.7, 8.7, 8.7]


def test_a_value_is_known_when_its_interval_is_over() -> None:
    for kp in kp_intervals(STORM_MS, STORM_MS + 24 * HOUR_MS):
        assert kp.end_ms - kp.start_ms == 3 * HOUR_MS
        assert kp.known_ms == kp.end_ms


def test_forecasts_are_not_taken_for_observations() -> None:
    year_2040_ms = 2_208_988_800_000
    assert kp_intervals(year_2040_ms, year_2040_ms + 24 * HOUR_MS) == []
