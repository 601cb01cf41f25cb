import pytest

from bench.contest import Published
from bench.scaling import Shared, shared
from monitor.errors import Refused

LOOKS = [(0.0, [0.0, 1.0]), (10.0, [10.0, 1.0])]


def scores(*stations_at_s: tuple[str, float]) -> list[Published]:
    return [Published(at_s, station, f"{at_s}", 0.5) for station, at_s in stations_at_s]


def test_what_came_before_the_workers_had_their_shares_does_not_count() -> None:
    found = scores(("A", 1), ("B", 1), ("A", 3), ("B", 4), ("A", 5), ("B", 6), ("A", 8))
    assert shared(found, LOOKS, since_s=2.0) == Shared(3, 4.0, (4.0, 0.0))


def test_a_topic_that_is_empty_too_soon_is_refused() -> None:
    with pytest.raises(Refused, match="too few samples"):
        shared(scores(("A", 1), ("B", 1)), LOOKS, since_s=2.0)
