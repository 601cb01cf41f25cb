"""The verdict on real earthquakes, by rules that the recipe fixes before the judgement."""

from collections.abc import Sequence
from dataclasses import dataclass

from geofield.scoreboard.molchan import area_skill, area_skill_p
from training.recipe.section import RecipeRefused
from training.recipe.verdict_rules import VerdictRules
from training.results import Criterion, OnLabels, Verdict

NOT_EVALUATED = (
    "no skill shown on real earthquakes: the seismic class is synthetic and no earthquake was "
    "evaluated"
)


@dataclass(frozen=True, slots=True)
class _Finding:
    """A rule, the measured value, whether it meets the rule, and both in words."""

    rule: str
    measured: str
    met: bool
    reason: str

    def criterion(self) -> Criterion:
        return Criterion(rule=self.rule, measured=self.measured, met=self.met)


def verdict(events: int, methods: Sequence[OnLabels], rules: VerdictRules) -> Verdict:
    """Apply the rules to the first method; it has to beat the others.

    Parameters
    ----------
    events
        Number of earthquakes that count.
    methods
        The judged method first, then the methods that it has to beat.
    rules
        Rules, all of which have to hold.

    Raises
    ------
    RecipeRefused
        If a method that has to be beaten was not judged.
    """
    judged, others = methods[0], {method.method: method for method in methods[1:]}
    unknown = [name for name in rules.beat if name not in others]
    if unknown:
        raise RecipeRefused(
            f"verdict.beat names {', '.join(unknown)}, which was not judged beside "
            f"{judged.method}: name some of {', '.join(others) or 'none'}"
        )
    findings = [
        *_significance(events, judged, rules),
        _interval(judged, rules),
        *(_beaten(judged, others[name]) for name in rules.beat),
        _placebo(judged, rules),
        _enough_events(events, rules),
    ]
    shown = all(finding.met for finding in findings)
    reasons = [finding.reason for finding in findings if finding.met == shown]
    return Verdict(
        shown=shown,
        words=f"{'skill shown' if shown else 'no skill shown'}: {', '.join(reasons)}",
        criteria=[finding.criterion() for finding in findings],
    )


def not_evaluated() -> Verdict:
    """The verdict on a model that was not evaluated on earthquakes."""
    return Verdict(shown=False, words=NOT_EVALUATED)


def _significance(events: int, judged: OnLabels, rules: VerdictRules) -> list[_Finding]:
    area_p = area_skill_p(area_skill(judged.alarm_share, judged.miss_share), max(events, 1))
    return [
        _at_most("event-level p", judged.event_p, rules.event_p_max),
        _at_most("shuffled-catalogue p", judged.shuffled_p, rules.shuffled_p_max),
        _at_most("Molchan area p", area_p, rules.area_skill_p_max),
    ]


def _enough_events(events: int, rules: VerdictRules) -> _Finding:
    met = events >= rules.min_events
    measured = f"{events} event{'' if events == 1 else 's'}"
    asked = "" if met else f" where {rules.min_events} were asked"
    return _Finding(f"at least {rules.min_events} events", str(events), met, measured + asked)


def _at_most(name: str, value: float, highest: float) -> _Finding:
    met = value <= highest
    measured = f"{name} {value:.3g}"
    reason = measured if met else f"{measured} where {highest:g} was asked"
    return _Finding(f"{name} at most {highest:g}", f"{value:.3g}", met, reason)


def _interval(judged: OnLabels, rules: VerdictRules) -> _Finding:
    met = judged.auc_low > rules.auc_low_min
    interval = f"{judged.auc_low:.3f}-{judged.auc_high:.3f}"
    asked = "" if met else f" where a lower end above {rules.auc_low_min:g} was asked"
    return _Finding(
        rule=f"95 % interval of the AUC above {rules.auc_low_min:g}",
        measured=interval,
        met=met,
        reason=f"AUC {judged.auc:.3f} ({interval}){asked}",
    )


def _beaten(judged: OnLabels, other: OnLabels) -> _Finding:
    met = judged.auc > other.auc
    measured = f"{judged.auc:.3f} against {other.auc:.3f}"
    sign = "above" if met else "not above"
    reason = f"AUC {judged.auc:.3f} {sign} the {other.auc:.3f} of {other.method}"
    return _Finding(f"AUC above that of {other.method}", measured, met, reason)


def _placebo(judged: OnLabels, rules: VerdictRules) -> _Finding:
    rule = f"AUC above that of the windows after the earthquakes by {rules.placebo_margin:g}"
    placebo = judged.placebo_auc
    if placebo is None:
        return _Finding(
            rule, "no such windows", False, "no windows after the earthquakes to compare with"
        )
    met = judged.auc - placebo >= rules.placebo_margin and judged.auc > placebo
    measured = f"{judged.auc:.3f} against {placebo:.3f}"
    words = f"AUC {judged.auc:.3f} against {placebo:.3f} after the earthquakes"
    asked = "" if met else f" where {rules.placebo_margin:g} more was asked"
    return _Finding(rule, measured, met, words + asked)
