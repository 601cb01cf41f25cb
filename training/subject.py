"""A model with everything it is compared with, fitted to one station."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archive.model import Model
from geofield.calibration import Calibration, QuietScores, newest, profile_of
from geofield.profile import StationProfile, robust_scale_nt
from geofield.promise import peaks_of
from geofield.score import stack_scale
from geofield.threshold import Peaks
from geofield.types import Float32, Float64, Int64
from geofield.windows import WindowSpec
from training.dataset import non_seismic, windows_of
from training.evaluation import CLASSIFIER, NEGATIVE
from training.ground import Ground
from training.methods import Method, methods_of


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is judged together.

    Attributes
    ----------
    model
        The published model, whose filter all methods share.
    methods
        It, its trained rivals and the baselines.
    profiles
        By method: fitted to the calibration days for the promised rate of false alarms.
    peaks
        By method: what its threshold rests on.
    autoencoders
        By method: the model and those of its rivals that reconstruct.
    """

    model: Model
    methods: Sequence[Method]
    profiles: dict[str, StationProfile]
    peaks: dict[str, Peaks]
    autoencoders: dict[str, Model]

    @property
    def scale_nt(self) -> tuple[float, float, float]:
        """Of the station, which is the same for every method."""
        return next(iter(self.profiles.values())).scale_nt

    def scores(self, field_nt: Float32) -> dict[str, Float64]:
        """Scores of every method for raw windows [n, span, 3]."""
        scale_nt = stack_scale(self.scale_nt, len(field_nt))
        return {
            method.name: method.reconstruct(field_nt, scale_nt).rmse.astype(np.float64)
            for method in self.methods
        }


def fitted(
    model: Model,
    rivals: Mapping[str, Model],
    ground: Ground,
    false_alarms_per_month: float,
    advance: Callable[[int], object],
) -> Subject:
    """Fit the profile of every method to the quiet windows of the calibration days.

    Parameters
    ----------
    model, rivals
        The published model, and by name what was trained to be compared with it.
    ground
        Archive, window and alert rule.
    false_alarms_per_month
        The promise.
    advance
        Told how many windows were read, twice for each.

    Raises
    ------
    training.section.RecipeRefused
        If the calibration days have no quiet window.
    geofield.threshold.TailTooShort
        If they are too few for a threshold.
    """
    methods, spec = methods_of(model, dict(rivals)), ground.stream.window
    end_ms, recent_nt = _quiet(ground, lambda field_nt: _recent(model, field_nt, spec, advance))
    scale_nt = robust_scale_nt(recent_nt.reshape(-1, 3).astype(np.float64))

    def scored(field_nt: Float32) -> Float32:
        scale = stack_scale(scale_nt, len(field_nt))
        advance(len(field_nt))
        return np.stack([method.reconstruct(field_nt, scale).rmse for method in methods], axis=1)

    end_ms, scores = _quiet(ground, scored)
    asked = Calibration(
        station=ground.calibration.station,
        model_sha256=model.manifest.sha256,
        declination_deg=0.0,
        k=ground.stream.alert.k,
        n=ground.stream.alert.n,
        false_alarms_per_month=false_alarms_per_month,
    )
    quiet = {
        method.name: QuietScores(end_ms, scores[:, column].astype(np.float64))
        for column, method in enumerate(methods)
    }
    profiles = {name: profile_of(own, scale_nt, spec, asked) for name, own in quiet.items()}
    return Subject(
        model,
        methods,
        profiles,
        {name: peaks_of(own, profiles[name], spec) for name, own in quiet.items()},
        {NEGATIVE: model, **{name: one for name, one in rivals.items() if name != CLASSIFIER}},
    )


def _recent(
    model: Model, field_nt: Float32, spec: WindowSpec, advance: Callable[[int], object]
) -> Float32:
    """What each window adds to the one before it, band-passed: [n, steps of a hop, 3] in nT."""
    filtered_nt = model.filtered(field_nt)
    advance(len(field_nt))
    return newest(filtered_nt, spec).reshape(len(field_nt), -1, filtered_nt.shape[2])


def _quiet(ground: Ground, prepared: Callable[[Float32], Float32]) -> tuple[Int64, Float32]:
    """Ends [n] of the quiet windows of the calibration days, ascending, and what is made of each.

    Raises
    ------
    RecipeRefused
        If there are none.
    """
    spec = ground.stream.window
    windows = windows_of(ground.calibration, ground.calibration_days, spec, prepared)
    quiet = np.flatnonzero(non_seismic(windows, spec, ground.kp_max))
    quiet = quiet[np.argsort(windows.end_ms[quiet])]  # days may be named in any order
    return windows.end_ms[quiet], windows.field_nt[quiet]
