"""Settings of online calibration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from geofield.alerts.alert import AlertRules
from geofield.calibration.online.segments import Quiet
from geofield.series.windows import WindowSpec
from geofield.types import Float32
from geofield.utc import DAY_MS

BandPass: TypeAlias = Callable[[Float32], Float32]
"""The model's filter: levelled field [n, span, 3] to band-passed [n, steps, 3], both in nT."""


@dataclass(frozen=True, slots=True)
class OnlineRules:
    """Rules of online calibration.

    Attributes
    ----------
    band_pass
        The model's filter.
    scale_days, first_days, most_days
        Days of quiet data for the scale, for the first fit, and for the last fit.
    review_ms
        Event time between two reviews of a station's calibration.
    guard_ms
        Windows nearer than this to an alert are left out.
    max_kp
        Highest Kp of a quiet window.
    false_alarms_per_month
        False-alarm rate of the thresholds.
    """

    band_pass: BandPass
    scale_days: float = 1.0
    first_days: float = 1.0
    most_days: float = 16.0
    review_ms: int = 21_600_000
    guard_ms: int = 3_600_000
    max_kp: float = 3.0
    false_alarms_per_month: float = 1.0


@dataclass(frozen=True, slots=True)
class Setting:
    """Rules of online calibration, and the window, alert rules and model that profiles are for.

    With `lives` the first profile ends the calibration: from then on it lives on.
    """

    online: OnlineRules
    window: WindowSpec
    alert: AlertRules
    model_sha256: str
    lives: bool = False

    @property
    def hop_ms(self) -> int:
        """Time between two windows."""
        return self.window.hop_ms

    @property
    def quiet(self) -> Quiet:
        """Rule of quiet windows; it waits for Kp as long as an alert waits for its class."""
        return Quiet(self.online.max_kp, self.alert.settle_ms, self.window.length_ms)

    def windows(self, days: float) -> int:
        """Number of windows that stand for `days` days of data."""
        return max(round(days * DAY_MS / self.hop_ms), 1)

    @property
    def most_windows(self) -> int:
        """Number of windows of the last fit."""
        return self.windows(max(self.online.most_days, self.online.first_days))
