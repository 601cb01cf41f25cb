"""What is replayed while things are killed: real days, with profiles that let alerts open."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import exports
from archive.observatory import ArchiveRefused, read_file
from archive.recording import Recording
from geofield.indices import IndexHistory
from geofield.step import Outcome
from monitor.assembly import assemble
from monitor.offline.pacing import interleaved
from monitor.offline.score import score_recordings
from monitor.records.scores_and_alerts import encode_alert, encode_score
from monitor.settings import Settings
from tests.data import conrad, quiet_day, shared_data
from tests.monitor.feeds import calibrated
from tests.monitor.workers import Site, encoded, new_site

EXPORTS = Path(exports.__file__).parent
NETWORK_DAY = "INTERMAGNET_1min_iaga2002_20220115_raw.tar.xz"
HOUR_MS = 3_600_000
LOUDEST = 0.2  # share of a station's windows that pass the threshold made for it here


@dataclass(frozen=True)
class Workload:
    """Recordings of some stations, the model for them, and the length of their records.

    `beside` is what another model of the same worker is for.
    """

    name: str
    recordings: Sequence[Recording]
    model: Path
    record_s: int
    beside: Workload | None = None

    @property
    def parts(self) -> list[Workload]:
        """One for each model."""
        return [replace(self, beside=None), *([self.beside] if self.beside else [])]

    def sent(self) -> list[tuple[bytes, bytes]]:
        """Keys and values of all records, in the order of their times."""
        recordings = [one for part in self.parts for one in part.recordings]
        return list(encoded(interleaved(recordings, self.record_s)))

    def site(self, broker: str, folder: Path) -> Site:
        """A new site of workers with the models."""
        return new_site(broker, folder, *(part.model for part in self.parts))


@dataclass(frozen=True)
class Expected:
    """What the offline path makes of a workload, as the topics would hold it."""

    scores: list[bytes]
    alerts: list[bytes]


def network_day(stations: int = 120) -> Workload:
    """Minutes of up to 120 observatories on 2022-01-15, the day of the Tonga eruption."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(shared_data() / NETWORK_DAY) as tar:
            tar.extractall(folder, filter="data")
        found: dict[str, Recording] = {}
        for path in sorted(Path(folder).rglob("Intermag/*")):
            try:
                recording = read_file(path)
            except ArchiveRefused:
                continue  # the archive's own notes
            found[recording.station] = recording
    every = max(len(found) // stations, 1)
    chosen = sorted(found.values(), key=lambda one: one.station)[::every][:stations]
    return Workload("network day", chosen, EXPORTS / "minute-teo.onnx", 480)


def mixture() -> Workload:
    """The day of 120 observatories in minutes, and WIC's storm in seconds at the same time."""
    minutes, storm = network_day(), read_file(conrad("example4.cdf"))
    begin_ms = storm.start_ms + 41 * HOUR_MS  # the sudden commencement
    part = storm.between(begin_ms, begin_ms + 12 * HOUR_MS)
    start_ms = min(one.start_ms for one in minutes.recordings)
    seconds = Workload(
        "storm in seconds", [replace(part, start_ms=start_ms)], EXPORTS / "ulf-1hz.onnx", 60
    )
    return replace(minutes, name="two cadences", record_s=1800, beside=seconds)


def demo_days(hours: int = 24) -> Workload:
    """The Conrad Observatory's quiet day and four days around the storm, as five stations."""
    recordings = [
        part.between(part.start_ms, part.start_ms + hours * HOUR_MS).renamed(f"WI{number}")
        for number, part in enumerate(_demo_days())
    ]
    return Workload("demo data", recordings, EXPORTS / "ulf-1hz.onnx", 60)


def station_pieces(stations: int, hours: int) -> Workload:
    """The same five days in pieces of some hours: each a station, and all at the same time."""
    days = [*_demo_days()]
    pieces = [
        day.between(day.start_ms + begin * HOUR_MS, day.start_ms + (begin + hours) * HOUR_MS)
        for begin in range(0, 24 - hours + 1, hours)
        for day in days
    ]
    if len(pieces) < stations:
        raise ValueError(f"five days have {len(pieces)} pieces of {hours} h, not {stations}")
    start_ms = days[-1].start_ms
    recordings = [
        replace(piece.renamed(f"W{number:02}"), start_ms=start_ms)
        for number, piece in enumerate(pieces[:stations])
    ]
    return Workload("pieces of the demo data", recordings, EXPORTS / "ulf-1hz.onnx", 60)


def calibrate(workload: Workload, settings: Settings) -> Expected:
    """Write profiles under which every station's loudest windows exceed; say what must come.

    A station without values gets no profile.
    """
    if workload.beside is None:
        return _calibrate(workload, settings)
    assert settings.profiles is not None
    scores, alerts = list[bytes](), list[bytes]()
    for part in workload.parts:
        folder = settings.profiles.parent / part.model.stem
        folder.mkdir()
        own = settings.model_copy(update={"model": (part.model,), "profiles": folder})
        expected = _calibrate(part, own)
        scores, alerts = scores + expected.scores, alerts + expected.alerts
        for path in folder.glob("*.json"):
            shutil.copy(path, settings.profiles / f"{path.stem}.{part.model.stem}.json")
    return Expected(sorted(scores), sorted(alerts))


def _calibrate(workload: Workload, settings: Settings) -> Expected:
    known = [one for one in workload.recordings if not _is_empty(one)]
    _write_profiles(known, workload.model, settings, {})
    measured = _offline(workload, settings)
    _write_profiles(known, workload.model, settings, _loud(measured))
    outcomes = _offline(workload, settings)
    model = assemble(settings).rules.model
    scores = [encode_score(score, model) for outcome in outcomes for score in outcome.scores]
    alerts = [encode_alert(alert) for outcome in outcomes for alert in outcome.alerts]
    return Expected(sorted(scores), sorted(alerts))


def _demo_days() -> list[Recording]:
    storm = read_file(conrad("example4.cdf"))
    day_ms = 24 * HOUR_MS
    return [quiet_day(), *(storm.between(at, at + day_ms) for at in _days(storm, day_ms))]


def _days(recording: Recording, day_ms: int) -> range:
    return range(recording.start_ms, recording.end_ms - day_ms + 1, day_ms)


def _is_empty(recording: Recording) -> bool:
    return bool(np.isnan(recording.samples(0.0).field_nt).all())


def _offline(workload: Workload, settings: Settings) -> list[Outcome]:
    assembly = assemble(settings)
    return list(score_recordings(workload.recordings, assembly, IndexHistory(), record_s=3600))


def _loud(outcomes: list[Outcome]) -> dict[str, float]:
    """The score of each station that only its loudest windows pass."""
    found: dict[str, list[float]] = {}
    for outcome in outcomes:
        for score in outcome.scores:
            if score.score is not None:
                found.setdefault(score.station, []).append(score.score.rmse)
    return {name: float(np.quantile(own, 1 - LOUDEST)) for name, own in found.items()}


def _write_profiles(
    recordings: Iterable[Recording], model: Path, settings: Settings, thresholds: dict[str, float]
) -> None:
    assert settings.profiles is not None
    for one in recordings:
        declination_deg = one.reference_declination_deg()
        jumps_nt = np.abs(np.diff(one.samples(declination_deg).field_nt, axis=0))
        h, e, z = np.maximum(np.nanmedian(jumps_nt, axis=0), 0.05).tolist()
        threshold = thresholds.get(one.station, 1e6)
        calibrated(settings.profiles, model, one.station, threshold, declination_deg, (h, e, z))
