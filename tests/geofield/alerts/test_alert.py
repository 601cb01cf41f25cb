import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.alerts.alert import Alert, AlertRules, AlertState, AlertStatus, Change, Severity
from geofield.alerts.life_cycle import alert_id, follow
from geofield.indices import DST, KP, IndexHistory, IndexInterval, IndicesKnown
from geofield.quality.findings import Fault, FaultFinding
from geofield.scoring.score import Quality, Score, WindowScore
from tests.geofield.builders import MODEL, START_MS

HOP_MS, WINDOW_MS, DELAY_MS, HOUR_MS = 64_000, 256_000, 252_000, 3_600_000
RULES = AlertRules(k=2, n=3, clear=2, clear_ratio=0.8, cooldown_ms=3 * HOP_MS)


def kp(value: float, interval: int = 0) -> IndexInterval:
    """The n-th three-hour interval of the day, known when it is over."""
    start_ms = START_MS + interval * 3 * HOUR_MS
    return IndexInterval(KP, start_ms, start_ms + 3 * HOUR_MS, start_ms + 3 * HOUR_MS, value)


def window(number: int, rmse: float | None, days: float = 40.0) -> WindowScore:
    """The n-th window; the threshold is 1."""
    end_ms = START_MS + WINDOW_MS + number * HOP_MS
    score = None if rmse is None else Score(rmse, rmse, (rmse, rmse, rmse), 1.0, days)
    return WindowScore(
        station="WIC",
        start_ms=end_ms - WINDOW_MS,
        end_ms=end_ms,
        decided_ms=end_ms + DELAY_MS,
        quality=Quality.OK if score else Quality.INSUFFICIENT,
        completeness=1.0 if score else 0.2,
        kp=IndicesKnown(None, complete=False),
        score=score,
    )


def run(
    scores: list[float | None],
    history: IndexHistory | None = None,
    rules: AlertRules = RULES,
    days: float = 40.0,
) -> list[Alert]:
    state, versions = AlertState(), []
    for number, rmse in enumerate(scores):
        state, new = follow(
            state, window(number, rmse, days), MODEL, history or IndexHistory(), rules
        )
        versions += new
    return versions


def life(versions: list[Alert]) -> list[tuple[int, str, str]]:
    return [(v.version, v.change.value, v.classification.value) for v in versions]


def test_one_window_alone_opens_nothing() -> None:
    assert run([0.5, 2.0, 0.5, 0.5, 2.0, 0.5]) == []


def test_opens_on_k_of_n_and_resolves_after_a_quiet_run() -> None:
    #         0    1    2    3    4    5    6
    versions = run([0.5, 2.0, 0.9, 3.0, 0.9, 0.5, 0.5])
    assert life(versions) == [(1, "opened", "unknown"), (2, "resolved", "unknown")]
    opened, resolved = versions
    assert opened.start_ms == window(1, 2.0).start_ms
    assert opened.end_ms == window(3, 3.0).end_ms == resolved.end_ms
    assert resolved.decided_ms == window(6, 0.5).decided_ms
    assert (resolved.score.rmse, resolved.peak_ms) == (3.0, window(3, 3.0).end_ms)
    assert resolved.status is AlertStatus.RESOLVED


def test_hysteresis_keeps_an_alert_open_just_below_the_threshold() -> None:
    assert [v.change for v in run([2.0, 2.0, *[0.9] * 20])] == [Change.OPENED]


def test_missing_data_neither_open_nor_hold_an_alert() -> None:
    assert run([2.0, None, None, 2.0]) == []
    assert life(run([2.0, 2.0, None, None])) == [
        (1, "opened", "unknown"),
        (2, "resolved", "unknown"),
    ]


def test_cooldown_holds_back_the_next_alert() -> None:
    quick = run([2.0, 2.0, 0.1, 0.1, 2.0, 2.0])
    later = run([2.0, 2.0, 0.1, 0.1, 0.1, 2.0, 2.0])
    assert [v.change.value for v in quick] == ["opened", "resolved"]
    assert [v.change.value for v in later] == ["opened", "resolved", "opened"]
    assert later[0].id != later[2].id


