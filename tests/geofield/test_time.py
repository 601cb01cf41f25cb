"""The rules of event time, one by one.

The records of these tests are drawn as they arrive, seconds on the station's own clock::

    0        60       100      140
    |========|========|            first record, second record
                  ====             late: older than the newest sample less the lateness (10 s)
"""

from datetime import UTC, datetime

import numpy as np
import pytest

from geofield.alerts.alert import AlertRules
from geofield.indices import IndexHistory
from geofield.scoring.score import Quality, WindowScore
from geofield.series.buffer import SampleOutcomes
from geofield.series.orientation import to_hez
from geofield.series.samples import Samples
from geofield.series.windows import advance
from geofield.step import Outcome, Rules, StationState, step
from geofield.types import Float64
from geofield.utc import DAY_MS
from tests.geofield.builders import SPEC, field_nt, rules, samples, spread
from tests.geofield.series.test_orientation import DECLINATION_DEG, dif, hdz, xyz

DAY = DAY_MS // 1000
SETUP = rules("WIC", alert=AlertRules(k=3, n=4, clear=2))


def run(records: list[Samples], setup: Rules = SETUP) -> Outcome:
    """All that comes of records taken one after the other."""
    states: dict[str, StationState] = {}
    total = Outcome([], [], [])
    for record in records:
        states, outcome = step(states, [record], spread, setup, IndexHistory())
        total.intake.extend(outcome.intake)
        total.scores.extend(outcome.scores)
        total.alerts.extend(outcome.alerts)
    return total


def measured(scores: list[WindowScore]) -> list[tuple[int, float]]:
    """Ends and errors of the windows that have a score."""
    return [(one.end_ms, one.score.rmse) for one in scores if one.score is not None]


@pytest.mark.parametrize(
    "moment",
    [
        "2024-02-28T23:58:00",  # into the leap day
        "2024-02-29T23:58:00",  # out of it
        "2023-02-28T23:58:00",  # no leap day
        "2023-12-31T23:58:00",  # a year ends
        "2016-12-31T23:58:00",  # with a leap second, which UTC without leap seconds does not number
        "1969-12-31T23:58:00",  # where sample numbers change their sign
        "1900-01-01T00:00:00",
    ],
)
def test_the_calendar_does_not_matter(moment: str) -> None:
    start = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    start_ms = round(start.timestamp()) * 1000
    values = field_nt(240)
    records = [
        Samples("WIC", start_ms + begin * 1000, 1000, values[begin : begin + 60])
        for begin in range(0, 240, 60)
    ]
    ends = [end for end, _ in measured(run(records).scores)]
    assert len(ends) == 24
    assert set(np.diff(ends)) == {SPEC.hop * 1000}
    assert not any(end % (SPEC.hop * 1000) for end in ends)


def test_a_sample_as_old_as_the_lateness_counts_and_an_older_one_does_not() -> None:
    #  0 ======= 69 |10 s| 79
    values = field_nt(80)
    for begin, intake in ((69, SampleOutcomes(corrected=1)), (68, SampleOutcomes(late=1))):
        again = samples(values[begin : begin + 1] + 1.0, begin)
        assert run([samples(values), again]).intake[1] == intake


def test_a_clock_that_steps_back_is_late_until_it_has_caught_up() -> None:
    #  0 =================== 99 |
    #            50 ============| 99, then it goes on from 100
    values = field_nt(200)
    stepped = samples(field_nt(50, seed=1), 50)
    total = run([samples(values[:100]), stepped, samples(values[100:], 100)])
    assert total.intake[1] == SampleOutcomes(late=39, corrected=11)
    assert total.intake[2] == SampleOutcomes(accepted=100)
    undisturbed = dict(measured(run([samples(values[:100]), samples(values[100:], 100)]).scores))
    for end_ms, rmse in measured(total.scores):
        touched = end_ms > samples(values).start_ms + 89_000 - SPEC.half * 1000
        assert touched or undisturbed[end_ms] == rmse


