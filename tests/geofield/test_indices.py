import pytest

from geofield.indices import DstInterval, KpHistory, KpInterval
from geofield.score import KpKnown

FIRST = KpInterval(0, 100, 100, 2.0)
SECOND = KpInterval(100, 200, 200, 5.0)
HISTORY = KpHistory((SECOND, FIRST))


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "now_ms", "expected"),
    [
        (10, 90, 99, KpKnown(None, complete=False)),
        (10, 90, 100, KpKnown(2.0, complete=True)),
        (10, 110, 150, KpKnown(2.0, complete=False)),
        (10, 110, 200, KpKnown(5.0, complete=True)),
        (100, 200, 200, KpKnown(5.0, complete=True)),
        (150, 250, 300, KpKnown(5.0, complete=False)),
        (-10, 50, 300, KpKnown(2.0, complete=False)),
        (300, 400, 500, KpKnown(None, complete=False)),
    ],
)
def test_only_what_was_known_counts(
    start_ms: int, end_ms: int, now_ms: int, expected: KpKnown
) -> None:
    assert HISTORY.between(start_ms, end_ms, now_ms) == expected


def test_a_hole_is_not_covered() -> None:
    holed = KpHistory((FIRST, KpInterval(150, 250, 250, 1.0)))
    assert holed.between(50, 200, 300) == KpKnown(2.0, complete=False)


def test_a_later_value_revises_an_earlier_one_from_then_on() -> None:
    revised = HISTORY.with_values([KpInterval(0, 100, 500, 3.3)])
    assert revised.between(10, 90, 499).highest == 2.0
    assert revised.between(10, 90, 500).highest == 3.3


def test_the_same_value_twice_is_one() -> None:
    assert HISTORY.with_values([FIRST]) == HISTORY


@pytest.mark.parametrize("bad", [(5, 5, 0, 1.0), (0, 5, 0, 9.7), (0, 5, 0, -0.1)])
def test_what_is_no_kp_is_refused(bad: tuple[int, int, int, float]) -> None:
    with pytest.raises(ValueError, match="not a Kp interval"):
        KpInterval(*bad)


def test_dst_stands_beside_kp_and_never_makes_it_complete() -> None:
    history = HISTORY.with_values([], [DstInterval(0, 50, 60, -30.0), DstInterval(50, 99, 70, -80)])
    assert history.between(10, 90, 60) == KpKnown(None, complete=False, lowest_dst_nt=-30.0)
    assert history.between(10, 90, 100) == KpKnown(2.0, complete=True, lowest_dst_nt=-80.0)
    assert history.news_ms(10, 90) == [60, 70, 100]


def test_what_is_no_dst_is_refused() -> None:
    with pytest.raises(ValueError, match="not a Dst interval"):
        DstInterval(0, 5, 5, 99999.0)
