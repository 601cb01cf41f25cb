"""From archive files to windows: the days of a split, and which windows are non-seismic."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archive.kp import kp_intervals
from archive.observatory import read_archive
from archive.spans import span_of
from geofield.indices import EVENTUALLY_MS, KpHistory
from geofield.samples import Samples
from geofield.types import Bool, Float32, Int64
from geofield.windows import DAY_MS, WindowSpec, cut
from training.days import span_ms
from training.section import RecipeRefused
from training.tables import Data

_PIECE_MS = 7 * DAY_MS


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
    position_deg
        Latitude and longitude as the archive states them, if it does.
    """

    samples: Samples
    declination_deg: float
    files_sha256: dict[str, str]
    position_deg: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DayWindows:
    """Complete windows of some days, in the order of the days.

    Attributes
    ----------
    end_ms
        Shape [n]: end of each window, milliseconds since 1970 UTC.
    field_nt
        Shape [n, span, 3]: raw H, E, Z, each window's own level removed; or what was made of it.
    """

    end_ms: Int64
    field_nt: Float32

    def __len__(self) -> int:
        return len(self.end_ms)

    def chosen(self, which: Bool) -> "DayWindows":
        """Those for which `which` [n] is true."""
        return DayWindows(self.end_ms[which], self.field_nt[which])


def open_archive(data: Data, folder: Path) -> Archive:
    """Read the recipe's files from `folder`, but for what is left out.

    Raises
    ------
    archive.observatory.ArchiveRefused
        If a file is missing or unreadable.
    RecipeRefused
        If what is to be left out is not there.
    """
    paths = [folder / name for name in data.files]
    recording = read_archive(paths)
    left_out = [span_of(one.span) for one in data.left_out]
    for span in left_out:
        if not recording.holds(span):
            raise RecipeRefused(f"data.left_out: the files hold nothing in {span}")
    recording = recording.without(left_out)
    declination_deg = recording.reference_declination_deg()
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    samples = recording.samples(declination_deg)
    return Archive(samples, declination_deg, digests, recording.position_deg)


def windows_of(
    samples: Samples,
    days: Sequence[str],
    spec: WindowSpec,
    prepared: Callable[[Float32], Float32] | None = None,
) -> DayWindows:
    """Windows whose whole span lies in one of the days, so that no sample is in two splits.

    Parameters
    ----------
    samples
        The archive.
    days
        Dates or spans of dates.
    spec
        The window.
    prepared
        Made of the raw windows [n, span, 3] piece by piece, so that years of them need not be held.

    Raises
    ------
    RecipeRefused
        If a day or span has no complete window, or is not a date.
    """
    parts = []
    for day in days:
        own = [part for part in _pieces(samples, *span_ms(day), spec) if len(part)]
        if not own:
            raise RecipeRefused(f"the archive has no complete window on {day}")
        parts += [
            DayWindows(part.end_ms, prepared(part.field_nt) if prepared else part.field_nt)
            for part in own
        ]
    return DayWindows(
        np.concatenate([part.end_ms for part in parts]),
        np.concatenate([part.field_nt for part in parts]),
    )


def only(samples: Samples, days: Sequence[str]) -> Samples:
    """The samples of some days, NaN between them, from the first day to the last."""
    spans = [_positions(samples, *span_ms(day)) for day in days]
    field_nt = np.full_like(samples.field_nt, np.nan)
    for begin, after in spans:
        field_nt[begin:after] = samples.field_nt[begin:after]
    masked = Samples(samples.station, samples.start_ms, samples.cadence_ms, field_nt)
    return masked.part(min(begin for begin, _ in spans), max(after for _, after in spans))


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
    known = [history.between(end - length_ms, end, EVENTUALLY_MS) for end in windows.end_ms]
    quiet = [kp.at_most(kp_max) for kp in known]
    if not any(quiet):
        raise RecipeRefused(f"no training window has a known Kp of at most {kp_max:g}")
    return np.array(quiet)


def _pieces(samples: Samples, start_ms: int, end_ms: int, spec: WindowSpec) -> Iterator[DayWindows]:
    """Complete windows of a span, a week at a time; each is in the piece that its span ends in."""
    begin, after = _positions(samples, start_ms, end_ms)
    length = _PIECE_MS // samples.cadence_ms
    for first in range(begin, after, length):
        part = samples.part(max(first - spec.span + 1, begin), min(first + length, after))
        windows = cut(part, spec)
        span_end = windows.end_ms // spec.cadence_ms + spec.half - samples.first
        fine = windows.sufficient & (span_end > first)
        kept = windows[fine]
        yield DayWindows(kept.end_ms, kept.levelled_nt())


def _positions(samples: Samples, start_ms: int, end_ms: int) -> tuple[int, int]:
    begin, after = (
        min(max((at_ms - samples.start_ms) // samples.cadence_ms, 0), len(samples))
        for at_ms in (start_ms, end_ms)
    )
    return begin, after
