"""From archive files to windows: the days of a split, and which windows are non-seismic."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from archive.kp import kp_intervals
from archive.observatory import read_archive
from geofield.indices import KpHistory
from geofield.samples import Samples
from geofield.types import Bool, Float32, Int64
from geofield.windows import DAY_MS, WindowSpec, cut
from training.config import Data, RecipeRefused

_EVENTUALLY_MS = 2**62  # Kp as it stands today: offline nothing is unknown yet


@dataclass(frozen=True, slots=True)
class Archive:
    """The samples of one station and the files they came from.

    Attributes
    ----------
    samples
        H, E, Z in the frame of `declination_deg`.
    declination_deg
        Median declination of the archive.
    files_sha256
        By file name.
    """

    samples: Samples
    declination_deg: float
    files_sha256: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class DayWindows:
    """Complete windows of some days, oldest first.

    Attributes
    ----------
    end_ms
        Shape [n]: end of each window, milliseconds since 1970 UTC.
    field_nt
        Shape [n, span, 3]: raw H, E, Z, each window's own level removed.
    """

    end_ms: Int64
    field_nt: Float32

    def __len__(self) -> int:
        return len(self.end_ms)

    def chosen(self, which: Bool) -> "DayWindows":
        """Those for which `which` [n] is true."""
        return DayWindows(self.end_ms[which], self.field_nt[which])


def open_archive(data: Data, folder: Path) -> Archive:
    """Read the recipe's files from `folder`.

    Raises
    ------
    archive.observatory.ArchiveRefused
        If a file is missing or unreadable.
    """
    paths = [folder / name for name in data.files]
    recording = read_archive(paths)
    declination_deg = recording.reference_declination_deg()
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return Archive(recording.samples(declination_deg), declination_deg, digests)


def windows_of(samples: Samples, days: Sequence[str], spec: WindowSpec) -> DayWindows:
    """Windows whose whole span lies in one of the days, so that no sample is in two splits.

    Raises
    ------
    RecipeRefused
        If a day has no complete window, or is not a date.
    """
    parts = [_windows_of_day(samples, day, spec) for day in days]
    return DayWindows(
        np.concatenate([part.end_ms for part in parts]),
        np.concatenate([part.field_nt for part in parts]),
    )


def non_seismic(windows: DayWindows, spec: WindowSpec, kp_max: float) -> Bool:
    """Which windows lie where Kp is known and at most `kp_max`: [n].

    Raises
    ------
    RecipeRefused
        If none does.
    """
    length_ms = spec.samples * spec.cadence_ms
    first_ms, last_ms = int(windows.end_ms.min()) - length_ms, int(windows.end_ms.max())
    history = KpHistory(tuple(kp_intervals(first_ms, last_ms)))
    known = [history.between(end - length_ms, end, _EVENTUALLY_MS) for end in windows.end_ms]
    quiet = [kp.complete and kp.highest is not None and kp.highest <= kp_max for kp in known]
    if not any(quiet):
        raise RecipeRefused(f"no training window has a known Kp of at most {kp_max:g}")
    return np.array(quiet)


def _windows_of_day(samples: Samples, day: str, spec: WindowSpec) -> DayWindows:
    begin = (_midnight_ms(day) - samples.start_ms) // samples.cadence_ms
    after = begin + DAY_MS // samples.cadence_ms
    windows = cut(samples.part(max(begin, 0), max(after, 0)), spec)
    if not windows.sufficient.any():
        raise RecipeRefused(f"the archive has no complete window on {day}")
    return DayWindows(windows.end_ms[windows.sufficient], windows.levelled_nt()[windows.sufficient])


def _midnight_ms(day: str) -> int:
    try:
        midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise RecipeRefused(f"{day!r} is not a date like 2024-03-13") from error
    return int(midnight.timestamp() * 1000)
