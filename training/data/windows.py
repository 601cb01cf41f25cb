"""Windows from archive files: those of given days, and the non-seismic ones."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from archive.history import with_day_files
from archive.kp import kp_intervals
from archive.observatory import read_archive
from geofield.calibration.quiet import windows_by_kp
from geofield.indices import IndexHistory
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec, cut
from geofield.types import Bool, Float32, Int64
from geofield.utc import DAY_MS
from support.extras import how_to_install
from support.spans import span_of
from training.recipe.days import span_ms
from training.recipe.section import RecipeRefused
from training.recipe.tables import LeftOutSpan

_PIECE_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Archive:
    """Samples of one station, and the files they come from.

    Attributes
    ----------
    samples
        H, E, Z in the frame of `declination_deg`.
    declination_deg
        Median declination of the archive.
    files_sha256
        Hashes by file name.
    position_deg
        Latitude and longitude in the archive; None if it states none.
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
        Shape [n, span, 3]: raw H, E, Z in nT without the level of each window; or values prepared
        from them.
    """

    end_ms: Int64
    field_nt: Float32

    def __len__(self) -> int:
        return len(self.end_ms)

    def chosen(self, which: Bool) -> "DayWindows":
        """The windows marked in `which` [n]."""
        return DayWindows(self.end_ms[which], self.field_nt[which])


class ArchiveFiles(Protocol):
    """A table of the recipe that names files of one station and what in them is left out."""

    @property
    def files(self) -> list[str]:
        """Names in the data folder."""

    @property
    def left_out(self) -> tuple[LeftOutSpan, ...]:
        """Spans in which the archive is not the field."""


def located(name: str, folder: Path) -> Path:
    """Path of a file in the data folder, or of an example of geomagpy (``magpy/...``).

    Raises
    ------
    RecipeRefused
        If geomagpy is not installed.
    """
    if not name.startswith("magpy/"):
        return folder / name
    spec = find_spec("magpy")
    if spec is None or spec.origin is None:
        raise RecipeRefused(f"{name}: geomagpy is not installed; {how_to_install('examples')}")
    return Path(spec.origin).parent / "examples" / name.removeprefix("magpy/")


def open_archive(data: ArchiveFiles, folder: Path) -> Archive:
    """Read the files of a table of the recipe from `folder`, with NaN in what is left out.

    Raises
    ------
    archive.observatory.ArchiveRefused
        If a file is missing or unreadable.
    RecipeRefused
        If a span to leave out has no data.
    """
    paths = with_day_files(located(name, folder) for name in data.files)
    recording = read_archive(paths)
    left_out = [span_of(part.span) for part in data.left_out]
    for span in left_out:
        if not recording.holds(span):
            raise RecipeRefused(f"left_out: the files hold nothing in {span}")
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
    """Windows whose whole span lies within one entry of `days`, so that splits share no sample.

    Parameters
    ----------
    samples
        The archive.
    days
        Dates or spans of dates.
    spec
        The window.
    prepared
        Function of the raw windows [n, span, 3], applied piece by piece to save memory.

    Raises
    ------
    RecipeRefused
        If a day or span has no complete window, or is not a date.
    """
    parts = []
    for day in days:
        pieces = [piece for piece in _pieces(samples, *span_ms(day), spec) if len(piece)]
        if not pieces:
            raise RecipeRefused(f"the archive has no complete window on {day}")
        parts += [
            DayWindows(piece.end_ms, prepared(piece.field_nt) if prepared else piece.field_nt)
            for piece in pieces
        ]
    return DayWindows(
        np.concatenate([part.end_ms for part in parts]),
        np.concatenate([part.field_nt for part in parts]),
    )


def only(samples: Samples, days: Sequence[str]) -> Samples:
    """Samples from the first to the last of the given days, with NaN outside these days."""
    spans = [_positions(samples, *span_ms(day)) for day in days]
    field_nt = np.full_like(samples.field_nt, np.nan)
    for begin, after in spans:
        field_nt[begin:after] = samples.field_nt[begin:after]
    masked = Samples(samples.station, samples.start_ms, samples.cadence_ms, field_nt)
    return masked.part(min(begin for begin, _ in spans), max(after for _, after in spans))


def non_seismic(
    windows: DayWindows, spec: WindowSpec, kp_max: float, history: IndexHistory | None = None
) -> Bool:
    """Whether Kp is known over each window and at most `kp_max`: [n].

    Kp is that of the installed table, or of `history`.

    Raises
    ------
    RecipeRefused
        If that holds for no window.
    """
    if history is None:
        first_ms, last_ms = int(windows.end_ms.min()) - spec.length_ms, int(windows.end_ms.max())
        history = IndexHistory(kp_intervals(first_ms, last_ms))
    quiet = windows_by_kp(windows.end_ms, spec.length_ms, history, kp_max).quiet
    if not quiet.any():
        raise RecipeRefused(f"no training window has a known Kp of at most {kp_max:g}")
    return quiet


def _pieces(samples: Samples, start_ms: int, end_ms: int, spec: WindowSpec) -> Iterator[DayWindows]:
    """Yield complete windows of a span of time, week by week; a window counts where it ends."""
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
