"""Living profiles in the step: a period of 100 windows of 8 s."""

import zlib
from dataclasses import replace
from functools import cache
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofield.alerts.alert import Change
from geofield.alerts.reviews import HEARD_AFTER_MS, ReviewHistory, Word
from geofield.calibration.living.life import Life, joined
from geofield.calibration.living.refit import counted
from geofield.calibration.living.rules import LivingRules
from geofield.calibration.profile import StationProfile
from geofield.indices import KP, IndexHistory, IndexInterval
from geofield.series.samples import Samples
from geofield.step import Outcome, StationState
from monitor.worker.checkpoint import StationCheckpoint, decode, encode
from tests.geofield.builders import SPEC, START_MS
from tests.geofield.calibration.online.test_state import with_burst
from tests.geofield.learning import HOP_MS, ONLINE, RULES, days, loudness, records, watched

PERIOD = 100
LIVING = LivingRules(7 * PERIOD * HOP_MS, guard_ms=20 * HOP_MS)
VALUES_NT = with_burst(loudness(3400, seed=1), 2500, 40)
FIRST = watched([records(VALUES_NT[: 1500 * SPEC.hop])], replace(RULES, online=ONLINE))[1]


def profile() -> StationProfile:
    """The first profile that the station's own first windows gave."""
    found = next(fit.profile for fit in FIRST.fits if fit.profile is not None)
    return replace(found, effective_ms=None)


ALIVE = replace(RULES, online=None, living=LIVING, profiles={"NEW": (profile(),)})
LATER = 1500  # windows that the profile was fitted to, and some more


def later(begin: int = LATER, end: int = 3400) -> list[Samples]:
    return records(VALUES_NT[begin * SPEC.hop : end * SPEC.hop], begin=begin * SPEC.hop)


def everything(outcome: Outcome) -> tuple[object, ...]:
    return outcome.scores, outcome.alerts


def restarted(states: dict[str, StationState]) -> dict[str, StationState]:
    """The states as a worker that was killed reads them back."""
    read = [
        decode(encode(name, StationCheckpoint(one, 0, 7), "f"), "f") for name, one in states.items()
    ]
    return {name: checkpoint.state for name, checkpoint in filter(None, read)}


REFERENCE = watched([[record] for record in later()], ALIVE)[1]


def thresholds(outcome: Outcome) -> list[float]:
    return [one.score.threshold for one in outcome.scores if one.score]


def test_a_profile_lives_on_and_its_alerts_do_not_teach_it() -> None:
    found = thresholds(REFERENCE)
    assert found[0] == profile().threshold
    assert len(set(found)) > 15
    assert any(alert.change is Change.OPENED for alert in REFERENCE.alerts)
    calm_nt = loudness(3400, seed=1)[LATER * SPEC.hop :]
    _, calm = watched([records(calm_nt, begin=LATER * SPEC.hop)], ALIVE)
    np.testing.assert_allclose(found, thresholds(calm), rtol=0.15)
    last = REFERENCE.scores[-1].score
    assert last is not None
    assert last.promise is not None
    assert last.promise.opened >= 1
    assert last.promise.days == pytest.approx(days(1800), rel=0.15)


@given(st.lists(st.integers(1, 36), max_size=8, unique=True), st.booleans())
@settings(max_examples=6)
def test_batches_and_restarts_change_nothing(cuts: list[int], one_by_one: bool) -> None:
    bounds = [LATER, *(LATER + 50 * cut for cut in sorted(cuts)), 3400]
    states: dict[str, StationState] = {}
    total = Outcome([], [], [])
    for begin, end in pairwise(bounds):
        part = later(begin, end)
        batches = [[record] for record in part] if one_by_one else [part]
        states, outcome = watched(batches, ALIVE, states=restarted(states))
        total.scores.extend(outcome.scores)
        total.alerts.extend(outcome.alerts)
    assert everything(total) == everything(REFERENCE)


def test_two_stations_live_their_own_lives() -> None:
    other = [replace(record, station="OLD") for record in later()]
    rules = replace(ALIVE, profiles={**ALIVE.profiles, "OLD": (replace(profile(), station="OLD"),)})
    batches = [[a, b] for a, b in zip(later(), other, strict=True)]
    _, together = watched(batches, rules)
    assert [one for one in together.scores if one.station == "NEW"] == REFERENCE.scores
    assert len({one.score.threshold for one in together.scores if one.score}) > 30


