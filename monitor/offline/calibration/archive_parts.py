"""The archive of a station in compact parts, at the model's cadence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from archive.decimation import at_cadence
from archive.lazy_recording import LazyRecording
from archive.observatory import (
    ArchiveRefused,
    check_cadence,
    read_stations,
    refusing,
    warn_of_repeated,
)
from archive.recording import Recording, check_alike, divided_at_gaps
from archive.tables import NOTHING, Stated
from geofield.scoring.manifest import Manifest
from geofield.series.low_pass import low_pass
from geofield.series.orientation import orientation_of
from geofield.utc import DAY_MS
from monitor.errors import Refused
from monitor.offline.calibration.compact_recording import (
    CompactRecording,
    compact,
    repeated_samples,
)
from support.spans import Span


def read_parts(
    paths: Iterable[Path],
    station: str | None,
    span: Span,
    left_out: Sequence[Span],
    manifest: Manifest,
    stated: Stated = NOTHING,
    reviewed: Sequence[Span] = (),
) -> list[CompactRecording]:
    """Read the files of a station without the samples left out; parts in order of time.

    Unlike one joined recording, parts need no memory for the gaps between them. The files need not
    hold the spans in `reviewed`.

    Raises
    ------
    ArchiveRefused
        If a file cannot be read or has a cadence that is neither the model's nor filtered to it,
        or the files differ in station or orientation.
    Refused
        If no file has samples within `span`, or none has any within a span of `left_out`.
    """
    kinds: set[tuple[str, str]] = set()
    parts: list[CompactRecording] = []
    faster: list[Recording] = []
    unmatched = list(left_out)
    cadence_ms = manifest.window.cadence_ms
    for rank, path in enumerate(paths):
        for read in read_stations([path], station, stated):
            is_faster = low_pass(read.cadence_ms, cadence_ms) is not None
            if not is_faster:
                check_cadence([read], manifest)
            kinds.add((read.station, orientation_of(frozenset(read.elements))))
            unmatched = [gap for gap in unmatched if not read.holds(gap)]
            part = (read if is_faster else read.between(span.start_ms, span.end_ms)).without(
                [*left_out, *reviewed]
            )
            if is_faster:
                faster.append(part)
            elif len(part):
                parts.append(compact(part, rank))
    if len(kinds) > 1:
        given = ", ".join(f"{code} {orientation}" for code, orientation in sorted(kinds))
        raise ArchiveRefused(f"these files do not belong together: {given}")
    parts += _filtered(faster, cadence_ms, span)
    if not parts:
        ((code, _),) = kinds
        raise Refused(f"{code}: the archive has nothing between --from and --to")
    if unmatched:
        raise Refused(f"--leave-out {unmatched[0]}: the files hold nothing then")
    parts.sort(key=lambda part: part.start_ms)
    with refusing(parts[0].station):
        warn_of_repeated(parts[0].station, repeated_samples(parts))
    return parts


def _filtered(faster: list[Recording], cadence_ms: int, span: Span) -> list[CompactRecording]:
    """Parts at a cadence, from faster recordings of a station, within a span."""
    as_given = {id(part): number for number, part in enumerate(faster)}
    faster.sort(key=lambda part: part.start_ms)
    runs = [
        LazyRecording(run, [as_given[id(part)] for part in run]) for run in divided_at_gaps(faster)
    ]
    for run in runs:
        with refusing(run.station):
            check_alike(run.parts)
    slower = (
        record.between(span.start_ms, span.end_ms)
        for run in at_cadence(runs, cadence_ms)
        for record in run.records(DAY_MS // cadence_ms)
    )
    return [compact(record) for record in slower if len(record)]
