"""An archive divided for a judgement: days that calibrate, days that are judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from archive.kp import kp_intervals
from geofield.alert import AlertRules
from geofield.indices import KpHistory
from geofield.manifest import ModelWindow
from geofield.samples import Samples
from training.dataset import only
from training.stream import Stream


@dataclass(frozen=True, slots=True)
class Ground:
    """Where methods are judged.

    Attributes
    ----------
    calibration
        Samples that scale and threshold are fitted on, NaN elsewhere.
    calibration_days
        The same days, as dates or spans of dates.
    judged
        Samples that everything is measured on, NaN elsewhere.
    days
        The judged days, as dates or spans of dates.
    stream
        How samples are watched: window, alert rule, Kp.
    kp_max
        Windows over which Kp is known and nowhere higher are quiet.
    """

    calibration: Samples
    calibration_days: Sequence[str]
    judged: Samples
    days: Sequence[str]
    stream: Stream
    kp_max: float


def divided(
    samples: Samples,
    calibration_days: Sequence[str],
    judged_days: Sequence[str],
    window: ModelWindow,
    kp_max: float,
) -> Ground:
    """Divide an archive by days.

    Raises
    ------
    training.section.RecipeRefused
        If a day is not a date.
    """
    history = KpHistory(tuple(kp_intervals(samples.start_ms, samples.end_ms)))
    stream = Stream(window.spec(), AlertRules(), history)
    return Ground(
        calibration=only(samples, calibration_days),
        calibration_days=calibration_days,
        judged=only(samples, judged_days),
        days=judged_days,
        stream=stream,
        kp_max=kp_max,
    )
