import pytest

from geofield.alerts.alert import AlertRules
from geofield.indices import (
    DST,
    HP30,
    INDICES,
    KP,
    Index,
    IndexHistory,
    IndexInterval,
    IndicesKnown,
)
from tests.data import CHECKOUT

FIRST = IndexInterval(KP, 0, 100, 100, 2.0)
SECOND = IndexInterval(KP, 100, 200, 200, 5.0)
HISTORY = IndexHistory((SECOND, FIRST))


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "now_ms", "expected"),
    [
        (10, 90, 99, IndicesKnown(None, complete=False)),
        (10, 90, 100, IndicesKnown(2.0, complete=True)),
        (10, 110, 150, IndicesKnown(2.0, complete=False)),
        (10, 110, 200, IndicesKnown(5.0, complete=True)),
        (100, 200, 200, IndicesKnown(5.0, complete=True)),
        (150, 250, 300, IndicesKnown(5.0, complete=False)),
        (-10, 50, 300, IndicesKnown(2.0, complete=False)),
        (300, 400, 500, IndicesKnown(None, complete=False)),
    ],
)
def test_only_what_was_known_counts(
    start_ms: int, end_ms: int, now_ms: int, expected: IndicesKnown
) -> None:
    assert HISTORY.between(start_ms, end_ms, now_ms) == expected


def test_a_hole_is_not_covered() -> None:
    holed = IndexHistory((FIRST, IndexInterval(KP, 150, 250, 250, 1.0)))
    assert holed.between(50, 200, 300) == IndicesKnown(2.0, complete=False)


def test_a_later_value_revises_an_earlier_one_from_then_on() -> None:
    revised = HISTORY.with_values([IndexInterval(KP, 0, 100, 500, 3.3)])
    assert revised.between(10, 90, 499).highest == 2.0
    assert revised.between(10, 90, 500).highest == 3.3


def test_the_same_value_twice_is_one() -> None:
    assert HISTORY.with_values([FIRST]).of(KP) == (FIRST, SECOND)


@pytest.mark.parametrize("bad", [(5, 5, 0, 1.0), (0, 5, 0, 9.7), (0, 5, 0, -0.1)])
def test_what_is_no_kp_is_refused(bad: tuple[int, int, int, float]) -> None:
    with pytest.raises(ValueError, match="not a Kp interval"):
        IndexInterval(KP, *bad)


def test_dst_stands_beside_kp_and_never_makes_it_complete() -> None:
    history = HISTORY.with_values(
        [IndexInterval(DST, 0, 50, 60, -30.0), IndexInterval(DST, 50, 99, 70, -80)]
    )
    assert history.between(10, 90, 60) == IndicesKnown(None, complete=False, lowest_dst_nt=-30.0)
    assert history.between(10, 90, 100) == IndicesKnown(2.0, complete=True, lowest_dst_nt=-80.0)
    assert history.news_ms(10, 90) == [60, 70, 100]


def test_a_further_index_is_told_by_its_name_and_says_neither_storm_nor_quiet() -> None:
    history = HISTORY.with_values([IndexInterval(HP30, 0, 50, 60, 4.0)])
    assert history.between(10, 40, 99) == IndicesKnown(None, False, others=(("Hp30", 4.0),))
    assert history.between(10, 40, 100) == IndicesKnown(2.0, True, others=(("Hp30", 4.0),))
    assert not AlertRules().is_storm(history.between(10, 40, 99))
    assert not history.between(10, 40, 99).at_most(9.0)


def test_of_an_index_that_falls_the_lowest_value_is_told() -> None:
    falling = Index("made up", "nobody", 50, -100, 0, falls=True)
    values = [IndexInterval(falling, at, at + 50, at + 60, -float(at)) for at in (0, 50)]
    assert IndexHistory(values).between(0, 100, 500).others == (("made up", -50.0),)


def test_each_index_is_named_in_the_document() -> None:
    told = (CHECKOUT / "docs" / "records.md").read_text()
    for index in INDICES.values():
        assert f"| `{index.name}` | {index.source} |" in told


def test_what_is_no_dst_is_refused() -> None:
    with pytest.raises(ValueError, match="not a Dst interval"):
        IndexInterval(DST, 0, 5, 5, 99999.0)
