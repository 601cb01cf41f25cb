"""Find the day files that `magwatch history` keeps, in Hive's layout: folders ``name=value``.

Samples are in ``samples/cadence_ms=1000/station=WIC/day=2026-01-04/``, records of the other topics
in ``scores/station=WIC/day=2026-01-04/`` and ``alerts/…``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from archive.observatory import ArchiveRefused
from geofield.utc import DAY_MS, time_ms
from support.spans import Span

SAMPLES = "samples"
LEVELS = ("cadence_ms", "station", "day")
_ALWAYS = Span()


def with_day_files(
    paths: Iterable[Path], station: str | None = None, span: Span = _ALWAYS
) -> list[Path]:
    """The paths, with a history replaced by its files of samples, in order of station and day.

    Of a station that it has at several cadences the fastest is taken.

    Parameters
    ----------
    paths
        Files and folders; what is no history, or a part of one, is kept.
    station
        IAGA code of the station that is wanted; None for all.
    span
        Days outside of it are left out.

    Raises
    ------
    ArchiveRefused
        If a history has nothing of that.
    """
    files: list[Path] = []
    for path in paths:
        files += _day_files(path, station, span) if is_history(path) else [path]
    return files


def with_selected_days(paths: Sequence[Path], station: str | None, span: Span) -> list[Path]:
    """As `with_day_files`, for a command that cannot use a part of another file.

    Raises
    ------
    ArchiveRefused
        Also if days are to be selected of what is no history.
    """
    other = next((path for path in paths if not is_history(path)), None)
    if span != _ALWAYS and other is not None:
        raise ArchiveRefused(f"{other}: --from and --to select days of a history, and it is none")
    return with_day_files(paths, station, span)


def is_history(path: Path) -> bool:
    """Whether a path is the folder of a history, or one within it that holds samples."""
    return path.is_dir() and ((path / SAMPLES).is_dir() or _depth(path) > 0)


def _depth(folder: Path) -> int:
    """Number of levels of the layout above what is in the folder, that of the topic included."""
    name = folder.name.partition("=")[0]
    if name in LEVELS:
        return LEVELS.index(name) + 2
    return int(name == SAMPLES and any(folder.glob(f"{LEVELS[0]}=*")))


def _day_files(folder: Path, station: str | None, span: Span) -> list[Path]:
    wanted = station.upper() if station else None
    found: dict[str, dict[int, list[tuple[str, Path]]]] = defaultdict(lambda: defaultdict(list))
    for path in _files(folder):
        cadence_ms, code, day = _place(path)
        day_ms = time_ms(day)
        if wanted in (None, code) and span.overlaps(day_ms, day_ms + DAY_MS):
            found[code][int(cadence_ms)].append((day, path))
    files = [
        path
        for _, by_cadence in sorted(found.items())
        for _, path in sorted(by_cadence[min(by_cadence)])
    ]
    if not files:
        has = ", ".join(sorted({_place(path)[1] for path in _files(folder)})) or "no samples"
        when = "" if span == _ALWAYS else " on these days"
        raise ArchiveRefused(f"{folder}: no samples of {wanted or 'any station'}{when}; has {has}")
    return files


def _files(folder: Path) -> Iterator[Path]:
    levels = [SAMPLES, *(f"{level}=*" for level in LEVELS), "*.parquet"]
    pattern = "/".join(levels[_depth(folder) :])
    return (path for path in folder.glob(pattern) if not path.name.startswith("."))


def _place(path: Path) -> tuple[str, str, str]:
    """Cadence, station and day of a file, as its folders state them."""
    cadence_ms, station, day = (part.partition("=")[2] for part in path.parts[-4:-1])
    return cadence_ms, station, day
