"""The polarization ratio of archived samples, as a control on the same days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from archive.decimation import whole_at_cadence
from archive.files import visible
from archive.model import Model, ModelRefused
from archive.observatory import check_cadence, read_archive, refusing
from archive.recording import Recording
from geofield.scoring.polarization import polarization_ratio
from geofield.series.windows import cut
from geofield.utc import DAY_MS, HOUR_MS
from monitor.records.registrations import RegistrationRecord

PIECE_MS = 7 * DAY_MS


def hourly_ratios(
    record: RegistrationRecord, model: Model, data: Sequence[Path]
) -> dict[str, dict[int, float]]:
    """Highest ratio of the windows that ended within each hour since 1970, by station.

    Parameters
    ----------
    record
        Stations, and the model whose filter is used.
    model
        That model.
    data
        Each path is a file of one station, or a folder of its files.

    Raises
    ------
    ModelRefused
        If the model is another one than the registered.
    archive.observatory.ArchiveRefused
        If a file cannot be used.
    """
    if model.manifest.sha256 != record.model.sha256:
        raise ModelRefused(
            f"{model.manifest.name} {model.manifest.sha256[:12]} is not the registered model "
            f"{record.model.name} {record.model.sha256[:12]}: set MAGWATCH_MODEL to it"
        )
    ratios: dict[str, dict[int, float]] = {}
    for path in data:
        files = [one for one in visible(path) if not one.is_dir()] if path.is_dir() else [path]
        recording = read_archive(files)
        if recording.station in record.protocol.stations:
            own = ratios.setdefault(recording.station, {})
            for hour, ratio in _ratios(recording, model, round(record.hop_s * 1000)):
                own[hour] = max(ratio, own.get(hour, 0.0))
    return ratios


def _ratios(recording: Recording, model: Model, hop_ms: int) -> Iterator[tuple[int, float]]:
    manifest = model.manifest
    with refusing(recording.station):
        recording = whole_at_cadence(recording, manifest.window.cadence_ms)
    check_cadence([recording], manifest)
    spec = manifest.window.spec(hop=hop_ms // manifest.window.cadence_ms)
    samples = recording.samples(recording.reference_declination_deg())
    length = PIECE_MS // samples.cadence_ms
    for first in range(0, len(samples), length):
        part = samples.part(max(first - spec.span + 1, 0), min(first + length, len(samples)))
        windows = cut(part, spec)
        kept = windows[windows.sufficient]
        if len(kept.end_ms):
            ratios = polarization_ratio(model.filtered(kept.levelled_nt()))
            yield from zip((kept.end_ms // HOUR_MS).tolist(), ratios.tolist(), strict=True)
