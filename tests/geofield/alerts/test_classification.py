"""What a resolved alert is called in the end does not depend on the order of what is known."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.alerts.alert import Alert, AlertRules, AlertState, Change, Unclassified
from geofield.alerts.classification import classify
from geofield.alerts.life_cycle import follow
from geofield.alerts.remote_reference import (
    Mark,
    NetworkRules,
    Seen,
    StationNetwork,
    distant_stations,
)
from geofield.indices import DST, KP, IndexHistory, IndexInterval
from tests.geofield.alerts.test_alert import HOP_MS, HOUR_MS, RULES, window
from tests.geofield.builders import MODEL, START_MS

DAY_MS = 86_400_000
NOW_MS = START_MS + 365 * DAY_MS
POSITIONS = {"WIC": (48.0, 16.0), "HON": (21.3, -158.0), "HER": (-34.4, 19.2)}
LONELY = StationNetwork(HOP_MS)
NETWORK = StationNetwork(
    HOP_MS, distant_stations(POSITIONS, 1000.0), NetworkRules(), since_ms=NOW_MS
)
QUIET = IndexHistory(
    (IndexInterval(KP, START_MS, START_MS + 3 * HOUR_MS, START_MS + 4 * HOUR_MS, 1.0),)
)
EXCEEDING = range(5, 11)


def resolved() -> Alert:
    """An alert of WIC on six windows, as it ends."""
    state, last = AlertState(), None
    for number in range(20):
        rmse = 2.0 if number in EXCEEDING else 0.1
        state, versions = follow(state, window(number, rmse), MODEL, IndexHistory(), RULES)
        last = versions[-1] if versions else last
    assert last is not None
    assert last.change is Change.RESOLVED
    return last


ALERT = resolved()
WAITING = (Unclassified(ALERT),)


def seen(station: str, exceeding: range = range(0), until: int = 40) -> list[Seen]:
    return [
        Seen(
            station,
            window(number, 1.0).end_ms,
            Mark.EXCEEDS if number in exceeding else Mark.CALM,
            NOW_MS,
        )
        for number in range(until)
    ]


def settled(
    history: IndexHistory, network: StationNetwork, newest_ms: int = 0, now_ms: int = NOW_MS
) -> tuple[tuple[Unclassified, ...], list[Alert]]:
    return classify(WAITING, newest_ms, history, network, RULES, now_ms)


def classes(versions: list[Alert]) -> list[tuple[int, str]]:
    return [(one.version - ALERT.version, one.classification.value) for one in versions]


CALM = [*seen("WIC", EXCEEDING), *seen("HON"), *seen("HER")]
SHARED = [*seen("WIC", EXCEEDING), *seen("HON", EXCEEDING), *seen("HER")]


def test_without_a_network_kp_alone_decides_and_the_record_says_so() -> None:
    waiting, (local,) = settled(QUIET, LONELY)
    assert classes([local]) == [(1, "local")]
    assert (local.change, local.decided_ms) == (Change.UPDATED, START_MS + 4 * HOUR_MS)
    assert local.remote is not None
    assert local.remote.stations == 0
    assert waiting == ()


def test_without_indices_nothing_is_said_until_it_is_given_up() -> None:
    shared = NETWORK.with_windows(SHARED)
    assert settled(IndexHistory(), LONELY) == (WAITING, [])
    assert settled(IndexHistory(), shared) == (WAITING, [])
    long_after_ms = ALERT.end_ms + RULES.settle_ms
    assert settled(IndexHistory(), shared, newest_ms=long_after_ms) == ((), [])


def test_kp_that_becomes_known_too_late_does_not_count() -> None:
    late = replace(QUIET.of(KP)[0], known_ms=ALERT.end_ms + RULES.settle_ms + 1)
    assert settled(IndexHistory((late,)), LONELY)[1] == []


def test_a_storm_needs_no_network_and_is_the_next_version() -> None:
    storm = QUIET.with_values([IndexInterval(DST, START_MS, START_MS + HOUR_MS, START_MS, -99.0)])
    waiting, versions = settled(storm, NETWORK)
    assert classes(versions) == [(1, "space-weather")]
    assert versions[0].remote is None
    assert waiting == ()


def test_a_later_revision_of_kp_changes_nothing() -> None:
    revised = QUIET.with_values([replace(QUIET.of(KP)[0], known_ms=START_MS + DAY_MS, value=8.0)])
    assert settled(revised, LONELY) == settled(QUIET, LONELY)


def test_a_shared_disturbance_is_global_and_an_unshared_one_local() -> None:
    assert classes(settled(QUIET, NETWORK.with_windows(CALM))[1]) == [(3, "local")]
    (shared,) = settled(QUIET, NETWORK.with_windows(SHARED))[1]
    assert classes([shared]) == [(4, "global")]
    assert shared.remote is not None
    assert (shared.remote.compared, shared.remote.witnesses) == (2, 1)


def test_local_is_not_said_while_a_station_could_be_behind() -> None:
    behind = NETWORK.with_windows([*seen("WIC", EXCEEDING), *seen("HON"), *seen("HER", until=9)])
    assert settled(QUIET, behind) == (WAITING, [])
    wait_ms = behind.rules.wait_ms
    assert classes(settled(QUIET, behind, now_ms=NOW_MS + wait_ms)[1]) == [(3, "local")]


def test_who_was_given_up_and_comes_back_corrects_what_was_said() -> None:
    partly = NETWORK.with_windows([*seen("WIC", EXCEEDING), *seen("HER")])
    late_ms = NOW_MS + NETWORK.rules.wait_ms
    waiting, first = settled(QUIET, partly, now_ms=late_ms)
    assert classes(first) == [(2, "local")]
    known = partly.with_windows(seen("HON", EXCEEDING))
    _, second = classify(waiting, 0, QUIET, known, RULES, late_ms)
    assert classes(second) == [(4, "global")]
    assert second == settled(QUIET, NETWORK.with_windows(SHARED))[1]


def test_nothing_is_kept_once_everyone_is_well_past_the_alert() -> None:
    assert len(settled(QUIET, NETWORK.with_windows(CALM))[0]) == 1
    later = [*seen("WIC", EXCEEDING, 80), *seen("HON", until=80), *seen("HER", until=80)]
    waiting, versions = settled(QUIET, NETWORK.with_windows(later))
    assert (waiting, classes(versions)) == ((), [(3, "local")])


def test_what_was_said_is_not_said_again_while_it_may_be_corrected() -> None:
    view = NETWORK.with_windows([*seen("WIC", EXCEEDING), *seen("HER")])
    late_ms = NOW_MS + NETWORK.rules.wait_ms
    waiting, _ = settled(QUIET, view, now_ms=late_ms)
    assert len(waiting) == 1
    assert classify(waiting, 0, QUIET, view, RULES, late_ms) == (waiting, [])
    assert classify(waiting, ALERT.end_ms + RULES.settle_ms, QUIET, view, RULES, late_ms) == (
        (),
        [],
    )


def interleaved(windows: list[Seen], random: Random) -> list[Seen | None]:
    """Each station's windows in their order, and Kp (None) somewhere between them."""
    pace = {station: random.random() for station in POSITIONS}
    queues = {
        station: [seen for seen in windows if seen.station == station] for station in POSITIONS
    }
    news: list[Seen | None] = []
    while any(queues.values()):
        left = [station for station, queue in queues.items() if queue]
        (station,) = random.choices(left, [pace[one] for one in left])
        news.append(queues[station].pop(0))
    news.insert(random.randint(0, len(news)), None)
    return news


