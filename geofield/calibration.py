"""Fitting a station's profile to quiet data."""

from dataclasses import dataclass

import numpy as np

from geofield.profile import AlertBasis, StationProfile, alert_peaks, score_distribution
from geofield.threshold import DAYS_PER_MONTH
from geofield.types import Bool, Float32, Float64, Int64
from geofield.windows import DAY_MS, WindowSpec


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


@dataclass(frozen=True, slots=True, eq=False)
class QuietScores:
    """Scores of a station's quiet windows, in order of time.

    Attributes
    ----------
    end_ms
        Shape [n]: end of each window, milliseconds since 1970 UTC.
    rmse
        Shape [n]: its score.
    """

    end_ms: Int64
    rmse: Float64

    def __len__(self) -> int:
        return len(self.end_ms)

    def where(self, kept: Bool) -> "QuietScores":
        """Those marked."""
        return QuietScores(self.end_ms[kept], self.rmse[kept])

    def days(self, hop_ms: int) -> float:
        """How much data they stand for."""
        return len(self) * hop_ms / DAY_MS


def newest(filtered_nt: Float32, spec: WindowSpec) -> Float32:
    """What each window adds to the one before: [n, steps, 3] to [n * hop steps, 3]."""
    steps = filtered_nt.shape[1]
    fresh = max(1, round(steps * spec.hop / spec.samples))
    return filtered_nt[:, steps - fresh :].reshape(-1, filtered_nt.shape[2])


def profile_of(
    scores: QuietScores, scale_nt: tuple[float, float, float], spec: WindowSpec, asked: Calibration
) -> StationProfile:
    """The profile that a station's quiet scores make.

    Parameters
    ----------
    scores
        In units of `scale_nt`.
    scale_nt
        The station's background, see `robust_scale_nt`.
    spec
        The window that will be used online.
    asked
        Names and the false-alarm rate.

    Raises
    ------
    TailTooShort, NoTail
        If there are too few quiet windows for a threshold, or their scores are all alike.
    """
    basis = AlertBasis(asked.k, asked.n, spec.hop)
    hop_ms, window_ms = spec.hop * spec.cadence_ms, spec.samples * spec.cadence_ms
    end_ms, rmse = scores.end_ms, scores.rmse
    tail, alert_tail = score_distribution(end_ms, rmse, hop_ms, window_ms, basis)
    threshold = alert_tail.score_once_in(DAYS_PER_MONTH / asked.false_alarms_per_month)
    tails = alert_peaks(end_ms, rmse, hop_ms, window_ms, basis).posterior()
    rarest, commonest = tails.rate_interval(threshold - alert_tail.base)
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
        threshold=threshold,
        false_alarms_per_month=asked.false_alarms_per_month,
        calibrated_from_ms=int(end_ms[0]) - window_ms,
        calibrated_to_ms=int(end_ms[-1]),
        windows=len(end_ms),
        quiet_days=scores.days(hop_ms),
        calibrated_at=asked.station,
        threshold_days=(1.0 / commonest, 1.0 / rarest),
    )
