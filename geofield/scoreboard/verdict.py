"""The verdict on alarms, by the rule that was registered before.

It is taken once, when as many earthquakes count as were asked for, and on the hours up to that
earthquake. Looking every day until chance is kind would make the tests worth nothing.
"""

from dataclasses import dataclass
from enum import Enum

from geofield.scoreboard.board import ControlFigures, ScoredBoard, decision_hours, score_board
from geofield.scoreboard.protocol import RANDOM, ScoreProtocol
from geofield.scoreboard.trial import ScoreInputs

_ROUNDING = 1e-9


class Decision(str, Enum):
    """The three verdicts."""

    UNDECIDED = "not yet decidable"
    NO_SKILL = "no skill shown"
    SKILL = "skill shown"


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """A rule, what was measured, and whether it is met."""

    rule: str
    measured: str
    met: bool


@dataclass(frozen=True, slots=True)
class BoardVerdict:
    """A verdict.

    Attributes
    ----------
    decision, words
        The verdict, and in a sentence.
    hours
        Hours from the start on which it rests; None before it is taken.
    findings
        Each rule.
    """

    decision: Decision
    words: str
    hours: int | None
    findings: tuple[RuleFinding, ...]


def board_verdict(protocol: ScoreProtocol, inputs: ScoreInputs, board: ScoredBoard) -> BoardVerdict:
    """Apply the rule of success to a board, as of the earthquake that decides."""
    hours, needed = decision_hours(board, protocol), protocol.success.min_events
    if hours is None:
        events = board.together.met.events
        words = f"{Decision.UNDECIDED.value}: {events} events of {needed} needed"
        return BoardVerdict(Decision.UNDECIDED, words, None, ())
    decided = board if hours == board.hours else score_board(protocol, inputs, hours)
    findings = _findings(protocol, decided)
    shown = all(finding.met for finding in findings)
    decision = Decision.SKILL if shown else Decision.NO_SKILL
    reasons = [
        f"{finding.rule}: {finding.measured}" for finding in findings if finding.met == shown
    ]
    return BoardVerdict(decision, f"{decision.value}: {'; '.join(reasons)}", hours, findings)


def _findings(protocol: ScoreProtocol, board: ScoredBoard) -> tuple[RuleFinding, ...]:
    together, success = board.together, protocol.success
    controls = {control.name: control for control in board.controls}
    return (
        _at_most("binomial p", together.p_binomial, success.p_max),
        _at_most("shuffled-catalogue p", together.p_shuffled, success.p_max),
        *(_beaten(together.met.hits, controls[name], success.p_max) for name in success.beat),
    )


def _at_most(name: str, value: float, highest: float) -> RuleFinding:
    return RuleFinding(f"{name} at most {highest:g}", f"{value:.3g}", value <= highest)


def _beaten(hits: int, control: ControlFigures, p_max: float) -> RuleFinding:
    if control.name == RANDOM and control.p is not None:
        return _at_most("random-alarm p", control.p, p_max)
    rule = f"more hits than {control.name} in the same time"
    if control.hits is None:
        return RuleFinding(rule, "the control was not run", met=False)
    met = hits > control.hits + _ROUNDING
    return RuleFinding(rule, f"{hits} against {control.hits:.3g}", met)
