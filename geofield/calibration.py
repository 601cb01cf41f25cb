"""Fitting a station's profile to quiet data."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geofield.profile import AlertBasis, StationProfile, robust_scale_nt, score_distribution
from geofield.score import Reconstruct, stack_scale
from geofield.threshold import DAYS_PER_MONTH
from geofield.types import Float32, Int64
from geofield.windows import DAY_MS, Windows, WindowSpec


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is asked for.

    Attributes
    ----------
    station
        IAGA code of the station whose data are used.
    model_sha256
        Model whose scores are to be judged.
    declination_deg
        Reference declination that the data were turned by.
    k, n
        Alert rule.
    false_alarms_per_month
        How often quiet data may open an alert.
    """

    station: str
    model_sha256: str
    declination_deg: float
    k: int
    n: int
    false_alarms_per_month: float = 1.0


def fit_profile(
    windows: Windows,
    band_pass: Callable[[Float32], Float32],
    reconstruct: Reconstruct,
    spec: WindowSpec,
    asked: Calibration,
) -> StationProfile:
    """Measure scale and score distribution of quiet windows.

    Parameters
    ----------
    windows
        Quiet windows in order of time; those that are not sufficient are left out here.
    band_pass
        Field [n, span, 3] in nT to band-passed field [n, steps, 3] in nT: the model's own filter.
    reconstruct
        The model.
    spec
        The window that will be used online.
    asked
        Names and the false-alarm rate.

    Raises
    ------
    TailTooShort
        If there are too few quiet windows for a threshold.
    ValueError
        If a component does not vary.
    """
    usable = windows.sufficient
    field_nt, end_ms = windows.levelled_nt()[usable], windows.end_ms[usable]
    if not len(end_ms):
        raise ValueError("no window is complete enough and quiet")
    scale_nt = robust_scale_nt(np.concatenate(band_pass(field_nt)).astype(np.float64))
    rmse = reconstruct(field_nt, stack_scale(scale_nt, len(field_nt))).rmse.astype(np.float64)
    basis = AlertBasis(asked.k, asked.n, spec.hop)
    hop_ms, window_ms = spec.hop * spec.cadence_ms, spec.samples * spec.cadence_ms
    tail, alert_tail = score_distribution(end_ms, rmse, hop_ms, window_ms, basis)
    median, high, highest = (float(value) for value in np.quantile(rmse, [0.5, 0.9, 0.99]))
    return StationProfile(
        station=asked.station,
        model_sha256=asked.model_sha256,
        declination_deg=asked.declination_deg,
        scale_nt=scale_nt,
        quantiles=(median, high, highest),
        tail=tail,
        alert_tail=alert_tail,
        basis=basis,
        threshold=alert_tail.score_once_in(DAYS_PER_MONTH / asked.false_alarms_per_month),
        false_alarms_per_month=asked.false_alarms_per_month,
        calibrated_from_ms=int(end_ms[0]) - spec.samples * spec.cadence_ms,
        calibrated_to_ms=int(end_ms[-1]),
        windows=len(end_ms),
        quiet_days=len(end_ms) * hop_ms / DAY_MS,
        calibrated_at=asked.station,
    )


def selected(windows: Windows, keep: Int64) -> Windows:
    """The windows at the positions `keep`."""
    return Windows(
        windows.end_ms[keep],
        windows.field_nt[keep],
        windows.completeness[keep],
        windows.sufficient[keep],
    )
