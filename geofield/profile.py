"""What is normal at one station: its scale, its score distribution and its threshold.

Stations differ tenfold in noise, so a threshold never carries from one to another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geofield.threshold import (
    BASE_QUANTILE,
    DAYS_PER_MONTH,
    FURTHEST,
    Peaks,
    Tail,
    find_peaks,
    fit_tail,
    sustained,
    tail_periods_days,
)
from geofield.types import Float32, Float64, Int64

_MAD_TO_SIGMA = 1.4826
MEASURED = 1.5


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
    threshold_days
        95 % interval of the return period of `threshold`, in quiet days; None in profiles made
        before it was stated.
    position_deg
        Latitude (north) and longitude (east) of the station; None where they are not known: then it
        is no witness for others and has no remote reference of its own.
    kp_known
        Whether the windows are quiet by a known Kp. If not, no Kp was known at all and storms may
        be among them.
    effective_ms
        Of a profile fitted online: it holds for windows that end later. None for one from an
        archive, which always holds.
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
    threshold_days: tuple[float, float] | None = None
    position_deg: tuple[float, float] | None = None
    kp_known: bool = True
    effective_ms: int | None = None

    def return_period_days(self, score: float) -> float:
        """Quiet data reach such a score once in so many days.

        At most a hundred times the calibration is claimed: beyond that a tail says nothing.
        """
        return float(return_periods_days([self], np.array([score]))[0])

    def at_rate(self, false_alarms_per_month: float) -> "StationProfile":
        """The profile with the threshold for another rate, whose interval is not stated."""
        threshold = self.alert_tail.score_once_in(DAYS_PER_MONTH / false_alarms_per_month)
        return replace(
            self,
            threshold=threshold,
            false_alarms_per_month=false_alarms_per_month,
            threshold_days=None,
        )

    @property
    def asked_days(self) -> float:
        """Quiet days in which one false alert was asked for."""
        return DAYS_PER_MONTH / self.false_alarms_per_month

    @property
    def beyond(self) -> float:
        """How many times the record is as long as the time in which one alert was asked for."""
        return self.asked_days / self.quiet_days

    @property
    def extrapolated(self) -> bool:
        """Whether the record is too short to have measured the rate that was asked for."""
        return self.beyond > MEASURED

    @property
    def promise(self) -> str:
        """What the calibration supports, in words."""
        firm = "extrapolated, not measured" if self.extrapolated else "within what was measured"
        return (
            f"threshold {self.threshold:.3g} stands for one false alert in {self.asked_days:.1f} "
            f"quiet days{self._interval}, from {self.quiet_days:.1f} quiet days of "
            f"{self.calibrated_at} ({self.alert_tail.peaks} independent peaks): "
            f"{self.beyond:.1f} times the record, {firm}"
        )

    @property
    def _interval(self) -> str:
        if self.threshold_days is None:
            return ""
        low, high = self.threshold_days
        furthest = FURTHEST * self.quiet_days
        most = _rounded(high) if high < furthest else f"more than {_rounded(furthest)}"
        return f" (95 % interval {_rounded(low)} to {most})"


def return_periods_days(profiles: Sequence[StationProfile], scores: Float64) -> Float64:
    """`StationProfile.return_period_days` of one score at each of the stations."""
    days = tail_periods_days([one.tail for one in profiles], scores)
    return np.asarray(np.minimum(days, [FURTHEST * one.quiet_days for one in profiles]))


def robust_scale_nt(filtered_nt: Float64 | Float32) -> tuple[float, float, float]:
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
    h, e, z = (_deviation(component) for component in filtered_nt.T)
    if not min(h, e, z) > 0:
        raise ValueError(f"a component does not vary (scale H {h:g}, E {e:g}, Z {z:g} nT)")
    return h, e, z


def score_distribution(
    end_ms: Int64, rmse: Float64, hop_ms: int, window_ms: int, rule: AlertBasis
) -> tuple[Tail, Tail]:
    """Tails of quiet scores: of single windows, and of what an alert reacts to.

    Raises
    ------
    TailTooShort, NoTail
        If the record is too short for a tail, or has none.
    """
    windows = find_peaks(end_ms, rmse, hop_ms, window_ms)
    return fit_tail(windows), fit_tail(alert_peaks(end_ms, rmse, hop_ms, window_ms, rule))


def alert_peaks(
    end_ms: Int64,
    rmse: Float64,
    hop_ms: int,
    window_ms: int,
    rule: AlertBasis,
    quantile: float = BASE_QUANTILE,
) -> Peaks:
    """Independent peaks of what an alert reacts to, the k-th highest of n scores.

    Raises
    ------
    TailTooShort, NoTail
        See `find_peaks`.
    """
    level = sustained(end_ms, rmse, hop_ms, rule.k, rule.n)
    known = np.isfinite(level)
    return find_peaks(end_ms[known], level[known], hop_ms, window_ms, quantile)


def _rounded(days: float) -> str:
    return f"{days:.2g}" if days < 10.0 else f"{days:,.0f}"


def _deviation(values: Float64 | Float32) -> float:
    middle = np.nanmedian(values)
    return float(_MAD_TO_SIGMA * np.nanmedian(np.abs(values - middle)))