def test_the_id_depends_on_station_model_and_first_window_only() -> None:
    short, long = run([2.0, 2.0]), run([2.0, 2.0, 9.0, 9.0, 0.1, 0.1])
    assert short[0].id == long[0].id == long[-1].id
    assert short[0].id == alert_id("WIC", MODEL, window(0, 2.0).end_ms)
    assert short[0].id != alert_id("WIQ", MODEL, window(0, 2.0).end_ms)


@pytest.mark.parametrize(
    ("scores", "severity"),
    [
        ([1.01, 1.01], Severity.MINOR),  # the least alert
        ([3.9, 1.1], Severity.MINOR),
        ([4.0, 1.1], Severity.MODERATE),  # four times the threshold, as short as can be
        ([1.01] * 7, Severity.MINOR),
        ([1.01] * 8, Severity.MODERATE),  # just over it, four times as long
        ([2.0] * 4, Severity.MODERATE),  # twice as high and twice as long
        ([2.9] * 6, Severity.MODERATE),
        ([3.0] * 6, Severity.MAJOR),  # three times as high and three times as long
        ([9.0, 1.1], Severity.MAJOR),
        ([1.01] * 18, Severity.MAJOR),
    ],
)
def test_severity_grows_with_height_and_length(scores: list[float], severity: Severity) -> None:
    assert run([*scores, 0.1, 0.1])[-1].severity is severity


@pytest.mark.parametrize("days", [0.01, 40.0, 1e9])
def test_severity_does_not_rest_on_how_much_the_calibration_can_tell(days: float) -> None:
    """A return period is bounded by the record: a day of it can claim no more than 100 days."""
    assert run([2.0] * 4 + [0.1, 0.1], days=days)[-1].severity is Severity.MODERATE


def test_a_higher_severity_is_an_update() -> None:
    versions = run([2.0] * 10)
    assert [(v.change, v.severity) for v in versions] == [
        (Change.OPENED, Severity.MINOR),
        (Change.UPDATED, Severity.MODERATE),
        (Change.UPDATED, Severity.MAJOR),
    ]


@given(st.lists(st.floats(0.0, 50.0), min_size=1, max_size=60))
def test_severity_never_falls_while_an_alert_lasts(scores: list[float]) -> None:
    order = list(Severity)
    by_alert: dict[str, list[int]] = {}
    for version in run(list(scores)):
        by_alert.setdefault(version.id, []).append(order.index(version.severity))
    assert all(ranks == sorted(ranks) for ranks in by_alert.values())


def test_sizes_that_cannot_be_are_refused() -> None:
    for sizes in ((0.0, 9.0), (9.0, 4.0)):
        with pytest.raises(ValueError, match="moderate_size"):
            AlertRules(moderate_size=sizes[0], major_size=sizes[1])


def test_a_storm_is_space_weather_as_soon_as_one_interval_says_so() -> None:
    known = IndexInterval(KP, START_MS, START_MS + HOUR_MS, START_MS, 7.7)
    assert life(run([2.0, 2.0], IndexHistory((known,)))) == [(1, "opened", "space-weather")]


def test_dst_tells_a_storm_too() -> None:
    known = IndexInterval(DST, START_MS, START_MS + HOUR_MS, START_MS, -120.0)
    opened = run([2.0, 2.0], IndexHistory((known,)))[0]
    assert (opened.classification.value, opened.lowest_dst_nt) == ("space-weather", -120.0)


def test_nothing_is_called_local_while_it_lasts() -> None:
    known = IndexInterval(KP, START_MS, START_MS + 3 * HOUR_MS, START_MS, 1.0)
    assert life(run([2.0, 2.0, 0.1, 0.1], IndexHistory((known,)))) == [
        (1, "opened", "unknown"),
        (2, "resolved", "unknown"),
    ]


