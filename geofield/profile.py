"""What is normal at one station: its scale, its score distribution and its threshold.

Stations differ tenfold in noise, so a threshold never carries from one to another.
"""

from dataclasses import dataclass

import numpy as np

from geofield.threshold import DAYS_PER_MONTH, Tail, fit_tail
from geofield.types import Float64, Int64
from geofield.windows import WindowSpec

_MAD_TO_SIGMA = 1.4826


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
        Upper tail of the quiet scores.
    threshold
        Score that quiet data pass `false_alarms_per_month` times in a month.
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
    threshold: float
    false_alarms_per_month: float
    calibrated_from_ms: int
    calibrated_to_ms: int
    windows: int
    quiet_days: float
    calibrated_at: str

    @property
    def promise(self) -> str:
        """What the calibration supports, in words."""
        asked_days = DAYS_PER_MONTH / self.false_alarms_per_month
        beyond = asked_days / self.quiet_days
        firm = "extrapolated, not measured" if beyond > 1 else "within what was measured"
        return (
            f"threshold {self.threshold:.3g} stands for one exceedance in {asked_days:.0f} "
            f"quiet days, from {self.quiet_days:.1f} quiet days of {self.calibrated_at} "
            f"({self.tail.peaks} independent peaks): {beyond:.0f} times the record, {firm}"
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
    end_ms: Int64, rmse: Float64, spec: WindowSpec, false_alarms_per_month: float
) -> tuple[Tail, tuple[float, float, float], float]:
    """Tail, 50/90/99 % quantiles and threshold of quiet scores.

    Raises
    ------
    TailTooShort
        If the record is too short for a tail.
    """
    hop_ms, apart_ms = spec.hop * spec.cadence_ms, spec.samples * spec.cadence_ms
    tail = fit_tail(end_ms, rmse, hop_ms, apart_ms)
    median, high, highest = (float(value) for value in np.quantile(rmse, [0.5, 0.9, 0.99]))
    threshold = tail.score_once_in(DAYS_PER_MONTH / false_alarms_per_month)
    return tail, (median, high, highest), threshold
