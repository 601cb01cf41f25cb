from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import genpareto

from geofield.alerts.alert import AlertRules, Change
from geofield.calibration.false_alarm_budget import (
    BudgetCheck,
    PromiseUnfounded,
    check_founded,
    judged,
    lone_peak,
    openings,
)
from geofield.calibration.fit import Calibration, FittedProfile, QuietScores, fit_profile
from geofield.calibration.threshold import Peaks
from geofield.indices import IndexHistory
from geofield.step import StationState, step
from geofield.utc import DAY_MS
from tests.geofield.builders import MODEL, SPEC, START_MS, field_nt, profile, rules, samples, spread

HOP_MS = SPEC.hop_ms
ALERT = AlertRules(k=3, n=4, clear=2, cooldown_ms=60_000)
ASKED = Calibration("WIC", MODEL.sha256, 0.0, AlertRules(k=3, n=4), false_alarms_per_month=30.4375)


def quiet(days: float, seed: int = 0, shape: float = 0.2) -> QuietScores:
    """Scores of noise in which each cluster of high ones fills several windows."""
    count = int(days * DAY_MS / HOP_MS)
    drawn = genpareto.rvs(shape, scale=0.2, size=count // 40 + 1, random_state=seed)
    return QuietScores(
        START_MS + np.arange(count) * HOP_MS, 0.5 + np.repeat(drawn, 40)[:count]
    )  # fmt: skip


def fitted(scores: QuietScores, per_month: float = 30.4375) -> FittedProfile:
    asked = replace(ASKED, false_alarms_per_month=per_month)
    return fit_profile(scores, (0.1, 0.1, 0.1), SPEC, asked)


@pytest.mark.parametrize("seed", range(5))
def test_openings_are_those_of_the_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values_nt = field_nt(6000, seed)
    for begin in rng.integers(0, 5900, 25):
        values_nt[begin : begin + 100] += rng.normal(
            0, 0.4, (len(values_nt[begin : begin + 100]), 3)
        )
    for begin, length in zip(rng.integers(0, 5000, 4), (5, 40, 200, 900), strict=True):
        values_nt[begin : begin + length] = np.nan
    wanted = replace(rules("WIC", alert=ALERT), profiles={"WIC": (profile(threshold=1.7),)})
    states: dict[str, StationState] = {}
    windows, versions = [], []
    for begin in range(0, 6000, 500):
        record = samples(values_nt[begin : begin + 500], begin)
        states, outcome = step(states, [record], spread, wanted, IndexHistory())
        windows += [one for one in outcome.scores if one.score]
        versions += [one for one in outcome.alerts if one.change is Change.OPENED]
    scores = QuietScores(
        np.array([one.end_ms for one in windows]),
        np.array([one.score.rmse for one in windows if one.score]),
    )
    opened = openings(scores, 1.7, ALERT, SPEC).tolist()
    assert opened == [one.decided_ms - SPEC.decision_delay_ms for one in versions]
    assert len(opened) > 1


def test_a_gap_opens_nothing_and_joins_nothing() -> None:
    loud = np.array([0, 1, 100, 101, 10**8, 10**8 + 1]) * HOP_MS
    assert not len(openings(QuietScores(loud, np.full(6, 9.0)), 1.0, ALERT, SPEC))
    three = np.array([0, 1, 3]) * HOP_MS
    assert openings(QuietScores(three, np.full(3, 9.0)), 1.0, ALERT, SPEC).tolist() == [3 * HOP_MS]


def test_a_promise_is_counted_on_data_that_did_not_make_it() -> None:
    early, later = quiet(2, seed=1), quiet(5, seed=2)
    fit = fitted(early)
    opened = len(openings(later, fit.profile.threshold, ALERT, SPEC))
    kept = judged(fit.peaks, later, fit.profile, opened, SPEC)
    assert kept.days == pytest.approx(5, rel=0.01)
    assert kept.expected == pytest.approx(5, rel=0.01)
    assert (kept.low, kept.high) == (1, 10)
    assert kept.fit_low <= kept.low
    assert kept.fit_high > kept.high
    assert kept.opened == opened
    assert kept.fit_low <= kept.opened <= kept.fit_high


@pytest.mark.parametrize(
    ("opened", "verdict"),
    [(0, "fewer"), (1, "kept"), (9, "kept"), (10, "leaves open"), (14, "leaves open"), (15, "not")],
)
def test_the_verdict_says_which_uncertainty_allows_the_count(opened: int, verdict: str) -> None:
    assert verdict in BudgetCheck(4.3, 4.3, opened, low=1, high=9, fit_low=0, fit_high=14).verdict


@pytest.mark.parametrize(
    ("per_month", "complaint"),
    [(0.05, r"609 days cannot be stated from 4\.0 quiet days: take 2\.\d more, or ask for at"),
     (20_000.0, r"20000 false alerts a month are more than the \d+ independent peaks")],
)  # fmt: skip
def test_a_rate_that_the_data_cannot_bear_is_refused(per_month: float, complaint: str) -> None:
    scores = quiet(4)
    with pytest.raises(PromiseUnfounded, match=complaint) as refusal:
        check_founded(fitted(scores, per_month))
    offered = refusal.value.per_month
    assert offered == float(f"{offered:.2g}")
    assert (offered > per_month) == (per_month < 1)
    check_founded(fitted(scores, offered))
    check_founded(fitted(scores))


def test_what_is_no_background_is_refused_with_its_time() -> None:
    scores = quiet(4, shape=0.1)
    for position, height in ((5_000, 1e4), (15_000, 2e4), (25_000, 4e4)):
        scores.rmse[position : position + 40] = height
    with pytest.raises(PromiseUnfounded, match="not of one kind") as refusal:
        check_founded(fitted(scores))
    third_of_four = scores.end_ms[25_002].astype("datetime64[ms]").astype("datetime64[m]")
    assert f"look at {third_of_four}, " in str(refusal.value)


def test_one_peak_far_above_all_others_is_told_apart() -> None:
    peaks = Peaks(1.0, np.arange(12) * DAY_MS, np.linspace(1.1, 2.0, 12), 12.0)
    assert lone_peak(peaks) is None
    pulsed = replace(peaks, scores=np.where(np.arange(12) == 5, 4.5, peaks.scores))
    found = lone_peak(pulsed)
    assert found is not None
    end_ms, rest = found
    assert end_ms == 5 * DAY_MS
    assert rest.end_ms.tolist() == np.delete(peaks.end_ms, 5).tolist()
    assert rest.scores.max() == 2.0
