"""`magwatch calibrate`: a station's profile from quiet days of its archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np

from archive.kp import kp_intervals
from archive.model import Model, default_model_path, load_model
from archive.observatory import read_archive
from archive.profile import save_profile
from archive.recording import Recording
from geofield.alert import AlertRules
from geofield.calibration import Calibration, fit_profile, selected
from geofield.indices import KpHistory
from geofield.profile import StationProfile
from geofield.score import Errors, stack_scale
from geofield.types import Float32
from geofield.windows import Windows, WindowSpec, cut
from monitor.assembly import alert_rules, check_cadence, window_spec
from monitor.errors import Refused
from monitor.progress import progress_bar
from monitor.settings import load_settings

BATCH = 64
MAX_KP = 3.0
UNIT_SCALE_NT = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a profile is for: the online window, the alert rule, and the rate of false alerts."""

    window: WindowSpec
    alert: AlertRules
    false_alarms_per_month: float


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--profiles", type=click.Path(path_type=Path), default="profiles", show_default=True)
@click.option("--station", help="Calibrate as this IAGA code; else the code in the files.")
@click.option("--from", "begin", type=click.DateTime(), help="First moment to use, UTC.")
@click.option("--to", "end", type=click.DateTime(), help="First moment not to use, UTC.")
@click.option("--max-kp", type=click.FloatRange(0, 9), default=MAX_KP, show_default=True)
@click.option(
    "--false-alarms",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="How many alerts a month quiet data may open.",
)
@click.option("--model", type=click.Path(path_type=Path), help="ONNX file; else the shipped one.")
def calibrate(
    files: tuple[Path, ...],
    profiles: Path,
    station: str | None,
    begin: datetime | None,
    end: datetime | None,
    max_kp: float,
    false_alarms: float,
    model: Path | None,
) -> None:
    """Fit the profile of a station to its quiet data and write PROFILES/STATION.json.

    Only windows with known Kp of at most --max-kp count. A day is the least that makes sense; a
    month or more is what a threshold of one false alarm a month can rest on.

    \b
    Example:
      magwatch calibrate wic202405*.sec --profiles profiles
    """
    settings = load_settings(model=model)
    loaded = load_model(settings.model or default_model_path())
    plan = Plan(window_spec(settings, loaded.manifest), alert_rules(settings), false_alarms)
    recording = _between(read_archive(list(files), station), begin, end)
    check_cadence([recording], loaded.manifest)
    quiet = quiet_windows(recording, plan.window, max_kp)
    with progress_bar("windows") as bar:
        task = bar.add_task("calibrate", total=2 * int(quiet.sufficient.sum()))
        profile = calibrated(recording, quiet, loaded, plan, lambda n: bar.advance(task, n))
    path = save_profile(profile, profiles)
    h, e, z = profile.scale_nt
    click.echo(f"{path}: background H {h:.3f}, E {e:.3f}, Z {z:.3f} nT; {profile.promise}")


def quiet_windows(recording: Recording, spec: WindowSpec, max_kp: float) -> Windows:
    """Windows of the recording with Kp known and at most `max_kp`.

    Raises
    ------
    Refused
        If there is none.
    """
    windows = cut(recording.samples(recording.reference_declination_deg()), spec)
    history = KpHistory(tuple(kp_intervals(recording.start_ms, recording.end_ms)))
    length_ms = spec.samples * spec.cadence_ms
    known = [history.between(int(at) - length_ms, int(at), 2**62) for at in windows.end_ms]
    keep = [n for n, kp in enumerate(known) if kp.complete and (kp.highest or 0.0) <= max_kp]
    if not keep:
        highest = max((kp.highest for kp in known if kp.highest is not None), default=None)
        reason = "Kp is not known" if highest is None else f"Kp was up to {highest:g}"
        raise Refused(
            f"no quiet window among {len(windows):,} of {recording.station}: {reason}; "
            "take other days or a higher --max-kp"
        )
    return selected(windows, np.array(keep))


def calibrated(
    recording: Recording,
    quiet: Windows,
    model: Model,
    plan: Plan,
    advance: Callable[[int], object] = lambda _: None,
) -> StationProfile:
    """Fit the profile of a recording's station to its quiet windows."""
    asked = Calibration(
        station=recording.station,
        model_sha256=model.manifest.sha256,
        declination_deg=recording.reference_declination_deg(),
        k=plan.alert.k,
        n=plan.alert.n,
        false_alarms_per_month=plan.false_alarms_per_month,
    )

    def band_pass(field_nt: Float32) -> Float32:
        parts = []
        for batch in _batches(field_nt):
            parts.append(model.run(["filtered"], batch, stack_scale(UNIT_SCALE_NT, len(batch)))[0])
            advance(len(batch))
        return np.concatenate(parts)

    def reconstruct(field_nt: Float32, scale_nt: Float32) -> Errors:
        parts = []
        for batch, scales in zip(_batches(field_nt), _batches(scale_nt), strict=True):
            parts.append(model.reconstruct(batch, scales))
            advance(len(batch))
        return Errors(
            np.concatenate([part.rmse for part in parts]),
            np.concatenate([part.mae for part in parts]),
            np.concatenate([part.error for part in parts]),
        )

    try:
        return fit_profile(quiet, band_pass, reconstruct, plan.window, asked)
    except ValueError as error:
        raise Refused(f"{recording.station} cannot be calibrated: {error}") from error


def lent(profile: StationProfile, station: str) -> StationProfile:
    """The profile under another station's code, for data that have no quiet days of their own."""
    return replace(profile, station=station)


def _batches(values: Float32) -> list[Float32]:
    return [values[begin : begin + BATCH] for begin in range(0, len(values), BATCH)]


def _between(recording: Recording, begin: datetime | None, end: datetime | None) -> Recording:
    start_ms = recording.start_ms if begin is None else _utc_ms(begin)
    end_ms = recording.end_ms if end is None else _utc_ms(end)
    part = recording.between(start_ms, end_ms)
    if not len(part):
        raise Refused(f"{recording.station}: the archive has nothing between --from and --to")
    return part


def _utc_ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)
