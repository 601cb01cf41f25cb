"""Simulation of the worker: an archive through the same step, once for every judged method."""

from collections.abc import Iterator
from dataclasses import dataclass

from geofield.alerts.alert import Alert, AlertRules, Change, ModelRef
from geofield.calibration.profile import StationProfile
from geofield.indices import IndexHistory
from geofield.scoring.score import WindowScore
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec
from geofield.step import Rules, StationState, step
from training.evaluation.methods import Method

_RECORD = 21_600  # samples of a record: a step then costs little compared with its windows
_NO_MODEL = ModelRef("judged", "0", "0" * 64, "not evaluated")


@dataclass(frozen=True, slots=True)
class Stream:
    """Settings of a simulated stream.

    Attributes
    ----------
    window
        The online window.
    alert
        Alert rules.
    history
        Kp, with the times at which it became known.
    """

    window: WindowSpec
    alert: AlertRules
    history: IndexHistory

    def watch(
        self, method: Method, samples: Samples, profile: StationProfile
    ) -> tuple[list[WindowScore], list[Alert]]:
        """Scores of all windows, and the alerts that opened, both in order of time."""
        rules = Rules(self.window, self.alert, _NO_MODEL, {samples.station: (profile,)})
        states: dict[str, StationState] = {}
        scores: list[WindowScore] = []
        opened: list[Alert] = []
        for record in _records(samples):
            states, outcome = step(states, [record], method.reconstruct, rules, self.history)
            scores += outcome.scores
            opened += [alert for alert in outcome.alerts if alert.change is Change.OPENED]
        return scores, opened


def _records(samples: Samples) -> Iterator[Samples]:
    """Consecutive records, as views."""
    for begin in range(0, len(samples), _RECORD):
        yield samples.part(begin, min(begin + _RECORD, len(samples)))
