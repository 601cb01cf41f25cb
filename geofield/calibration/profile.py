"""The profile of a station: its scale, its score distribution and its threshold.

Stations differ tenfold in noise, so the threshold of one station never holds for another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geofield.calibration.threshold import (
    BASE_QUANTILE,
    DAYS_PER_MONTH,
    FURTHEST,
    Peaks,
    Tail,
    find_peaks,
    sustained,
    tail_periods_days,
)
from geofield.scoring.score import PromiseCount
from geofield.types import Float32, Float64, Int64

_MAD_TO_SIGMA = 1.4826
MEASURED = 1.5


@dataclass(frozen=True, slots=True)
class AlertBasis:
    """Alert rule of a false-alarm rate: `k` of `n` windows, one every `hop` samples."""

    k: int
    n: int
    hop: int


@dataclass(frozen=True, slots=True)
class StationProfile:
    """Profile of a station, fitted to its quiet data with one model; it holds for no other model.

    Attributes
    ----------
    station
        IAGA code of the station.
    model_sha256
        Hash of the model that made the scores.
    declination_deg
        Reference declination: the direction called H.
    scale_nt
        Robust standard deviation of the band-passed H, E, Z, in nT.
    quantiles
        Score at 50, 90, 99 % of the quiet windows.
    tail
        Upper tail of the scores of quiet windows: gives the return period of a score.
    alert_tail
        Upper tail of the alert level, the k-th highest of n scores: gives the threshold.
    basis
        Alert rule and hop that `alert_tail` holds for.
    threshold
        Score at which quiet data open `false_alarms_per_month` alerts in a month.
    false_alarms_per_month
        The requested rate.
    calibrated_from_ms, calibrated_to_ms
        Span of the data of the fit, milliseconds since 1970 UTC.
    windows
        Number of quiet windows in the fit.
    quiet_days
        Amount of quiet data: windows times hop.
    calibrated_at
        Station whose data were used; it may be another station.
    threshold_days
        95 % interval of the return period of `threshold`, in quiet days; None in profiles of
        earlier versions, which did not state it.
    position_deg
        Latitude (north) and longitude (east) of the station. None if unknown: then the station is
        no witness for others and has no remote reference.
    kp_known
        Whether a known Kp selected the quiet windows. If not, no Kp was known at all and storms may
        be among them.
    effective_ms
        Event time of the profile: it holds for windows that end later. None if it holds for all
        windows, see `geofield.calibration.versions`.
    peaks, alert_peaks
        Independent peaks that `tail` and `alert_tail` rest on, in ascending order; of many a few
        hundred, evenly spread. Empty in profiles of earlier versions, which did not keep them.
    count
        Alerts beside those promised, in a profile that lives on; None before its first refit.
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
    peaks: tuple[float, ...] = ()
    alert_peaks: tuple[float, ...] = ()
    count: PromiseCount | None = None

    def return_period_days(self, score: float) -> float:
        """Return period of a score in quiet days.

        It is at most a hundred times the quiet data of the calibration: a tail says nothing beyond.
        """
        return float(return_periods_days([self], np.array([score]))[0])

    def without_peaks(self) -> "StationProfile":
        """The profile without the peaks that it rests on."""
        return replace(self, peaks=(), alert_peaks=())

    def at_rate(self, false_alarms_per_month: float) -> "StationProfile":
        """The profile with the threshold for another rate, without an interval."""
        threshold = self.alert_tail.score_once_in(DAYS_PER_MONTH / false_alarms_per_month)
        return replace(
            self,
            threshold=threshold,
            false_alarms_per_month=false_alarms_per_month,
            threshold_days=None,
        )

    @property
    def asked_days(self) -> float:
        """Requested number of quiet days per false alert."""
        return DAYS_PER_MONTH / self.false_alarms_per_month

    @property
    def beyond(self) -> float:
        """Requested days per false alert as a multiple of the quiet days of the record."""
        return self.asked_days / self.quiet_days

    @property
    def extrapolated(self) -> bool:
        """Whether the record is too short to measure the requested rate."""
        return self.beyond > MEASURED

    @property
    def promise(self) -> str:
        """The false-alarm rate that the calibration supports, in words."""
        firm = "extrapolated, not measured" if self.extrapolated else "within what was measured"
        return (
            f"threshold {self.threshold:.3g} stands for one false alert in {self.asked_days:.1f} "
            f"quiet days{self._interval}, from {self.quiet_days:.1f} quiet days of "
            f"{self.calibrated_at} ({self.alert_tail.peaks} independent peaks): "
            f"{self.beyond:.1f} times the record, {firm}"
        )

    @property
    def interval_days(self) -> str:
        """95 % interval of the return period of the threshold, as text; empty if unknown."""
        if self.threshold_days is None:
            return ""
        low, high = self.threshold_days
        furthest = FURTHEST * self.quiet_days
        most = _rounded(high) if high < furthest else f"more than {_rounded(furthest)}"
        return f"{_rounded(low)} to {most}"

    @property
    def _interval(self) -> str:
        return f" (95 % interval {self.interval_days})" if self.interval_days else ""


def return_periods_days(profiles: Sequence[StationProfile], scores: Float64) -> Float64:
    """`StationProfile.return_period_days` of one score for each profile: [n], in quiet days."""
    days = tail_periods_days([profile.tail for profile in profiles], scores)
    return np.asarray(np.minimum(days, [FURTHEST * profile.quiet_days for profile in profiles]))


def robust_scale_nt(filtered_nt: Float64 | Float32) -> tuple[float, float, float]:
    """Standard deviation of the background, by the median absolute deviation.

    Parameters
    ----------
    filtered_nt
        Shape [n, 3]: band-passed H, E, Z in nT; NaN is left out.

    Returns
    -------
    Scale of H, E, Z in nT.

    Raises
    ------
    ValueError
        If a component never varies: a dead sensor has no scale.
    """
    h, e, z = (_deviation(component) for component in filtered_nt.T)
    if not min(h, e, z) > 0:
        raise ValueError(f"a component does not vary (scale H {h:g}, E {e:g}, Z {z:g} nT)")
    return h, e, z


def alert_peaks(
    end_ms: Int64,
    rmse: Float64,
    hop_ms: int,
    window_ms: int,
    rule: AlertBasis,
    quantile: float = BASE_QUANTILE,
) -> Peaks:
    """Independent peaks of the alert level, the k-th highest of n scores; see `sustained`.

    Parameters
    ----------
    end_ms, rmse
        Shape [n]: window ends in ascending order and their scores.
    hop_ms, window_ms
        Distance between windows and their length.
    rule
        Alert rule.
    quantile
        Share of the levels below the base, 0-1.

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
