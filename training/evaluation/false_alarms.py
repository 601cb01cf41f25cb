"""Check of the promised false-alarm rate on quiet days that were not used for calibration."""

from collections.abc import Iterator

from geofield.alerts.alert import Alert
from geofield.calibration.profile import StationProfile
from geofield.indices import EVENTUALLY_MS
from geofield.scoring.score import WindowScore
from geofield.utc import DAY_MS
from training.evaluation.contestants import Contestants
from training.evaluation.data_split import DataSplit
from training.evaluation.methods import Method
from training.recipe.tables import Promise
from training.results import FalseAlarms
from training.statistics.false_alarms import false_alarms


def quiet_alarms(contestants: Contestants, split: DataSplit, promise: Promise) -> list[FalseAlarms]:
    """False alarms on the judged quiet windows, for every method and every rate of the promise."""
    return list(
        _rows(contestants, split, (*promise.checked_per_month, promise.false_alarms_per_month))
    )


def _rows(
    contestants: Contestants, split: DataSplit, rates: tuple[float, ...]
) -> Iterator[FalseAlarms]:
    for method in contestants.methods:
        for rate in rates:
            profile = contestants.profiles[method.name].at_rate(rate)
            yield _counted(method, profile, split, rate)


def _counted(method: Method, profile: StationProfile, split: DataSplit, rate: float) -> FalseAlarms:
    scores, opened = split.stream.watch(method, split.judged, profile)
    quiet = sum(window.score is not None and _quiet(window, split) for window in scores)
    spec = split.stream.window
    days = quiet * spec.hop_ms / DAY_MS
    counted = sum(_quiet(alert, split) for alert in opened)
    return false_alarms(method.name, split.judged.station, rate, days, counted)


def _quiet(span: WindowScore | Alert, split: DataSplit) -> bool:
    history = split.stream.history
    return history.between(span.start_ms, span.end_ms, EVENTUALLY_MS).at_most(split.kp_max)
