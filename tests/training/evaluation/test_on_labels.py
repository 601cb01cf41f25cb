from dataclasses import replace

import numpy as np
import pytest

from geofield.types import Float64, Int64
from tests.training.statistics.builders import (
    LEAD,
    LEAD_MS,
    RULES,
    correlated,
    ends,
    labels,
    method,
    random_times,
    trial,
)
from training.evaluation.injection.windows import auc
from training.evaluation.on_labels import judge
from training.labels.types import Labels
from training.results import Labelled
from training.statistics.inputs import LabelledWindows, MethodScores, kp_alone
from training.statistics.units import TooFewUnits

WINDOWS = 6_000
END_MS = ends(WINDOWS)


def apart(rng: np.random.Generator, events: int = 15) -> Int64:
    """Earthquakes at random, three leads from each other at least."""
    free = WINDOWS * (END_MS[1] - END_MS[0]) - 3 * LEAD_MS * events
    squeezed_ms = np.sort(rng.integers(0, free, events))
    return np.array(squeezed_ms + 3 * LEAD_MS * np.arange(1, events + 1), dtype=np.int64)


def raised(made: Labels, scores: Float64, by: float) -> Float64:
    return scores + by * made.seismic


def given(scores: Float64, on: LabelledWindows, seed: int = 9) -> Labelled:
    kp = np.round(3 * correlated(np.random.default_rng(seed), WINDOWS)) / 3
    none = np.empty(0, dtype=np.int64)
    return judge(on, [method("negative learning", scores), kp_alone(kp, none)], RULES)


def test_a_planted_effect_is_shown() -> None:
    rng = np.random.default_rng(1)
    on = trial(END_MS, apart(rng))
    found = given(raised(on.labels, correlated(rng, WINDOWS), 1.5), on)
    assert found.verdict.words.startswith("skill shown: ")
    assert found.events == 15
    assert found.prevalence == pytest.approx(15 * LEAD / sum(found.windows))
    assert [one.method for one in found.methods] == ["negative learning", "Kp alone"]


def test_the_same_scores_under_shuffled_labels_show_nothing() -> None:
    rng = np.random.default_rng(2)
    for _ in range(5):
        made = labels(END_MS, apart(rng))
        scores = raised(made, correlated(rng, WINDOWS), 1.5)
        found = given(scores, trial(END_MS, apart(rng), shuffles=39))
        assert found.verdict.words.startswith("no skill shown: ")


def test_what_rises_before_and_after_alike_is_no_sign_of_coming_earthquakes() -> None:
    rng = np.random.default_rng(3)
    on = trial(END_MS, apart(rng))
    assert on.placebo is not None
    around = raised(on.placebo, raised(on.labels, correlated(rng, WINDOWS), 1.5), 1.5)
    found = given(around, on)
    assert found.methods[0].event_p < 0.01
    assert not found.verdict.shown
    assert "after the earthquakes where 0.02 more was asked" in found.verdict.words


def test_what_kp_knows_as_well_is_not_skill() -> None:
    rng = np.random.default_rng(4)
    on = trial(END_MS, apart(rng))
    storms = raised(on.labels, correlated(rng, WINDOWS), 1.5)
    blurred = method("negative learning", storms + rng.normal(size=WINDOWS))
    found = judge(on, [blurred, kp_alone(storms, np.empty(0, dtype=np.int64))], RULES)
    assert not found.verdict.shown
    assert "of Kp alone" in found.verdict.words


def test_methods_are_compared_on_the_windows_that_all_have_scored() -> None:
    rng = np.random.default_rng(5)
    on = trial(END_MS, random_times(rng, 12, WINDOWS), shuffles=9)
    one, other = correlated(rng, WINDOWS), correlated(rng, WINDOWS)
    one[:1_000], other[5_000:] = np.nan, np.nan
    both = np.isfinite(one) & np.isfinite(other)
    found = judge(on, [method("negative learning", one), method("Kp alone", other)], RULES)
    control, seismic = on.labels.non_seismic & both, on.labels.seismic & both
    assert found.windows == (control.sum(), seismic.sum())
    for scores, figures in zip((one, other), found.methods, strict=True):
        assert figures.auc == pytest.approx(auc(scores[control], scores[seismic]))
    assert found.begin_utc == "1970-02-11T17:00:00Z"
    assert found.steps[-2].windows == sum(found.windows)


def test_errors_alarms_and_draws_are_reported() -> None:
    rng = np.random.default_rng(6)
    on = trial(END_MS, apart(rng), shuffles=19)
    scores = raised(on.labels, correlated(rng, WINDOWS), 1.0)
    opened_ms = END_MS[[10, 34, 700]]
    rmse = np.where(on.labels.seismic, 3.0, 1.0)
    told = MethodScores("negative learning", scores, opened_ms, rmse)
    found = judge(on, [told, method("Kp alone", scores)], RULES)
    first, second = found.methods
    assert (first.rmse, first.mae, second.rmse) == ((1.0, 3.0), None, None)
    assert (first.alarms, sum(first.alarm_hours)) == (3, 3)
    assert first.alarms_per_month == pytest.approx(3 * 30.4375 / 250)
    assert len(first.shuffled_auc) == 19
    assert first.shuffled_auc == second.shuffled_auc
    assert (
        "19 shuffled catalogues, earthquakes moved along the recorded time as a whole, 0 drawn"
        in (found.steps[-1].step)
    )


def test_the_same_seed_gives_the_same_judgement() -> None:
    rng = np.random.default_rng(7)
    on = trial(END_MS, apart(rng), shuffles=19)
    scores = correlated(rng, WINDOWS)
    first = given(scores, on)
    assert given(scores, on) == first
    assert given(scores, replace(on, placebo=None)).methods[0].placebo_auc is None
    assert first.methods[0].placebo_auc is not None


def test_nothing_to_judge_is_refused() -> None:
    rng = np.random.default_rng(8)
    on = trial(END_MS, apart(rng))
    with pytest.raises(TooFewUnits, match="no scored window lies before an earthquake"):
        given(np.where(on.labels.seismic, np.nan, 1.0), on)
