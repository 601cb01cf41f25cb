"""Whether a promised rate of false alarms is kept on quiet days that calibrated nothing."""

from collections.abc import Iterator

from geofield.alert import Alert
from geofield.indices import EVENTUALLY_MS
from geofield.profile import StationProfile
from geofield.score import WindowScore
from geofield.windows import DAY_MS
from training.evaluation import FalseAlarms
from training.ground import Ground
from training.judge.alarms import false_alarms
from training.methods import Method
from training.subject import Subject
from training.tables import Promise


def quiet_alarms(subject: Subject, ground: Ground, promise: Promise) -> list[FalseAlarms]:
    """Alarms that every method opened while it was quiet, for each of the rates."""
    return list(
        _rows(subject, ground, (*promise.checked_per_month, promise.false_alarms_per_month))
    )


def _rows(subject: Subject, ground: Ground, rates: tuple[float, ...]) -> Iterator[FalseAlarms]:
    for method in subject.methods:
        for rate in rates:
            profile = subject.profiles[method.name].at_rate(rate)
            yield _counted(method, profile, ground, rate)


def _counted(method: Method, profile: StationProfile, ground: Ground, rate: float) -> FalseAlarms:
    scores, opened = ground.stream.watch(method, ground.judged, profile)
    quiet = sum(one.score is not None and _quiet(one, ground) for one in scores)
    spec = ground.stream.window
    days = quiet * spec.hop * spec.cadence_ms / DAY_MS
    counted = sum(_quiet(alert, ground) for alert in opened)
    return false_alarms(method.name, ground.judged.station, rate, days, counted)


def _quiet(what: WindowScore | Alert, ground: Ground) -> bool:
    history = ground.stream.history
    return history.between(what.start_ms, what.end_ms, EVENTUALLY_MS).at_most(ground.kp_max)
