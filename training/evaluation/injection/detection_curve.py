"""Detection curve: share of packets of one duration that alerts detect, at several rates."""

from collections.abc import Mapping, Sequence

import numpy as np

from geofield.calibration.profile import StationProfile
from geofield.calibration.threshold import DAYS_PER_MONTH, Tail
from geofield.types import Float64
from training.evaluation.injection.alert_levels import Levels
from training.evaluation.injection.snr50 import half_interval, snr_half
from training.recipe.operation import Promise
from training.results import HalfFound, Sensitivity


def curve(
    method: str,
    duration_s: float,
    levels: Levels,
    profile: StationProfile,
    others: Sequence[Tail],
    promise: Promise,
    living: Mapping[float, float | None],
) -> Sensitivity:
    """Compute the figures of one method and duration.

    Parameters
    ----------
    method, duration_s
        Name of the method, and duration of the packets.
    levels
        Alert levels that the packets raise.
    profile
        Profile of the method at the promised rate.
    others
        Tails that other quiet days might have given, see `other_tails`.
    promise
        False-alarm rates and strengths.
    living
        Threshold of the living profile by rate; None if profiles do not live on.
    """

    def half(per_month: float) -> HalfFound:
        detected = levels.detected(profile.at_rate(per_month).threshold)
        lived_to = living.get(per_month)
        in_life = None if lived_to is None else levels.detected(lived_to).shares
        thresholds = np.array([tail.score_once_in(DAYS_PER_MONTH / per_month) for tail in others])
        return HalfFound(
            asked_per_month=per_month,
            packets=len(detected.place),
            snr=snr_half(promise.snr, detected.shares),
            interval=half_interval(promise.snr, levels, thresholds),
            living_threshold=lived_to,
            living_snr=None if in_life is None else snr_half(promise.snr, in_life),
        )

    detected = levels.detected(profile.threshold)
    return Sensitivity(
        method=method,
        duration_s=duration_s,
        packets=len(detected.place),
        snr=promise.snr,
        found=detected.shares,
        delay_s=[_median(row[np.isfinite(row)]) for row in detected.delay_s],
        half=[half(rate) for rate in (promise.false_alarms_per_month, *promise.checked_per_month)],
    )


def _median(values: Float64) -> float | None:
    return float(np.median(values)) if len(values) else None
