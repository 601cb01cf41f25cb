"""Check of the promised false-alarm rate on quiet days that were not used for calibration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from geofield.calibration.false_alarm_budget import openings
from geofield.calibration.fit import QuietScores
from geofield.calibration.living.budget import lived
from geofield.calibration.profile import StationProfile
from training.evaluation.contestants import Contestants
from training.evaluation.data_split import DataSplit
from training.evaluation.methods import Method
from training.evaluation.quiet_windows import Advance, quiet_scores
from training.recipe.operation import Promise
from training.results import FalseAlarms
from training.statistics.false_alarms import false_alarms


@dataclass(frozen=True, slots=True)
class QuietCount:
    """Alarms of one method at one rate, and the threshold that its living profile came to.

    Attributes
    ----------
    row
        The counts.
    living_threshold
        Median threshold of the living profile over the judged quiet windows; None if profiles do
        not live on, or nothing quiet was judged.
    """

    row: FalseAlarms
    living_threshold: float | None


def quiet_alarms(contestants: Contestants, split: DataSplit, promise: Promise) -> list[FalseAlarms]:
    """False alarms on the judged quiet windows, for every method and every rate of the promise."""
    return [count.row for count in quiet_counts(contestants, split, promise)]


def quiet_counts(
    contestants: Contestants,
    split: DataSplit,
    promise: Promise,
    advance: Advance = lambda _: None,
) -> list[QuietCount]:
    """The counts of `quiet_alarms`, from one pass over the judged days."""
    rates = (*promise.checked_per_month, promise.false_alarms_per_month)
    methods = contestants.methods
    score_all, scale_nt = contestants.score_all, contestants.scale_nt
    later = quiet_scores(split.judged, split, score_all, scale_nt, advance)
    return list(_counts(methods, contestants.profiles, later, split, rates))


def _counts(
    methods: Sequence[Method],
    profiles: dict[str, StationProfile],
    later: dict[str, QuietScores],
    split: DataSplit,
    rates: tuple[float, ...],
) -> Iterator[QuietCount]:
    for method in methods:
        for rate in rates:
            profile = profiles[method.name].at_rate(rate)
            yield _counted(method.name, profile, later[method.name], split, rate)


def _counted(
    method: str, profile: StationProfile, later: QuietScores, split: DataSplit, rate: float
) -> QuietCount:
    spec, living = split.stream.window, None
    if split.living is not None and len(later) and later.end_ms[0] > profile.calibrated_to_ms:
        living = lived(profile, later, split.living)
    opened = openings(later, profile.threshold, split.stream.alert, spec)
    row = false_alarms(
        method,
        split.judged.station,
        rate,
        later.days(spec.hop_ms),
        len(opened),
        None if living is None else len(living.opened_ms),
    )
    return QuietCount(row, None if living is None else float(np.median(living.threshold)))