def test_another_profile_ends_a_life_and_begins_its_own() -> None:
    since_ms = START_MS + 2000 * HOP_MS
    second = replace(profile(), threshold=3.0, effective_ms=since_ms)
    rules = replace(ALIVE, profiles={"NEW": (profile(), second)})
    states, outcome = watched([later()], rules)
    by_end = {one.end_ms: one.score.threshold for one in outcome.scores if one.score}
    assert by_end[since_ms + HOP_MS] == 3.0
    assert by_end[since_ms] < 2.0
    life = states["NEW"].life
    assert isinstance(life, Life)
    assert life.root == (since_ms, second.calibrated_to_ms, 3.0)
    assert thresholds(outcome)[-1] != 3.0


def test_a_station_calibrated_on_the_way_lives_on_from_its_first_profile() -> None:
    rules = replace(RULES, living=LIVING)
    parts = [[record] for record in records(VALUES_NT)]
    states, outcome = watched(parts, rules)
    assert states["NEW"].learning.over
    fits = [fit for fit in outcome.fits if fit.profile is not None]
    assert len(fits) == 1
    assert len(set(thresholds(outcome))) > 10
    assert everything(watched([[one for part in parts for one in part]], rules)[1]) == everything(
        outcome
    )


def test_disturbed_hours_teach_nothing_and_their_alerts_are_not_counted() -> None:
    hours = 100 * HOP_MS
    starts = range(START_MS, START_MS + 3600 * HOP_MS, hours)
    stormy = {START_MS + 2500 * HOP_MS}
    history = IndexHistory(
        IndexInterval(KP, at, at + hours, at + hours, 6.0 if at in stormy else 1.0) for at in starts
    )
    _, told = watched([later()], ALIVE, history=history)
    last = told.scores[-1].score
    assert last is not None
    assert last.promise is not None
    before = next(
        one.score.promise.opened
        for one in told.scores
        if one.end_ms > START_MS + 2500 * HOP_MS and one.score and one.score.promise
    )
    opened = [alert for alert in told.alerts if alert.change is Change.OPENED]
    assert any(alert.start_ms > START_MS + 2490 * HOP_MS for alert in opened)
    assert last.promise.opened == before


def test_a_living_profile_that_is_switched_off_counts_as_it_was_made() -> None:
    states, _ = watched([later(end=2400)], ALIVE)
    fixed = replace(ALIVE, living=None)
    _, outcome = watched([later(2400)], fixed, states=states)
    assert set(thresholds(outcome)) == {profile().threshold}


def test_windows_near_an_alert_are_not_remembered() -> None:
    states, outcome = watched([later(end=2560)], ALIVE)
    life = states["NEW"].life
    assert life is not None
    opened = next(alert for alert in outcome.alerts if alert.change is Change.OPENED)
    setting = ALIVE.living_setting
    assert setting is not None
    stretch = joined(life, setting)
    ends_ms = stretch.end_ms(HOP_MS)[~np.isnan(stretch.values[:, 0])]
    assert not (ends_ms > opened.start_ms - LIVING.guard_ms).any()
    assert life.alarmed >= 20


def test_a_checkpoint_of_the_version_before_is_read_and_its_profile_begins_to_live() -> None:
    states, _ = watched([later(end=1600)], replace(ALIVE, living=None))
    document = msgspec.msgpack.decode(
        zlib.decompress(encode("NEW", StationCheckpoint(states["NEW"], 0, 7), "f"))
    )
    del document["state"]["life"]
    for window in document["state"]["alerts"]["recent"]:
        window["score"].pop("promise")
    for name in ("peaks", "alert_peaks", "count"):
        (document["state"]["learning"]["profile"] or {}).pop(name, None)
    found = decode(zlib.compress(msgspec.msgpack.encode(document)), "f")
    assert found is not None
    before = found[1].state
    assert before.life is None
    _, outcome = watched([later(1600)], ALIVE, states={"NEW": before})
    assert thresholds(outcome)[0] == profile().threshold
    assert len(set(thresholds(outcome))) > 10


def test_a_count_of_nothing_has_the_bytes_that_it_has_after_a_checkpoint() -> None:
    """An integer would be 0 in a record, and 0.0 once it has been read as a float."""
    assert isinstance(counted([], HOP_MS).expected, float)


