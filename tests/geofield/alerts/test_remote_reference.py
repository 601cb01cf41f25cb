"""The remote reference, from scores that come in any order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.alerts.remote_reference import (
    MEMORY_MS,
    Mark,
    NetworkRules,
    Remote,
    Seen,
    StationNetwork,
    distant_stations,
)
from geofield.utc import DAY_MS

HOP_MS = 64_000
NOW_MS = 10_000_000_000
POSITIONS = {
    "HOM": (48.0, 16.0),
    "NEA": (47.0, 15.0),  # 130 km away
    "FAR": (21.3, -158.0),
    "FRA": (-25.9, 27.7),
    "OFF": (64.9, -147.9),
}
DISTANT = distant_stations(POSITIONS, 1000.0)
EMPTY = StationNetwork(HOP_MS, DISTANT, NetworkRules())


def row(station: str, marks: str, first: int = 100, published_ms: int = NOW_MS) -> list[Seen]:
    """Windows from `first` on: `x` exceeds, `.` is calm, a space says nothing."""
    kinds = {"x": Mark.EXCEEDS, ".": Mark.CALM, " ": Mark.NOTHING}
    return [
        Seen(station, (first + n) * HOP_MS, kinds[letter], published_ms)
        for n, letter in enumerate(marks)
    ]


def network(**rows: str) -> StationNetwork:
    return EMPTY.with_windows(
        itertools.chain.from_iterable(row(station, marks) for station, marks in rows.items())
    )


def compare(view: StationNetwork) -> Remote:
    """Of an alert on windows 102 to 107."""
    return view.compare("HOM", 101 * HOP_MS, 107 * HOP_MS)


def test_a_distant_station_that_exceeds_in_the_same_windows_is_a_witness() -> None:
    #                        102   107
    view = network(HOM="..xxxxxx..", FAR="...xxxx...", FRA="..........", NEA="..xxxxxx..")
    assert compare(view) == Remote(stations=3, compared=2, witnesses=1)


def test_a_near_station_is_no_witness() -> None:
    assert compare(network(HOM="..xxxxxx..", NEA="..xxxxxx..")) == Remote(3, 0, 0)
    assert DISTANT["HOM"] == ("FAR", "FRA", "OFF")


def test_other_times_are_other_disturbances() -> None:
    assert compare(network(HOM="..xxxxxx......", FAR=".........xxxxx")).witnesses == 0


def test_one_window_earlier_or_later_is_the_same() -> None:
    assert compare(network(HOM="..x.x.x.x.", FAR=".x.x.x.x..")).witnesses == 1


def test_windows_without_a_score_say_nothing() -> None:
    assert compare(network(HOM="..xxxxxx..", FAR="          ")) == Remote(3, 0, 0)
    assert compare(network(HOM="..xxxxxx..", FAR="...       ")) == Remote(3, 0, 0)


@pytest.mark.parametrize(
    ("compared", "witnesses", "shared"),
    [(0, 0, False), (1, 1, True), (10, 1, True), (11, 1, False), (20, 2, True), (21, 2, False)],
)
def test_a_share_of_those_compared_must_be_witnesses(
    compared: int, witnesses: int, shared: bool
) -> None:
    assert Remote(20, compared, witnesses).shared(NetworkRules()) is shared


def test_a_station_without_a_position_has_no_remote_reference() -> None:
    view = network(NEW="..xxxxxx..", FAR="..xxxxxx..")
    assert view.compare("NEW", 0, 200 * HOP_MS) == Remote(0, 0, 0)
    assert not view.awaits("NEW", 107 * HOP_MS, NOW_MS)


def test_a_station_that_is_behind_is_waited_for_until_it_falls_silent() -> None:
    full = dict.fromkeys(("HOM", "FAR", "FRA", "OFF"), "." * 9)
    end_ms, wait_ms = 107 * HOP_MS, EMPTY.rules.wait_ms
    assert not network(**full).awaits("HOM", end_ms, NOW_MS)
    for station in full:
        view = network(**(full | {station: "...."}))
        assert view.awaits("HOM", end_ms, NOW_MS)
        assert view.awaits("HOM", end_ms, NOW_MS + wait_ms - 1)
        assert not view.awaits("HOM", end_ms, NOW_MS + wait_ms)


def test_a_station_never_heard_of_is_waited_for_from_the_beginning_on() -> None:
    view = StationNetwork(HOP_MS, DISTANT, NetworkRules(), since_ms=NOW_MS)
    assert view.awaits("HOM", 0, NOW_MS)
    assert not view.awaits("HOM", 0, NOW_MS + view.rules.wait_ms)


ROWS = st.fixed_dictionaries(
    {station: st.text("x. ", min_size=1, max_size=12) for station in POSITIONS}
)


@given(ROWS, st.randoms())
def test_any_order_and_any_batches_give_the_same_network(rows: dict[str, str], random) -> None:  # type: ignore[no-untyped-def]
    windows = [seen for station, marks in rows.items() for seen in row(station, marks)]
    shuffled = [*windows, *windows[::3]]
    random.shuffle(shuffled)
    view = EMPTY
    while shuffled:
        size = random.randint(1, 9)
        view, shuffled = view.with_windows(shuffled[:size]), shuffled[size:]
    assert view == EMPTY.with_windows(windows)


@given(ROWS, st.integers(1, 60))
def test_more_scores_never_lessen_the_evidence(rows: dict[str, str], known: int) -> None:
    """Once the alert's own windows are known, as `awaits` asks."""
    rows = rows | {"HOM": "..xxxxxx.."}
    own = EMPTY.with_windows(row("HOM", rows.pop("HOM")))
    windows = [seen for station, marks in rows.items() for seen in row(station, marks)]
    part, all_of_it = own.with_windows(windows[:known]), own.with_windows(windows)
    assert compare(part).evidence <= compare(all_of_it).evidence
    if compare(part).evidence == compare(all_of_it).evidence:
        assert compare(part) == compare(all_of_it)


def test_no_positions_make_no_network() -> None:
    assert distant_stations({}, 1000.0) == {}


@pytest.mark.parametrize("hop_ms", [1000, HOP_MS, 3_600_000])
def test_stations_that_exceeded_together_are_still_known_after_four_weeks(hop_ms: int) -> None:
    view = StationNetwork(hop_ms, DISTANT, NetworkRules())
    for station in ("HOM", "FAR"):
        for end_ms in (100 * hop_ms, 100 * hop_ms + 28 * DAY_MS):
            view = view.with_windows([Seen(station, end_ms, Mark.EXCEEDS, NOW_MS)])
    assert view.compare("HOM", 99 * hop_ms, 100 * hop_ms).witnesses == 1


def test_memory_is_bounded_in_event_time() -> None:
    kept = MEMORY_MS // HOP_MS
    view = EMPTY.with_windows(row("FAR", "x")).with_windows(row("FAR", "x", first=100 + 3 * kept))
    assert len(view.tracks["FAR"].marks) == kept
    late = view.with_windows(row("FAR", "x"))
    assert late == view


@pytest.mark.parametrize("bad", [{"min_witnesses": 0}, {"min_share": 1.1}, {"overlap": 0.0}])
def test_rules_that_cannot_be_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="witness"):
        NetworkRules(**bad)  # type: ignore[arg-type]
