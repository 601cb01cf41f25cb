"""What is normal at one station: its scale, its score distribution and its threshold.

Stations differ tenfold in noise, so a threshold never carries from one to another.
"""

from dataclasses import dataclass

import numpy as np

from geofield.threshold import DAYS_PER_MONTH, Tail, fit_tail, sustained
from geofield.types import Float64, Int64

_MAD_TO_SIGMA = 1.4826
_FURTHEST = 100.0


@dataclass(frozen=True, slots=True)
class AlertBasis:
    """What a false-alarm rate holds for: `k` of `n` windows, one every `hop` samples."""

    k: int
    n: int
    hop: int


@dataclass(frozen=True, slots=True)
class StationProfile:
    """Fitted on quiet data of the station with one model; worthless with another.

    Attributes
    ----------
    station
        IAGA code the profile is for.
    model_sha256
        The model whose scores it describes.
    declination_deg
        Reference declination: the direction called H.
    scale_nt
        Robust standard deviation of the band-passed H, E, Z, in nT.
    quantiles
        Score at 50, 90, 99 % of the quiet windows.
    tail
        Upper tail of the scores of quiet windows: gives each score its return period.
    alert_tail
        Upper tail of what an alert reacts to, the k-th highest of n scores: gives the threshold.
    basis
        Alert rule and hop that `alert_tail` holds for.
    threshold
        Score at which quiet data open `false_alarms_per_month` alerts in a month.
    false_alarms_per_month
        What was asked for.
    calibrated_from_ms, calibrated_to_ms
        The data it was fitted on (UTC).
    windows
        How many quiet windows the fit used.
    quiet_days
        How much data they stand for: windows times hop.
    calibrated_at
        Station whose data were used, when not the station itself.
    """

    station: str
    model_sha256: str
    declination_deg: float
    scale_nt: tuple[float, float, float]
    quantiles: tuple[float, float, float]
    tail: Tail
    alert_tail: Tail
    basis: AlertBasis
    threshold: float
    false_alarms_per_month: float
    calibrated_from_ms: int
    calibrated_to_ms: int
    windows: int
    quiet_days: float
    calibrated_at: str

    def return_period_days(self, score: float) -> float:
        """Quiet data reach such a score once in so many days.

        At most a hundred times the calibration is claimed: beyond that a tail says nothing.
        """
        return min(self.tail.return_period_days(score), _FURTHEST * self.quiet_days)

    @property
    def promise(self) -> str:
        """What the calibration supports, in words."""
        asked_days = DAYS_PER_MONTH / self.false_alarms_per_month
        beyond = asked_days / self.quiet_days
        firm = "extrapolated, not measured" if beyond > 1.5 else "within what was measured"
        return (
            f"threshold {self.threshold:.3g} stands for one false alert in {asked_days:.1f} "
            f"quiet days, from {self.quiet_days:.1f} quiet days of {self.calibrated_at} "
            f"({self.alert_tail.peaks} independent peaks): {beyond:.1f} times the record, {firm}"
        )


def robust_scale_nt(filtered_nt: Float64) -> tuple[float, float, float]:
    """Standard deviation of the background by the median absolute deviation.

    Parameters
    ----------
    filtered_nt
        Shape [n, 3]: band-passed H, E, Z in nT; NaN is left out.

    Raises
    ------
    ValueError
        If a component never varies: a dead sensor has no scale.
    """
    deviation = np.abs(filtered_nt - np.nanmedian(filtered_nt, axis=0))
    h, e, z = (float(value) for value in _MAD_TO_SIGMA * np.nanmedian(deviation, axis=0))
    if not min(h, e, z) > 0:
        raise ValueError(f"a component does not vary (scale H {h:g}, E {e:g}, Z {z:g} nT)")
    return h, e, z


def score_distribution(
    end_ms: Int64, rmse: Float64, hop_ms: int, window_ms: int, rule: AlertBasis
) -> tuple[Tail, Tail]:
    """Tails of quiet scores: of single windows, and of what an alert reacts to.

    Raises
    ------
    TailTooShort
        If the record is too short for a tail.
    """
    level = sustained(end_ms, rmse, hop_ms, rule.k, rule.n)
    known = np.isfinite(level)
    windows = fit_tail(end_ms, rmse, hop_ms, window_ms)
    alerts = fit_tail(end_ms[known], level[known], hop_ms, window_ms)
    return windows, alerts