def test_a_clock_that_steps_back_for_years_starts_no_second_station() -> None:
    values = field_nt(200)
    past = samples(values, -400 * DAY)
    total = run([samples(values[:100]), past, samples(values[100:], 100)])
    assert total.intake[1] == SampleOutcomes(late=200)
    assert total.scores == run([samples(values[:100]), samples(values[100:], 100)]).scores


def test_a_clock_that_jumps_ahead_leaves_a_gap_and_what_comes_before_it_is_late() -> None:
    #  0 ====== 99                       600 = 601
    #              100 ====== 199 (late)
    values = field_nt(200)
    total = run([samples(values[:100]), samples(values[:2], 600), samples(values[100:], 100)])
    assert total.intake[2] == SampleOutcomes(late=100)
    gap = [one for one in total.scores if one.quality is Quality.INSUFFICIENT]
    assert len(gap) > 50
    assert all(one.score is None for one in gap)


@pytest.mark.parametrize(("silence", "afresh"), [(DAY, False), (DAY + 1, True)])
def test_after_more_than_a_day_a_station_starts_afresh(silence: int, afresh: bool) -> None:
    values = field_nt(100)
    total = run([samples(values), samples(values, 100 + silence)])
    gap = [one for one in total.scores if one.quality is Quality.INSUFFICIENT]
    assert (len(gap) < 20) is afresh


@pytest.mark.parametrize("n", [4, 20])
def test_windows_before_a_long_silence_do_not_help_to_open_an_alert_after_it(n: int) -> None:
    loud = field_nt(100)
    loud[90:, 0] += 3.0 * (-1.0) ** np.arange(10)
    before, after = samples(loud), samples(loud[::-1], 5 * DAY)
    total = run([before, after], rules("WIC", alert=AlertRules(k=4, n=n)))
    exceeding = [one.end_ms for one in total.scores if one.exceeds]
    assert sum(end_ms < after.start_ms for end_ms in exceeding) == 3
    assert len(exceeding) == 6
    assert total.alerts == []


def test_a_null_fills_no_gap_and_takes_no_value_away_in_any_component() -> None:
    values = field_nt(60)
    only_h, nothing = values[50:51].copy(), np.full((1, 3), np.nan)
    only_h[0, 1:] = np.nan
    only_h[0, 0] += 7.0
    buffer, _, _ = advance(None, samples(values), SPEC)
    buffer, _, intake = advance(buffer, samples(only_h, 50), SPEC)
    assert intake == SampleOutcomes(missing=1)
    buffer, _, _ = advance(buffer, samples(nothing, 50), SPEC)
    held_nt = buffer.field_nt[samples(values).first + 50 - buffer.first]
    np.testing.assert_array_equal(held_nt, [only_h[0, 0], *values[50, 1:]])


def test_a_station_that_comes_back_in_another_orientation_goes_on_as_it_was() -> None:
    """HDZ, then XYZ, then DIF: the same field in the station's own frame, so no step in it."""
    values = field_nt(300)
    whole = run([samples(values)])
    parts = [
        samples(to_hez(turned(values[begin : begin + 100]), DECLINATION_DEG), begin)
        for begin, turned in ((0, hdz), (100, xyz), (200, dif))
    ]
    mixed = run(parts)
    assert [one.quality for one in mixed.scores] == [one.quality for one in whole.scores]
    for (end_ms, rmse), (whole_end_ms, expected) in zip(
        measured(mixed.scores), measured(whole.scores), strict=True
    ):
        assert end_ms == whole_end_ms
        assert rmse == pytest.approx(expected, rel=1e-6)


def test_what_was_never_sent_is_missing_and_not_quiet() -> None:
    values: Float64 = field_nt(300)
    total = run([samples(values[:100]), samples(values[200:], 200)])
    missing_ms = samples(values).start_ms + 150_000
    over = [one for one in total.scores if one.start_ms < missing_ms < one.end_ms]
    assert over
    assert {one.quality for one in over} == {Quality.INSUFFICIENT}
