"""Settings of living profiles."""

from dataclasses import dataclass, field

from geofield.alerts.alert import AlertRules
from geofield.alerts.reviews import ReviewHistory
from geofield.calibration.online.segments import Quiet
from geofield.series.windows import WindowSpec

HALF_LIFE_WINDOWS = 9_450  # a week at one window in 64 s: some 200 independent peaks
PERIODS = 7  # periods in a half-life


@dataclass(frozen=True, slots=True)
class LivingRules:
    """Rules of living profiles.

    Attributes
    ----------
    half_life_ms
        Age in event time at which quiet data count half.
    guard_ms
        Windows nearer than this to an alert are left out.
    max_kp
        Highest Kp of a quiet window.
    rise
        Largest ratio of a threshold to the one before it, for each period between the two.
    """

    half_life_ms: int
    guard_ms: int = 3_600_000
    max_kp: float = 3.0
    rise: float = 1.1

    @property
    def period_ms(self) -> int:
        """Event time between two refits of a station."""
        return max(self.half_life_ms // PERIODS, 1)


def half_life_ms(window: WindowSpec) -> int:
    """The half-life that suits a window: long enough for a few hundred independent peaks."""
    return HALF_LIFE_WINDOWS * window.hop_ms


@dataclass(frozen=True, slots=True)
class LivingSetting:
    """Rules of living profiles, with the window and the alert rules that profiles are for.

    `reviews` are what observers said of alerts; each word counts from the time it was heard.
    """

    living: LivingRules
    window: WindowSpec
    alert: AlertRules
    reviews: ReviewHistory = field(default_factory=ReviewHistory)

    @property
    def hop_ms(self) -> int:
        """Time between two windows."""
        return self.window.hop_ms

    @property
    def quiet(self) -> Quiet:
        """Rule of quiet windows; it waits for Kp as long as an alert waits for its class."""
        return Quiet(self.living.max_kp, self.alert.settle_ms, self.window.length_ms)

    @property
    def period_windows(self) -> int:
        """Number of windows in a period."""
        return max(self.living.period_ms // self.hop_ms, 1)
