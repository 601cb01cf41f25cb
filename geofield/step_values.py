"""What a step works with: its rules, the states of stations, and its results."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from geofield.alerts.alert import Alert, AlertRules, AlertState, ModelRef
from geofield.alerts.reviews import ReviewHistory
from geofield.calibration.living.life import Life
from geofield.calibration.living.rules import LivingRules, LivingSetting
from geofield.calibration.online.rules import OnlineRules, Setting
from geofield.calibration.online.state import Fit, Learning
from geofield.calibration.versions import Versions
from geofield.frozen import value
from geofield.scoring.score import WindowScore
from geofield.series.buffer import Buffer, SampleOutcomes
from geofield.series.windows import Group, WindowSpec
from geofield.window_scores import RunningInference


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings of a step.

    `online` calibrates stations in windows for which none of the `profiles` holds; without it
    these windows stay uncalibrated. With `living` all profiles go on learning, and leave out the
    alerts that `reviews` call man-made or the instrument's.
    """

    window: WindowSpec
    alert: AlertRules
    model: ModelRef
    profiles: Mapping[str, Versions]
    online: OnlineRules | None = None
    living: LivingRules | None = None
    reviews: ReviewHistory = field(default_factory=ReviewHistory)

    @property
    def setting(self) -> Setting | None:
        """Settings of online calibration; None if stations are not calibrated online."""
        if self.online is None:
            return None
        lives = self.living is not None
        return Setting(self.online, self.window, self.alert, self.model.sha256, lives)

    @property
    def living_setting(self) -> LivingSetting | None:
        """Settings of living profiles; None if profiles stay as they are."""
        if self.living is None:
            return None
        return LivingSetting(self.living, self.window, self.alert, self.reviews)


@value
class StationState:
    """State of a station between two steps."""

    buffer: Buffer | None = None
    alerts: AlertState = field(default_factory=AlertState)
    learning: Learning = field(default_factory=Learning)
    life: Life | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Results of a step, in the order of the records.

    Attributes
    ----------
    intake
        Outcomes of the samples of each record.
    scores
        Score of each window that came due; stations that are calibrated online come last.
    alerts
        Alert versions to publish.
    fits
        Attempted profile fits of stations that are calibrated online.
    """

    intake: list[SampleOutcomes]
    scores: list[WindowScore]
    alerts: list[Alert]
    fits: list[Fit] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class TakenIn:
    """A step between its halves: records are taken in, inference on their windows is running.

    Attributes
    ----------
    states
        States by station: buffers after the step, alerts and calibrations before it.
    intake
        Outcomes of the samples of each record.
    inferences
        Inferences on windows whose profile, or lack of one, is known.
    learning
        Due windows of stations that are calibrated online. The profile of each window depends on
        the windows before it.
    later
        Inferences on windows of the same stations for which a given profile holds again.
    """

    states: dict[str, StationState]
    intake: list[SampleOutcomes]
    inferences: list[RunningInference]
    learning: list[Group]
    later: list[RunningInference]
