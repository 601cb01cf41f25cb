"""What is settled, and what no revision can change any more."""

from geofield.earthquakes.revisions import EarthquakeRevision, settled_earthquakes
from geofield.earthquakes.types import Earthquake

SETTLE_MS = 100


def revision(
    ids: str,
    known_ms: int,
    magnitude: float | None,
    origin_ms: int = 0,
    updated_ms: int | None = None,
) -> EarthquakeRevision:
    names = tuple(ids.split())
    quake = None
    if magnitude is not None:
        quake = Earthquake(origin_ms, 0.0, 0.0, 10.0, magnitude, names[0])
    return EarthquakeRevision(
        names, known_ms, known_ms if updated_ms is None else updated_ms, quake
    )


def magnitudes(*revisions: EarthquakeRevision, at_ms: int = 1000) -> list[float]:
    return [quake.magnitude for quake in settled_earthquakes(revisions, SETTLE_MS, at_ms)]


def test_the_newest_revision_before_settling_counts_and_later_ones_change_nothing() -> None:
    revisions = revision("a", 10, 6.0), revision("a", 100, 5.5), revision("a", 101, 4.0)
    assert magnitudes(*revisions) == [5.5]
    assert magnitudes(*reversed(revisions)) == [5.5]
    assert magnitudes(*revisions, at_ms=99) == []  # not settled yet


def test_an_older_revision_that_comes_late_does_not_replace_a_newer_one() -> None:
    assert magnitudes(
        revision("a", 10, 6.0, updated_ms=9), revision("a", 20, 5.0, updated_ms=3)
    ) == [6.0]


def test_any_id_makes_revisions_one_event() -> None:
    assert magnitudes(
        revision("a b", 10, 6.0), revision("c b", 20, 6.1), revision("c", 30, 6.2)
    ) == [6.2]


def test_deleted_before_settling_is_gone_and_deleted_later_stays() -> None:
    assert magnitudes(revision("a", 10, 6.0), revision("a", 50, None)) == []
    assert magnitudes(revision("a", 10, 6.0), revision("a", 150, None)) == [6.0]


def test_two_events_that_turn_out_to_be_one_are_one() -> None:
    both = revision("a", 10, 6.0), revision("b", 20, 5.9, origin_ms=2)
    assert magnitudes(*both) == [6.0, 5.9]
    assert magnitudes(*both, revision("a b", 50, 6.1)) == [6.1]
    # once the first is settled the later one joins it and is no second event
    assert magnitudes(*both, revision("a b", 101, 6.1)) == [6.0]


def test_what_becomes_known_after_its_settling_never_counts() -> None:
    assert magnitudes(revision("a", 101, 6.0)) == []
    assert magnitudes(revision("a", 10, None)) == []


def test_a_past_date_is_not_changed_by_what_came_after_it() -> None:
    history = [
        revision("a", 10, 6.0),
        revision("a", 90, 5.8),
        revision("b", 120, 5.0, origin_ms=110),
        revision("a b", 205, 7.0),
        revision("c", 230, 6.5, origin_ms=225),
    ]
    for at_ms in range(0, 400, 5):
        known = [one for one in history if one.known_ms <= at_ms]
        assert magnitudes(*known, at_ms=at_ms) == magnitudes(*history, at_ms=at_ms)
