"""What alerts find of packets of one duration, at several rates of false alarms."""

from collections.abc import Sequence

import numpy as np

from geofield.profile import StationProfile
from geofield.threshold import DAYS_PER_MONTH, Tail
from geofield.types import Float64
from training.evaluation import HalfFound, Sensitivity
from training.half import half_interval, snr_half
from training.levels import Levels
from training.tables import Promise


def curve(
    method: str,
    duration_s: float,
    levels: Levels,
    profile: StationProfile,
    others: Sequence[Tail],
    promise: Promise,
) -> Sensitivity:
    """The figures of one method and duration.

    Parameters
    ----------
    method, duration_s
        What they are of.
    levels
        What the packets raise.
    profile
        Of the method, at the promised rate.
    others
        Tails that other quiet days might have given.
    promise
        Rates and strengths.
    """

    def half(per_month: float) -> HalfFound:
        found = levels.found(profile.at_rate(per_month).threshold)
        thresholds = np.array([one.score_once_in(DAYS_PER_MONTH / per_month) for one in others])
        return HalfFound(
            asked_per_month=per_month,
            packets=len(found.place),
            snr=snr_half(promise.snr, found.shares),
            interval=half_interval(promise.snr, levels, thresholds),
        )

    found = levels.found(profile.threshold)
    return Sensitivity(
        method=method,
        duration_s=duration_s,
        packets=len(found.place),
        snr=promise.snr,
        found=found.shares,
        delay_s=[_median(row[np.isfinite(row)]) for row in found.delay_s],
        half=[half(rate) for rate in (promise.false_alarms_per_month, *promise.checked_per_month)],
    )


def _median(values: Float64) -> float | None:
    return float(np.median(values)) if len(values) else None
