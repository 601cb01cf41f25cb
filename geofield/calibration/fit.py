"""Fit the profile of a station to quiet data."""

from dataclasses import dataclass

import numpy as np

from geofield.alerts.alert import AlertRules
from geofield.calibration.profile import AlertBasis, StationProfile, alert_peaks
from geofield.calibration.threshold import DAYS_PER_MONTH, Peaks, find_peaks, fit_tail
from geofield.series.windows import WindowSpec
from geofield.types import Bool, Float32, Float64, Int64
from geofield.utc import DAY_MS

KEPT_PEAKS = 300  # in a profile; as many as a living profile weighs


@dataclass(frozen=True, slots=True)
class Calibration:
    """Request for a calibration.

    Attributes
    ----------
    station
        IAGA code of the station whose data are used.
    model_sha256
        Hash of the model that made the scores.
    declination_deg
        Reference declination that the data were turned by.
    alert
        Alert rules, of which `k` and `n` count.
    false_alarms_per_month
        Number of alerts that a month of quiet data may open.
    """

    station: str
    model_sha256: str
    declination_deg: float
    alert: AlertRules
    false_alarms_per_month: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class QuietScores:
    """Scores of a station's quiet windows, in order of time.

    Attributes
    ----------
    end_ms
        Shape [n]: end of each window, milliseconds since 1970 UTC.
    rmse
        Shape [n]: score of each window.
    """

    end_ms: Int64
    rmse: Float64

    def __len__(self) -> int:
        return len(self.end_ms)

    def where(self, kept: Bool) -> "QuietScores":
        """The scores marked in `kept` [n]."""
        return QuietScores(self.end_ms[kept], self.rmse[kept])

    def days(self, hop_ms: int) -> float:
        """Amount of data in days: each window stands for one hop."""
        return len(self) * hop_ms / DAY_MS


@dataclass(frozen=True, slots=True, eq=False)
class FittedProfile:
    """A profile, and the independent peaks of the alert level that its threshold rests on."""

    profile: StationProfile
    peaks: Peaks


def newest(filtered_nt: Float32, spec: WindowSpec) -> Float32:
    """The newest hop of each window: [n, steps, 3] to [n * steps of a hop, 3]."""
    steps = filtered_nt.shape[1]
    fresh = max(1, round(steps * spec.hop / spec.samples))
    return filtered_nt[:, steps - fresh :].reshape(-1, filtered_nt.shape[2])


def fit_profile(
    scores: QuietScores, scale_nt: tuple[float, float, float], spec: WindowSpec, asked: Calibration
) -> FittedProfile:
    """Fit the profile of a station to its quiet scores.

    Parameters
    ----------
    scores
        Quiet scores, in units of `scale_nt`.
    scale_nt
        The station's background of H, E, Z in nT, see `robust_scale_nt`.
    spec
        The window that will be used online.
    asked
        Names and the false-alarm rate.

    Raises
    ------
    TailTooShort, NoTail
        If there are too few quiet windows for a threshold, or their scores are all alike.
    """
    basis = AlertBasis(asked.alert.k, asked.alert.n, spec.hop)
    end_ms, rmse = scores.end_ms, scores.rmse
    singles = find_peaks(end_ms, rmse, spec.hop_ms, spec.length_ms)
    tail = fit_tail(singles)
    peaks = alert_peaks(end_ms, rmse, spec.hop_ms, spec.length_ms, basis)
    alert_tail = fit_tail(peaks)
    threshold = alert_tail.score_once_in(DAYS_PER_MONTH / asked.false_alarms_per_month)
    rarest, commonest = peaks.posterior.rate_interval(threshold - alert_tail.base)
    median, high, highest = (float(value) for value in np.quantile(rmse, [0.5, 0.9, 0.99]))
    profile = StationProfile(
        station=asked.station,
        model_sha256=asked.model_sha256,
        declination_deg=asked.declination_deg,
        scale_nt=scale_nt,
        quantiles=(median, high, highest),
        tail=tail,
        alert_tail=alert_tail,
        basis=basis,
        threshold=threshold,
        false_alarms_per_month=asked.false_alarms_per_month,
        calibrated_from_ms=int(end_ms[0]) - spec.length_ms,
        calibrated_to_ms=int(end_ms[-1]),
        windows=len(end_ms),
        quiet_days=scores.days(spec.hop_ms),
        calibrated_at=asked.station,
        threshold_days=(1.0 / commonest, 1.0 / rarest),
        peaks=_kept(singles),
        alert_peaks=_kept(peaks),
    )
    return FittedProfile(profile, peaks)


def _kept(peaks: Peaks) -> tuple[float, ...]:
    """The peaks in ascending order, of many an evenly spread part; in half precision."""
    scores = np.sort(peaks.scores)
    count = min(len(scores), KEPT_PEAKS)
    chosen = ((np.arange(count) + 0.5) * len(scores) / count).astype(int)
    return tuple(float(f"{score:.4g}") for score in scores[chosen].tolist())
