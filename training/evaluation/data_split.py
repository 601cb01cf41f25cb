"""Division of an archive into calibration days and judged days."""

from collections.abc import Sequence
from dataclasses import dataclass

from archive.kp import kp_intervals
from archive.kp_file import KpFile
from geofield.calibration.living.rules import LivingSetting
from geofield.indices import IndexHistory
from geofield.scoring.manifest import ModelWindow
from geofield.series.samples import Samples
from training.data.windows import only
from training.evaluation.simulation import Stream
from training.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True)
class DataSplit:
    """Data and rules by which methods are judged.

    Attributes
    ----------
    calibration
        Samples for scale and threshold, NaN on all other days.
    calibration_days
        The calibration days, as dates or spans of dates.
    judged
        Samples for the judgement, NaN on all other days.
    days
        The judged days, as dates or spans of dates.
    stream
        Window, alert rule and Kp.
    kp_max
        Highest Kp of a quiet window, over which Kp must be known.
    living
        Rules by which profiles go on learning; None if they stay as they were made.
    """

    calibration: Samples
    calibration_days: Sequence[str]
    judged: Samples
    days: Sequence[str]
    stream: Stream
    kp_max: float
    living: LivingSetting | None = None


def divided(
    samples: Samples,
    calibration_days: Sequence[str],
    judged_days: Sequence[str],
    window: ModelWindow,
    recipe: Recipe,
    kp_file: KpFile | None = None,
) -> DataSplit:
    """Divide an archive by days; the recipe gives the rules of alerts, profiles and quiet windows.

    Of `kp_file` the days are used that the installed table of Kp does not have.

    Raises
    ------
    training.recipe.section.RecipeRefused
        If a day is not a date.
    """
    history = IndexHistory(kp_intervals(samples.start_ms, samples.end_ms, kp_file))
    stream = Stream(window.spec(), recipe.alert.rules(), history)
    living = recipe.profile.rules(stream.window, recipe.data.kp_max)
    return DataSplit(
        calibration=only(samples, calibration_days),
        calibration_days=calibration_days,
        judged=only(samples, judged_days),
        days=judged_days,
        stream=stream,
        kp_max=recipe.data.kp_max,
        living=LivingSetting(living, stream.window, stream.alert) if living else None,
    )
