import msgspec
import pytest

from tests.training.statistics.builders import RULES, result
from training.recipe.section import RecipeRefused
from training.results import OnLabels
from training.statistics.verdict import VerdictRules, not_evaluated, verdict

KP = result("Kp alone", auc=0.55)


def test_skill_is_shown_when_every_rule_is_met() -> None:
    given = verdict(12, [result(), KP], RULES)
    assert given.shown
    assert given.words == (
        "skill shown: event-level p 0.001, shuffled-catalogue p 0.01, Molchan area p 1.86e-08, "
        "AUC 0.800 (0.700-0.900), AUC 0.800 above the 0.550 of Kp alone, "
        "AUC 0.800 against 0.500 after the earthquakes, 12 events"
    )
    assert all(criterion.met for criterion in given.criteria)
    assert len(given.criteria) == 7


@pytest.mark.parametrize(
    ("judged", "reason"),
    [
        (result(event_p=0.41), "event-level p 0.41 where 0.01 was asked"),
        (result(shuffled_p=0.0504), "shuffled-catalogue p 0.0504 where 0.05 was asked"),
        (
            result(alarm_share=[0.0, 1.0], miss_share=[1.0, 0.0]),
            "Molchan area p 0.5 where 0.05 was asked",
        ),
        (result(auc_low=0.5), "AUC 0.800 (0.500-0.900) where a lower end above 0.5 was asked"),
        (
            result(auc=0.55, placebo_auc=0.4),
            "AUC 0.550 not above the 0.550 of Kp alone",
        ),
        (
            result(placebo_auc=0.79),
            "AUC 0.800 against 0.790 after the earthquakes where 0.02 more was asked",
        ),
        (result(placebo_auc=None), "no windows after the earthquakes to compare with"),
        (result(event_p=float("nan")), "event-level p nan where 0.01 was asked"),
    ],
)
def test_one_rule_that_is_not_met_is_enough(judged: OnLabels, reason: str) -> None:
    given = verdict(12, [judged, KP], RULES)
    assert not given.shown
    assert given.words == f"no skill shown: {reason}"
    assert sum(not criterion.met for criterion in given.criteria) == 1


def test_all_reasons_are_given_in_one_sentence() -> None:
    given = verdict(9, [result(event_p=0.41), KP], RULES)
    assert given.words == (
        "no skill shown: event-level p 0.41 where 0.01 was asked, 9 events where 10 were asked"
    )


def test_the_paper_statistic_cannot_show_skill_by_itself() -> None:
    assert verdict(20, [result(window_p=0.0), KP], RULES) == verdict(
        20, [result(window_p=1.0), KP], RULES
    )


def test_no_verdict_speaks_of_prediction() -> None:
    words = [
        not_evaluated().words,
        verdict(12, [result(), KP], RULES).words,
        verdict(1, [result(event_p=1.0, auc_low=0.1, placebo_auc=0.9), KP], RULES).words,
    ]
    assert not any(word in text.lower() for text in words for word in ("predict", "forecast"))
    assert not not_evaluated().shown
    assert not_evaluated().words.startswith("no skill shown on real earthquakes: ")


def test_a_method_to_beat_that_was_not_judged_is_refused() -> None:
    with pytest.raises(RecipeRefused, match=r"names Kp alone, which was not judged.*window RMS"):
        verdict(12, [result(), result("window RMS")], RULES)


def test_rules_that_cannot_be_are_refused() -> None:
    fine = msgspec.structs.asdict(RULES)
    assert msgspec.convert(fine, VerdictRules) == RULES
    for wrong, what in (
        ({"event_p_max": 5.0}, "must be in 0-1"),
        ({"min_events": 0}, "min_events"),
        ({"event_p": 0.01}, "unknown field"),
    ):
        with pytest.raises(msgspec.ValidationError, match=what):
            msgspec.convert(fine | wrong, VerdictRules)