STEP = (FaultFinding(Fault.STEP, "H"),)


def followed(windows: list[tuple[float, tuple[FaultFinding, ...]]]) -> list[Alert]:
    state, versions = AlertState(), []
    for number, (rmse, trouble) in enumerate(windows):
        one = replace(window(number, rmse), trouble=trouble)
        state, new = follow(state, one, MODEL, IndexHistory(), RULES)
        versions += new
    return versions


def test_an_alert_of_the_instrument_says_so_at_once_and_is_cancelled() -> None:
    versions = followed([(2.0, STEP), (2.0, STEP), (2.0, ()), (0.1, ()), (0.1, ())])
    assert life(versions) == [(1, "opened", "data-quality"), (2, "cancelled", "data-quality")]
    last = versions[-1]
    assert (last.status, last.exceeding, last.troubled) == (AlertStatus.CANCELLED, 3, 2)
    assert last.faults == (Fault.STEP,)


def test_trouble_in_few_of_the_windows_does_not_make_it_the_instruments() -> None:
    versions = followed([(2.0, STEP), (2.0, STEP), (2.0, ()), (2.0, ()), (0.1, ()), (0.1, ())])
    assert life(versions) == [
        (1, "opened", "data-quality"),
        (2, "updated", "unknown"),
        (3, "resolved", "unknown"),
    ]


def test_an_alert_that_would_not_have_opened_without_them_is_the_instruments() -> None:
    """One sound window is fewer than the two that the rule asks for."""
    versions = followed([(2.0, STEP), (2.0, ()), (0.1, ()), (0.1, ())])
    assert life(versions) == [(1, "opened", "data-quality"), (2, "cancelled", "data-quality")]


def test_an_alert_keeps_the_highest_of_what_was_measured() -> None:
    low, high = (FaultFinding(Fault.PULSE, "HZ", height_nt, 20.0) for height_nt in (6.0, 21.0))
    windows = [(2.0, (low,)), (2.0, (*STEP, high)), (2.0, (low,)), (0.1, ()), (0.1, ())]
    opened, ended = followed(windows)
    assert (opened.largest, ended.largest) == (high, high)
    assert ended.faults == (Fault.PULSE, Fault.STEP)


def test_only_what_is_unknown_in_the_end_is_settled_later() -> None:
    known = IndexInterval(KP, START_MS, START_MS + HOUR_MS, START_MS, 7.7)
    state = AlertState()
    for number, rmse in enumerate([2.0, 2.0, 0.1, 0.1]):
        state, _ = follow(state, window(number, rmse), MODEL, IndexHistory((known,)), RULES)
    assert state.settling == ()


scores = st.lists(st.one_of(st.none(), st.floats(0.0, 3.0)), max_size=60)
kp_values = st.lists(st.floats(0, 9), min_size=2, max_size=2)


@given(scores, kp_values)
def test_lives_are_well_formed_whatever_the_scores(
    rmse: list[float | None], values: list[float]
) -> None:
    history = IndexHistory(kp(value, n) for n, value in enumerate(values))
    versions = run([*rmse, *[0.1] * 10], history)
    for ident in {v.id for v in versions}:
        mine = [v for v in versions if v.id == ident]
        assert [v.version for v in mine] == list(range(1, len(mine) + 1))
        assert mine[0].change is Change.OPENED
        assert [v.change for v in mine].count(Change.RESOLVED) == 1
        assert all(a.decided_ms < b.decided_ms for a, b in itertools.pairwise(mine))
    open_now = [v.id for v in versions if v.change is Change.OPENED]
    assert len(open_now) == len(set(open_now))


@pytest.mark.parametrize(
    "change", [{"k": 0}, {"k": 5, "n": 4}, {"clear": 0}, {"clear_ratio": 0.0}, {"clear_ratio": 1.5}]
)
def test_rules_that_cannot_be_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"k of n|clear"):
        AlertRules(**change)  # type: ignore[arg-type]
