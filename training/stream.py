"""An archive through the same step as the worker's, once for every method that is judged."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geofield.alert import Alert, AlertRules, Change, ModelRef
from geofield.indices import KpHistory
from geofield.profile import StationProfile
from geofield.samples import Samples
from geofield.score import WindowScore
from geofield.step import Rules, StationState, step
from geofield.types import Float64
from geofield.windows import WindowSpec
from training.methods import Method

_RECORD = 21_600  # samples: large enough that a step costs little beside its windows
_NO_MODEL = ModelRef("judged", "0", "0" * 64, "not evaluated")


@dataclass(frozen=True, slots=True)
class Stream:
    """How archives are watched.

    Attributes
    ----------
    window
        The online window.
    alert
        When alerts open.
    history
        Kp as it was known.
    """

    window: WindowSpec
    alert: AlertRules
    history: KpHistory

    def watch(
        self, method: Method, samples: Samples, profile: StationProfile
    ) -> tuple[list[WindowScore], list[Alert]]:
        """Scores of all windows and the alerts that opened, in order of time."""
        rules = Rules(self.window, self.alert, _NO_MODEL, {samples.station: profile})
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


def rmse_of(scores: list[WindowScore]) -> Float64:
    """Score of each window [n], NaN where there is none."""
    return np.array([one.score.rmse if one.score else np.nan for one in scores])
