"""A model and the methods it is compared with, all fitted to one station."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from archive.model import Model
from geofield.calibration.fit import Calibration, fit_profile
from geofield.calibration.profile import StationProfile
from geofield.calibration.threshold import NoTail, Peaks, TailTooShort
from geofield.scoring.score import stack_scale
from geofield.types import Float32, Float64
from training.evaluation.data_split import DataSplit
from training.evaluation.methods import Method, ScoreAll, methods_of, scorer_of
from training.evaluation.quiet_windows import background_nt, quiet_scores
from training.recipe.section import RecipeRefused
from training.results import CLASSIFIER, NEGATIVE


@dataclass(frozen=True, slots=True, eq=False)
class Contestants:
    """Methods that are evaluated together.

    Attributes
    ----------
    model
        The published model, whose filter all methods share.
    methods
        The model, its trained rivals and the baselines.
    profiles
        Profile of each method, fitted to the calibration days for the promised false-alarm rate.
    peaks
        Independent peaks behind the threshold of each method.
    autoencoders
        The model and those of its rivals that reconstruct, by method.
    """

    model: Model
    methods: Sequence[Method]
    profiles: dict[str, StationProfile]
    peaks: dict[str, Peaks]
    autoencoders: dict[str, Model]

    @property
    def scale_nt(self) -> tuple[float, float, float]:
        """Scale of the station, H, E, Z in nT; the same for every method."""
        return next(iter(self.profiles.values())).scale_nt

    @property
    def score_all(self) -> ScoreAll:
        """Scores of every method."""
        return scorer_of(self.model, self.methods)

    def scores(self, field_nt: Float32) -> Mapping[str, Float64]:
        """Scores [n] of every method for raw windows [n, span, 3] in nT."""
        return self.score_all(field_nt, stack_scale(self.scale_nt, len(field_nt)))


def fitted(
    model: Model,
    rivals: Mapping[str, Model],
    split: DataSplit,
    false_alarms_per_month: float,
    advance: Callable[[int], object],
) -> Contestants:
    """Fit the profile of every method to the quiet windows of the calibration days.

    Parameters
    ----------
    model, rivals
        The published model, and its trained rivals by name.
    split
        Archive, window and alert rule.
    false_alarms_per_month
        The promised rate.
    advance
        Called with the number of windows read; every window is read twice.

    Raises
    ------
    training.recipe.section.RecipeRefused
        If the calibration days have no quiet window, or too few for a threshold.
    """
    methods, spec = methods_of(model, dict(rivals)), split.stream.window
    scale_nt = background_nt(split.calibration, split, model, advance)
    score_all = scorer_of(model, methods)
    quiet = quiet_scores(split.calibration, split, score_all, scale_nt, advance)
    if not all(map(len, quiet.values())):
        raise RecipeRefused(
            f"{split.calibration.station}: every quiet window of the days that calibrate shows a "
            "fault of the instrument or a man-made pulse"
        )
    asked = Calibration(
        station=split.calibration.station,
        model_sha256=model.manifest.sha256,
        declination_deg=0.0,
        alert=split.stream.alert,
        false_alarms_per_month=false_alarms_per_month,
    )
    try:
        fits = {name: fit_profile(scores, scale_nt, spec, asked) for name, scores in quiet.items()}
    except (NoTail, TailTooShort) as error:
        raise RecipeRefused(f"{split.calibration.station}: {error}") from error
    return Contestants(
        model,
        methods,
        {name: fit.profile for name, fit in fits.items()},
        {name: fit.peaks for name, fit in fits.items()},
        {NEGATIVE: model, **{name: rival for name, rival in rivals.items() if name != CLASSIFIER}},
    )
