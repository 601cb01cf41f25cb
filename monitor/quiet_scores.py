"""An archive's quiet windows and their scores, with a few hours of windows in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archive.kp import kp_intervals
from archive.model import Model
from archive.observatory import ArchiveRefused, check_cadence, read_stations
from archive.spans import Span
from geofield.calibration import QuietScores, newest
from geofield.indices import EVENTUALLY_MS, KpHistory
from geofield.manifest import Manifest
from geofield.orientation import OrientationError, orientation_of
from geofield.profile import robust_scale_nt
from geofield.score import stack_scale
from geofield.types import Float32, Int64
from geofield.windows import Windows, WindowSpec, cut
from monitor.errors import Refused
from monitor.held import Held, held, piece, runs_of

BATCH = 64
STRETCH = 4 * BATCH
# A month of windows tells the scale to a thousandth: of a year every tenth sample is enough.
SCALE_WINDOWS = 50_000
UNIT_SCALE_NT = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class QuietRun:
    """Recordings without a silence of more than a day between them, and their quiet windows.

    Attributes
    ----------
    parts
        In order of time.
    end_ms
        Shape [n]: ends of the windows with known Kp of at most what is allowed.
    """

    parts: Sequence[Held]
    end_ms: Int64

    def between(self, span: Span) -> QuietRun:
        """The windows that lie within a span."""
        kept = (self.end_ms >= span.start_ms) & (self.end_ms < span.end_ms)
        return QuietRun(self.parts, self.end_ms[kept])


def read_parts(
    paths: Iterable[Path],
    station: str | None,
    span: Span,
    left_out: Sequence[Span],
    manifest: Manifest,
) -> list[Held]:
    """Read the files of one station, one by one, in order of time, but for what is left out.

    Unlike one joined recording they cost no memory for what is missing between them.

    Raises
    ------
    ArchiveRefused
        If a file cannot be read or has not the model's cadence, or they are not of one station
        and orientation.
    Refused
        If none has samples within the span, or if none has any within one that is left out.
    """
    kinds: set[tuple[str, str]] = set()
    parts: list[Held] = []
    unheld = list(left_out)
    for path in paths:
        for read in read_stations([path], station):
            check_cadence([read], manifest)
            kinds.add((read.station, orientation_of(frozenset(read.elements))))
            unheld = [one for one in unheld if not read.holds(one)]
            part = read.between(span.start_ms, span.end_ms).without(left_out)
            parts += [held(part)] if len(part) else []
    if len(kinds) > 1:
        stated = ", ".join(f"{code} {orientation}" for code, orientation in sorted(kinds))
        raise ArchiveRefused(f"these files do not belong together: {stated}")
    if not parts:
        ((code, _),) = kinds
        raise Refused(f"{code}: the archive has nothing between --from and --to")
    if unheld:
        raise Refused(f"--leave-out {unheld[0]}: the files hold nothing then")
    return sorted(parts, key=lambda part: part.start_ms)


def declination_deg(parts: Iterable[Held], span: Span) -> float:
    """Reference declination: the median over the parts that have one within a span.

    Raises
    ------
    OrientationError
        If none has.
    """
    found = []
    reason = OrientationError("no samples, so there is no declination")
    for part in parts:
        try:
            within = part.between(span.start_ms, span.end_ms)
            found += [within.reference_declination_deg()] if len(within) else []
        except OrientationError as error:
            reason = error
    if not found:
        raise reason
    return float(np.median(found))


def quiet_runs(parts: Sequence[Held], spec: WindowSpec, max_kp: float) -> list[QuietRun]:
    """Find the windows with Kp known and at most `max_kp`.

    Raises
    ------
    Refused
        If there is none.
    """
    found: list[QuietRun] = []
    highest: set[float] = set()
    windows, length_ms = 0, spec.samples * spec.cadence_ms
    for run in runs_of(parts):
        start_ms, end_ms = run[0].start_ms, max(part.end_ms for part in run)
        history = KpHistory(tuple(kp_intervals(start_ms, end_ms)))
        ends_ms = _ends_ms(start_ms, end_ms, spec)
        known = [history.between(int(at) - length_ms, int(at), EVENTUALLY_MS) for at in ends_ms]
        quiet = [kp.at_most(max_kp) for kp in known]
        found.append(QuietRun(run, ends_ms[np.array(quiet, dtype=bool)]))
        highest.update(kp.highest for kp in known if kp.highest is not None)
        windows += len(ends_ms)
    if not any(len(run.end_ms) for run in found):
        reason = f"Kp was up to {max(highest):g}" if highest else "Kp is not known"
        raise Refused(
            f"no quiet window among {windows:,} of {parts[0].station}: {reason}; "
            "take other days or a higher --max-kp"
        )
    return found


@dataclass(frozen=True, slots=True)
class Scorer:
    """What turns quiet runs into figures.

    Attributes
    ----------
    model
        The model, and with it the filter.
    window
        The window online.
    declination_deg
        What the data are turned by.
    advance
        Told how many windows were looked at.
    """

    model: Model
    window: WindowSpec
    declination_deg: float
    advance: Callable[[int], object] = lambda _: None

    def background_nt(self, quiet: Sequence[QuietRun]) -> tuple[float, float, float]:
        """Scale of the quiet field: each sample once, of long records every second or third...

        Raises
        ------
        ValueError
            If no window is complete enough, or a component does not vary.
        """
        every = 1 + sum(len(run.end_ms) for run in quiet) // SCALE_WINDOWS
        kept = [
            newest(self._filtered(batch), self.window)[::every] for batch in self._batches(quiet)
        ]
        if not kept:
            raise ValueError("no window is complete enough and quiet")
        return robust_scale_nt(np.concatenate(kept))

    def scores(
        self, quiet: Sequence[QuietRun], scale_nt: tuple[float, float, float]
    ) -> QuietScores:
        """Scores of the quiet windows without long gaps."""
        end_ms, rmse = [np.empty(0, np.int64)], [np.empty(0)]
        for run in quiet:
            for windows in self._stretches(run):
                end_ms.append(windows.end_ms)
                for batch in _batches(windows.levelled_nt()):
                    errors = self.model.reconstruct(batch, stack_scale(scale_nt, len(batch)))
                    rmse.append(errors.rmse.astype(np.float64))
        return QuietScores(np.concatenate(end_ms), np.concatenate(rmse))

    def _filtered(self, batch: Float32) -> Float32:
        return self.model.run(["filtered"], batch, stack_scale(UNIT_SCALE_NT, len(batch)))[0]

    def _batches(self, quiet: Sequence[QuietRun]) -> Iterator[Float32]:
        for run in quiet:
            for windows in self._stretches(run):
                yield from _batches(windows.levelled_nt())

    def _stretches(self, run: QuietRun) -> Iterator[Windows]:
        """Sufficient windows of a run, a few hours at a time."""
        spec = self.window
        length_ms, half_ms = spec.samples * spec.cadence_ms, spec.half * spec.cadence_ms
        for ends_ms in _unbroken(run.end_ms, spec.hop * spec.cadence_ms):
            begin_ms, stop_ms = ends_ms[0] - length_ms - half_ms, ends_ms[-1] + half_ms
            part = piece(run.parts, int(begin_ms), int(stop_ms))
            windows = cut(part.samples(self.declination_deg), spec)
            self.advance(len(windows))
            yield windows[windows.sufficient]


def _ends_ms(start_ms: int, end_ms: int, spec: WindowSpec) -> Int64:
    """Ends of all windows between two times."""
    first, after = start_ms // spec.cadence_ms, end_ms // spec.cadence_ms
    ends = np.arange(spec.first_end(first), after - spec.half + 1, spec.hop)
    return np.asarray(ends * spec.cadence_ms, dtype=np.int64)


def _unbroken(end_ms: Int64, hop_ms: int) -> Iterator[Int64]:
    """Pieces of at most `STRETCH` windows, none with a hole in it."""
    for run in np.split(end_ms, np.flatnonzero(np.diff(end_ms) > hop_ms) + 1):
        yield from (run[begin : begin + STRETCH] for begin in range(0, len(run), STRETCH))


def _batches(values: Float32) -> Iterator[Float32]:
    return (values[begin : begin + BATCH] for begin in range(0, len(values), BATCH))
