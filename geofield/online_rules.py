"""How stations are calibrated online, and what their profiles are for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from geofield.alert import AlertRules
from geofield.stretch import Quiet
from geofield.types import Float32
from geofield.windows import DAY_MS, WindowSpec

BandPass: TypeAlias = Callable[[Float32], Float32]
"""The model's filter: field [n, span, 3] without level to [n, steps, 3], both in nT."""


@dataclass(frozen=True, slots=True)
class OnlineRules:
    """How stations are calibrated online.

    Attributes
    ----------
    band_pass
        The model's filter.
    scale_days, first_days, most_days
        Quiet data for the scale, for the first fit, and for the last.
    review_ms
        Event time between two looks at a station's calibration.
    guard_ms
        Windows so near to an alert are not learned from.
    max_kp
        Highest Kp of a quiet window.
    false_alarms_per_month
        What thresholds are fitted for.
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
    """What a calibration is for."""

    online: OnlineRules
    window: WindowSpec
    alert: AlertRules
    model_sha256: str

    @property
    def hop_ms(self) -> int:
        """Time between two windows."""
        return self.window.hop * self.window.cadence_ms

    @property
    def quiet(self) -> Quiet:
        """When a window is quiet; a Kp is waited for as long as an alert waits for its class."""
        length_ms = self.window.samples * self.window.cadence_ms
        return Quiet(self.online.max_kp, self.alert.settle_ms, length_ms)

    def windows(self, days: float) -> int:
        """How many windows stand for so many days."""
        return max(round(days * DAY_MS / self.hop_ms), 1)

    @property
    def most_windows(self) -> int:
        """Windows of the last fit."""
        return self.windows(max(self.online.most_days, self.online.first_days))