@pytest.mark.parametrize("windows", [CALM, SHARED])
@given(seed=st.integers(0, 2**32), impatience=st.integers(0, 1))
def test_any_order_of_knowledge_ends_in_the_same_alert(
    windows: list[Seen], seed: int, impatience: int
) -> None:
    """Kp early or late, stations at any pace of their own, given up or waited for, restarts."""
    random = Random(seed)  # noqa: S311 - a test that can be repeated
    news = interleaved([*windows], random)
    now_ms = NOW_MS + impatience * NETWORK.rules.wait_ms
    view, history, waiting, last = NETWORK, IndexHistory(), WAITING, None
    # an impatient worker gives others up, but has always read its own station's scores
    if impatience:
        view = view.with_windows(one for one in windows if one.station == "WIC")
    while news:
        size = random.randint(1, 30)
        batch, news = news[:size], news[size:]
        history = QUIET if None in batch else history
        view = view.with_windows(one for one in batch if one is not None)
        said_before = waiting
        waiting, versions = classify(waiting, 0, history, view, RULES, now_ms)
        if random.random() < 0.2:  # killed before its checkpoint: the same is said again
            waiting = said_before
        for version in versions:
            assert last is None or version.version >= last.version
            last = version
    _, final = classify(waiting, 0, history, view, RULES, now_ms)
    last = final[-1] if final else last
    assert last == settled(QUIET, NETWORK.with_windows(windows))[1][-1]


def test_waiting_alerts_of_default_rules_are_let_go_after_a_day() -> None:
    assert AlertRules().settle_ms == DAY_MS