def said(before: Outcome, of_the_field: bool, known_ms: int, place: int = 0) -> list[Word]:
    """What an observer says of every alert."""
    names = sorted({alert.id for alert in before.alerts})
    return [Word(name, place, known_ms, of_the_field) for name in names]


def opened(outcome: Outcome) -> list[int]:
    """Alerts counted beside the promise, window by window."""
    return [one.score.promise.opened for one in outcome.scores if one.score and one.score.promise]


@cache
def heard(*words: Word) -> Outcome:
    """The reference with what observers said."""
    rules = replace(ALIVE, reviews=ReviewHistory(words))
    return watched([[record] for record in later()], rules)[1]


LAST_MS = REFERENCE.scores[-1].end_ms
SAID_MS = next(alert.end_ms for alert in REFERENCE.alerts) + 20 * HOP_MS
NOT_THE_FIELDS = said(REFERENCE, of_the_field=False, known_ms=SAID_MS)


def test_an_alert_that_is_not_the_fields_does_not_teach_the_quiet() -> None:
    man_made = heard(*said(REFERENCE, of_the_field=False, known_ms=0))
    assert max(opened(REFERENCE)) >= 1
    assert max(opened(man_made)) == 0
    pairs = list(zip(thresholds(man_made), thresholds(REFERENCE), strict=True))
    assert all(without <= taught for without, taught in pairs)
    assert min(without - taught for without, taught in pairs) < -0.001


def test_other_words_words_on_other_alerts_and_words_not_heard_yet_change_nothing() -> None:
    natural = said(REFERENCE, of_the_field=True, known_ms=0)
    stranger = Word("f" * 32, 0, 0, of_the_field=False)
    too_late = said(REFERENCE, of_the_field=False, known_ms=LAST_MS, place=1)
    assert everything(heard(*natural, stranger, *too_late)) == everything(REFERENCE)


def test_a_word_counts_from_the_refit_an_hour_after_it_and_a_later_one_replaces_it() -> None:
    outcome = heard(*NOT_THE_FIELDS)
    changed = [
        one.end_ms
        for one, before in zip(outcome.scores, REFERENCE.scores, strict=True)
        if one != before
    ]
    assert changed
    assert changed[0] > SAID_MS + HEARD_AFTER_MS
    assert changed[0] <= SAID_MS + HEARD_AFTER_MS + (PERIOD + 1) * HOP_MS
    later_ms = SAID_MS + 200 * HOP_MS
    taken_back = heard(*NOT_THE_FIELDS, *said(REFERENCE, True, later_ms, place=1))
    assert opened(taken_back)[-1] == opened(REFERENCE)[-1] > 0
    assert 0 in opened(taken_back)[-600:]


def test_reviews_give_the_same_bytes_in_any_batches_after_a_kill_and_in_a_replay() -> None:
    once = heard(*NOT_THE_FIELDS)
    sent = later()
    half = len(sent) * 2 // 3
    states, start = watched([sent[:half]], ALIVE)  # nobody has said anything yet
    read_twice = ReviewHistory([*NOT_THE_FIELDS, *NOT_THE_FIELDS])  # as after a lost connection
    _, rest = watched([sent[half:]], replace(ALIVE, reviews=read_twice), states=restarted(states))
    assert start.scores[-1].end_ms < SAID_MS + HEARD_AFTER_MS
    assert [*start.scores, *rest.scores] == once.scores
    assert [*start.alerts, *rest.alerts] == once.alerts


def test_a_state_from_before_reviews_is_read_and_lives_on() -> None:
    states, _ = watched([later(LATER, 2900)], ALIVE)
    record = msgspec.msgpack.decode(
        zlib.decompress(encode("NEW", StationCheckpoint(states["NEW"], 0, 7), "f"))
    )
    life = record["state"]["life"]
    assert any(period["passed"] for period in life["memory"]) or life["opened"]
    for period in life["memory"]:
        del period["passed_ids"]
    life["opened"] = [one[:2] for one in life["opened"]]
    old = decode(zlib.compress(msgspec.msgpack.encode(record)), "f")
    assert old is not None
    words = ReviewHistory(said(REFERENCE, of_the_field=False, known_ms=0))
    _, outcome = watched([later(2900)], replace(ALIVE, reviews=words), states={"NEW": old[1].state})
    assert opened(outcome)[-1] == opened(REFERENCE)[-1]  # an alert without an id stays
