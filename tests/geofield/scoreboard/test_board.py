"""What counts as hit, miss, false alarm and data, and what the verdict says of planted effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from geofield.earthquakes.types import Earthquake
from geofield.scoreboard.alarms import AlertVersion, declared
from geofield.scoreboard.board import AlarmOutcome, score_board
from geofield.scoreboard.chance import hits_distribution, random_hits
from geofield.scoreboard.meeting import hits_at_share, meeting
from geofield.scoreboard.protocol import ScoreProtocol, SuccessRule
from geofield.scoreboard.trial import ScoreInputs, make_trial, near_earthquakes
from geofield.scoreboard.verdict import Decision, board_verdict
from geofield.utc import DAY_MS, HOUR_MS
from tests.geofield.scoreboard.builders import START_MS, alarm, inputs, protocol, quake, year

HOURS = 1000


def test_an_alarm_begins_with_the_first_full_hour_and_lasts_as_registered() -> None:
    #  published 10.5 -> hours 11 to 58 are under alarm
    rules = protocol(1)
    for hour, hit in [(10.6, False), (11.0, True), (58.9, True), (59.0, False)]:
        board = score_board(rules, inputs(rules, [alarm(0, 10.5)], [quake(0, hour)], HOURS), HOURS)
        assert (board.together.met.hits, board.together.met.events) == (int(hit), 1)
        (judged,) = board.alarms
        assert judged.outcome is (AlarmOutcome.RIGHT if hit else AlarmOutcome.FALSE)
        assert board.together.alarm_hours == 48
    assert board.together.met.alarm_share == pytest.approx(48 / HOURS)


def test_a_lead_moves_the_alarm_away_from_its_publication() -> None:
    rules = protocol(1, lead_hours=24)
    early, late = alarm(0, 10.0), alarm(0, 10.0)
    late = replace(late, first_hour=late.first_hour + 24)  # as `declared` makes it
    board = score_board(rules, inputs(rules, [late], [quake(0, 20), quake(0, 40)], HOURS), HOURS)
    assert [row.alarms for row in board.earthquakes] == [(), (late.alert_id,)]
    assert early.first_hour + 24 == late.first_hour


def test_time_without_data_counts_neither_way() -> None:
    rules = protocol(1)
    windows = np.ones((1, rules.before_hours + HOURS), np.int64)
    windows[0, rules.before_hours + 100 : rules.before_hours + 200] = 0
    # half of the 48 hours before must have data: hours 125 to 223 do not count
    quakes = [quake(0, hour) for hour in (124, 125, 223, 224)]
    board = score_board(
        rules, inputs(rules, [alarm(0, 130), alarm(0, 500)], quakes, HOURS, windows=windows), HOURS
    )
    assert [row.earthquake.time_ms for row in board.earthquakes] == [
        quakes[0].time_ms,
        quakes[3].time_ms,
    ]
    assert board.together.covered_hours == HOURS - 99
    assert board.together.alarm_hours == 48
    assert [judged.outcome for judged in board.alarms] == [
        AlarmOutcome.UNCOUNTED,
        AlarmOutcome.FALSE,
    ]


def test_what_is_not_over_is_open() -> None:
    rules = protocol(1)
    board = score_board(
        rules, inputs(rules, [alarm(0, 960), alarm(0, 1200)], [quake(0, 970)], HOURS), HOURS
    )
    assert [judged.outcome for judged in board.alarms] == [AlarmOutcome.RIGHT, AlarmOutcome.OPEN]


def test_an_earthquake_near_two_stations_counts_once() -> None:
    rules = protocol(2)
    one, other = rules.stations
    beside = replace(other, site=replace(other.site, longitude_deg=one.site.longitude_deg + 1.0))
    rules = replace(rules, stations=(one, beside))
    board = score_board(
        rules, inputs(rules, [alarm(0, 10), alarm(1, 30)], [quake(0, 40)], HOURS), HOURS
    )
    assert [row.met.events for row in board.stations] == [1, 1]
    assert (board.together.met.events, board.together.met.hits) == (1, 1)
    assert board.earthquakes[0].stations == ("S00", "S01")
    # its chance is the share of time in which either is under alarm: hours 10 to 77
    assert board.together.met.chance == pytest.approx([68 / HOURS])


def test_hits_of_equal_chances_are_binomial() -> None:
    assert hits_distribution(np.full(20, 0.3)) == pytest.approx(binom.pmf(np.arange(21), 20, 0.3))


def test_figures_of_a_station_are_those_of_the_binomial_distribution() -> None:
    rules = protocol(1)
    made = year(rules, 0.4)
    board = score_board(rules, made, 365 * 24)
    (row,) = board.stations
    share = row.alarm_hours / row.covered_hours
    test = binomtest(row.met.hits, row.met.events, share, "greater")
    assert row.p_binomial == pytest.approx(test.pvalue)
    exact = binomtest(row.met.hits, row.met.events).proportion_ci()
    assert row.interval == pytest.approx((exact.low, exact.high))


def verdict(rules: ScoreProtocol, made: ScoreInputs, hours: int = 365 * 24) -> Decision:
    return board_verdict(rules, made, score_board(rules, made, hours)).decision


def test_alarms_before_a_third_of_the_earthquakes_are_skill_and_shuffled_ones_are_not() -> None:
    rules = protocol(success=SuccessRule(60, 0.05, ("random", "placebo")))
    shown = {True: 0, False: 0}
    for seed in range(20):
        made = year(rules, 1 / 3, seed)
        shown[True] += verdict(rules, made) is Decision.SKILL
        moved = shuffled(rules, made, seed)
        shown[False] += verdict(rules, moved) is Decision.SKILL
    assert shown[True] == 20
    assert shown[False] <= 1  # one in twenty at p 0.05, and both controls to be beaten


def shuffled(rules: ScoreProtocol, made: ScoreInputs, seed: int) -> ScoreInputs:
    """The same alarms and earthquakes, these moved along the year."""
    step_ms = int(np.random.default_rng(seed).integers(10, 300)) * DAY_MS
    moved = [
        replace(one, time_ms=START_MS + (one.time_ms - START_MS + step_ms) % (365 * DAY_MS))
        for one in made.earthquakes
    ]
    return replace(made, earthquakes=sorted(moved), near=near_earthquakes(rules, sorted(moved)))


def test_alarms_after_earthquakes_are_no_skill() -> None:
    """Alarms that follow earthquakes which come in pairs catch the second: the placebo tells."""
    rules = protocol(success=SuccessRule(30, 0.05, ("random", "placebo")))
    rng = np.random.default_rng(3)
    quakes, alarms = [], []
    for row in range(4):
        for number in range(12):
            at = 150.0 + 700.0 * number + float(rng.uniform(0, 100))
            quakes.append(quake(row, at, f"first-{row}-{number}"))
            alarms.append(alarm(row, at + 30.0))
            if number % 3 == 0:
                second = quake(row, at + 50.0, f"second-{row}-{number}")
                quakes.append(replace(second, latitude_deg=-2.0))  # too far for an aftershock
    made = inputs(rules, alarms, quakes, 365 * 24)
    board = score_board(rules, made, 365 * 24)
    found = board_verdict(rules, made, board)
    assert board.together.p_binomial < 0.05
    assert found.decision is Decision.NO_SKILL
    assert "more hits than placebo" in found.words


def test_the_verdict_is_taken_once_and_later_days_change_nothing() -> None:
    rules = protocol(success=SuccessRule(30, 0.05, ("random",)))
    made = year(rules, 1 / 3)
    boards = [score_board(rules, made, hours) for hours in (1500, 5000, 365 * 24)]
    verdicts = [board_verdict(rules, made, board) for board in boards]
    assert verdicts[0].decision is Decision.UNDECIDED
    events = boards[0].together.met.events
    assert verdicts[0].words == f"not yet decidable: {events} events of 30 needed"
    assert verdicts[1] == verdicts[2]
    assert verdicts[1].hours is not None
    assert verdicts[1].hours < 5000


def test_a_control_that_was_not_run_is_not_beaten() -> None:
    rules = protocol(success=SuccessRule(30, 0.05, ("kp",)))
    made = year(rules, 1 / 2)
    assert verdict(rules, made) is Decision.NO_SKILL
    quiet = [(START_MS + hour * HOUR_MS, 1.0) for hour in range(0, 365 * 24, 3)]
    assert verdict(rules, replace(made, kp=quiet)) is Decision.SKILL


def test_kp_that_tells_the_same_is_not_beaten() -> None:
    rules = protocol(1, success=SuccessRule(30, 0.05, ("kp",)))
    made = year(rules, 1 / 2, each=40)
    storms = [(one.published_ms, 8.0) for one in made.alarms]
    assert verdict(rules, replace(made, kp=storms)) is Decision.NO_SKILL


def test_a_control_gets_the_same_time_with_its_highest_levels_first() -> None:
    rules = protocol(1)
    # a value of 7 before each of two earthquakes, and of 5 before the third
    quakes = [quake(0, 110.0), quake(0, 310.0), quake(0, 510.0)]
    kp = [(START_MS + hour * HOUR_MS, level) for hour, level in [(100, 7), (300, 7), (500, 5)]]
    trial = make_trial(rules, inputs(rules, [], quakes, HOURS, kp=kp), HOURS)
    levels = trial.controls["kp"]
    for share, hits in [(0.0, 0.0), (0.048, 1.0), (0.096, 2.0), (0.144, 3.0), (1.0, 3.0)]:
        assert hits_at_share(trial.ground, levels, share) == pytest.approx(hits)


def test_a_single_hit_has_the_p_of_its_time_by_every_test() -> None:
    rules = protocol(1, draws=999)
    board = score_board(rules, inputs(rules, [alarm(0, 300)], [quake(0, 320)], HOURS), HOURS)
    for p in (board.together.p_binomial, board.together.p_shuffled, board.controls[0].p):
        assert p == pytest.approx(48 / HOURS, abs=0.02)


def test_shuffled_p_is_not_too_small_without_skill() -> None:
    rules = protocol(2, draws=199)
    values = []
    for seed in range(60):
        made = year(rules, 0.0, seed)
        values.append(score_board(rules, made, 365 * 24).together.p_shuffled)
    # hits are few, so p is rather too large; 12 of 60 at most 0.1 would be one in a hundred
    assert sum(p <= 0.1 for p in values) <= 12
    assert 0.4 < np.mean(values) < 0.75


def test_random_alarms_catch_what_their_time_gives() -> None:
    rules = protocol(2)
    trial = make_trial(rules, year(rules, 0.0), 365 * 24)
    hits = random_hits(trial.ground, trial.levels, 999, 5)
    met = meeting(trial.ground, trial.levels)
    assert hits.mean() == pytest.approx(met.chance.sum(), rel=0.1)
    assert (random_hits(trial.ground, trial.levels, 999, 5) == hits).all()


def test_an_alarm_published_after_the_earthquake_is_refused_by_name() -> None:
    rules = protocol(1)
    late = alarm(0, 60.2, "feedbeef", claimed=10.0)
    board = score_board(rules, inputs(rules, [late], [quake(0, 40.0, "us1")], HOURS), HOURS)
    assert board.together.met.hits == 0
    (refused,) = board.refused
    assert (refused.alarm.alert_id, refused.event_id) == ("feedbeef", "us1")
    honest = alarm(0, 30.2, "feedbeef", claimed=10.0)
    board = score_board(rules, inputs(rules, [honest], [quake(0, 40.0, "us1")], HOURS), HOURS)
    assert (board.together.met.hits, board.refused) == (1, ())


def version(number: int, hour: float, classification: str, alert: str = "a") -> AlertVersion:
    at_ms = START_MS + round(hour * HOUR_MS)
    return AlertVersion(alert, number, "S00", classification, "f" * 64, at_ms, at_ms)


def test_an_alert_is_an_alarm_from_its_first_publication_with_a_class_that_counts() -> None:
    rules = {
        "stations": ["S00"],
        "classes": frozenset({"local"}),
        "model_sha256": "f" * 64,
        "since_ms": START_MS,
        "lead_hours": 3,
    }
    versions = [
        version(1, 1, "unknown"),
        version(2, 5, "local"),
        version(3, 9, "data-quality"),  # what was published is not taken back
        version(2, 7, "local"),  # and a repetition changes nothing
        version(1, 2, "space-weather", "b"),
        version(4, 4, "local", "c"),
        replace(version(1, 4, "local", "d"), model_sha256="e" * 64),
        replace(version(1, 4, "local", "e"), station="S09"),
        version(1, -1, "local", "f"),  # declared before the start,
        version(2, 3, "local", "f"),  # and not a second time
        version(1, -1, "unknown", "g"),
        version(2, 6, "local", "g"),
    ]
    found = declared(reversed(versions), **rules)  # type: ignore[arg-type]
    assert [(one.alert_id, one.first_hour * HOUR_MS) for one in found.alarms] == [
        ("c", START_MS + 7 * HOUR_MS),
        ("a", START_MS + 8 * HOUR_MS),
        ("g", START_MS + 9 * HOUR_MS),
    ]
    assert (found.other_models, found.incomplete) == (1, ("c",))


def test_aftershocks_of_what_came_before_the_start_do_not_count() -> None:
    rules = protocol(1)
    (one,) = rules.stations
    single = replace(one, rules=replace(one.rules, aftershock_hours=72.0))
    rules = replace(rules, stations=(single,))
    before = Earthquake(START_MS - HOUR_MS, 0.5, -100.0, 10.0, 7.0, "main")
    board = score_board(rules, inputs(rules, [], [before, quake(0, 5), quake(0, 99)], HOURS), HOURS)
    assert [row.earthquake.event_id for row in board.earthquakes] == ["q0-99"]


def test_without_earthquakes_or_data_nothing_is_decided() -> None:
    rules = protocol(1)
    nothing = np.zeros((1, rules.before_hours + HOURS), np.int64)
    for made in (
        inputs(rules, [alarm(0, 5)], [], HOURS),
        inputs(rules, [alarm(0, 5)], [quake(0, 9)], HOURS, windows=nothing),
    ):
        board = score_board(rules, made, HOURS)
        assert board.together.met.events == 0
        assert board.together.interval == (0.0, 1.0)
        assert verdict(rules, made, HOURS) is Decision.UNDECIDED
