"""Steadiness of the share of falsely flagged windows: by day and night, by date, by station."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from archive.observatory import read_archive
from geofield.calibration.profile import robust_scale_nt
from geofield.series.samples import Samples
from geofield.types import Bool, Float32, Float64, Int64
from geofield.utc import DAY_MS, utc_day
from training.data.scaling import Policy, row_scale_nt
from training.data.windows import located, windows_of
from training.labels.covariates import solar_hour
from training.model.batch_scores import band_passed, network_scores
from training.model.network import Judged
from training.pipelines.prepared_data import Bench
from training.recipe.section import RecipeRefused

_NIGHT = (22.0, 4.0)
_FALSE_SHARE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class ScaledWindows:
    """Windows of one station in the units of a scale policy.

    Attributes
    ----------
    end_ms
        Shape [n]: window ends, ms since 1970 UTC.
    scaled
        Shape [n, steps, 3]: band-passed field in units of the scale.
    longitude_deg
        Longitude (east) of the station; 0 if the archive does not state it.
    """

    end_ms: Int64
    scaled: Float32
    longitude_deg: float

    def night(self) -> Bool:
        """Whether each window ends between 22 and 4 hours local solar time: [n]."""
        hour = solar_hour(self.longitude_deg, self.end_ms)
        return np.asarray((hour >= _NIGHT[0]) | (hour < _NIGHT[1]))


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Shares of windows above the score that 1 % of the training windows exceed.

    Attributes
    ----------
    night, day
        Shares by night and by day, on the validation days.
    daily_spread
        Largest share of a validation day less the smallest.
    elsewhere
        Share at another station; None without its data.
    """

    night: float
    day: float
    daily_spread: float
    elsewhere: float | None


def steadiness(
    network: Judged,
    training: ScaledWindows,
    validation: ScaledWindows,
    elsewhere: ScaledWindows | None,
) -> Steadiness:
    """Measure the shares for a trained network."""
    threshold = float(np.quantile(network_scores(network, training.scaled), 1 - _FALSE_SHARE))
    over = network_scores(network, validation.scaled) > threshold
    night = validation.night()
    days = validation.end_ms // DAY_MS
    shares = [float(over[days == day].mean()) for day in np.unique(days)]
    away = None
    if elsewhere is not None:
        away = float((network_scores(network, elsewhere.scaled) > threshold).mean())
    return Steadiness(
        float(over[night].mean()), float(over[~night].mean()), max(shares) - min(shares), away
    )


def scaled_windows(bench: Bench, days: Sequence[str], policy: Policy) -> ScaledWindows:
    """Windows of the given days of the training station."""
    position = bench.archive.position_deg
    scale_nt = np.array(bench.material.scale_nt)
    return _scaled_windows(bench, bench.archive.samples, days, policy, scale_nt, position)


def away(bench: Bench, names: Sequence[str], folder: Path, policy: Policy) -> ScaledWindows | None:
    """Windows of another station in units of its own scale; None if `names` is empty.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.recipe.section.RecipeRefused
        If a file is missing or does not fit the model.
    """
    if not names:
        return None
    recording = read_archive([located(name, folder) for name in names])
    if recording.cadence_ms != bench.recipe.window.cadence_ms:
        raise RecipeRefused(f"ablation.elsewhere: {recording.station} has another cadence")
    samples = recording.samples(recording.reference_declination_deg())
    days = [f"{utc_day(recording.start_ms)}/{utc_day(recording.end_ms - 1)}"]
    return _scaled_windows(bench, samples, days, policy, None, recording.position_deg)


def _scaled_windows(
    bench: Bench,
    samples: Samples,
    days: Sequence[str],
    policy: Policy,
    scale_nt: Float64 | None,
    position_deg: tuple[float, float] | None,
) -> ScaledWindows:
    spec = bench.recipe.window.spec(bench.recipe.data.judge_hop)
    windows = windows_of(samples, days, spec, partial(band_passed, bench.material.front_end))
    if scale_nt is None:
        scale_nt = np.array(robust_scale_nt(windows.field_nt.reshape(-1, 3).astype(np.float64)))
    rows_nt = row_scale_nt(windows, bench.recipe, policy, scale_nt)
    scaled = (windows.field_nt / rows_nt[:, None, :]).astype(np.float32)
    return ScaledWindows(windows.end_ms, scaled, position_deg[1] if position_deg else 0.0)
