"""The tables ``[promise]``, ``[alert]`` and ``[profile]``: operation as a model is judged by it.

The defaults of rules hold for recipes without their tables, even if workers of later versions have
other defaults.
"""

from geofield.alerts.alert import AlertRules
from geofield.calibration.living.rules import LivingRules
from geofield.series.windows import WindowSpec
from training.recipe.section import RecipeTable


class Promise(RecipeTable, frozen=True):
    """Promised false-alarm rate, and its test with packets.

    Attributes
    ----------
    false_alarms_per_month
        Promised rate, at which the sensitivity is measured.
    checked_per_month
        Further rates at which alarms are counted on quiet days that were not used for calibration.
        With less than a month of data, a higher rate is more informative.
    durations
        Durations of the packets, in samples.
    snr
        Signal/noise of the packets, ascending.
    apart
        Samples from one packet to the next.
    packets
        Largest number of packets in the stream; the data after them are not used.
    draws
        Number of independent draws of packets, for every duration and signal/noise.
    """

    false_alarms_per_month: float
    checked_per_month: list[float]
    durations: list[int]
    snr: list[float]
    apart: int
    packets: int = 200
    draws: int = 1


class AlertRule(RecipeTable, frozen=True):
    """Alert rule of the judgement, see `geofield.alerts.alert.AlertRules`.

    Attributes
    ----------
    k, n
        An alert opens when `k` of `n` windows exceed the threshold.
    clear, clear_ratio
        It resolves after `clear` windows in a row below `clear_ratio` times the threshold.
    cooldown_s
        Shortest time between the end of an alert and the opening of the next.
    """

    k: int = 4
    n: int = 5
    clear: int = 4
    clear_ratio: float = 0.8
    cooldown_s: float = 600.0

    def rules(self) -> AlertRules:
        """The rules in the form that the step takes.

        Raises
        ------
        ValueError
            If values are out of range.
        """
        return AlertRules(
            k=self.k,
            n=self.n,
            clear=self.clear,
            clear_ratio=self.clear_ratio,
            cooldown_ms=round(1000 * self.cooldown_s),
        )


class ProfileRule(RecipeTable, frozen=True):
    """Rule by which a profile goes on learning, see `geofield.calibration.living.rules`.

    Attributes
    ----------
    living
        Whether alarms are also counted with profiles that go on learning.
    half_life_windows
        Age, in windows, at which quiet data count half.
    guard_s
        Windows nearer than this to an alert are left out.
    rise
        Largest ratio of a threshold to that of the period before.
    """

    living: bool = True
    half_life_windows: int = 9450
    guard_s: float = 3600.0
    rise: float = 1.1

    def rules(self, window: WindowSpec, kp_max: float) -> LivingRules | None:
        """The rules for windows of `window`, quiet up to Kp `kp_max`; None without living."""
        if not self.living:
            return None
        return LivingRules(
            half_life_ms=self.half_life_windows * window.hop_ms,
            guard_ms=round(1000 * self.guard_s),
            max_kp=kp_max,
            rise=self.rise,
        )

    @property
    def problems(self) -> list[str]:
        """What is wrong with the values, in words; empty if nothing is."""
        checks = [
            (self.half_life_windows > 0, "half_life_windows must be positive"),
            (self.guard_s >= 0, "guard_s must not be negative"),
            (self.rise > 1, "rise must be more than 1"),
        ]
        return [f"profile.{problem}" for fine, problem in checks if not fine]
