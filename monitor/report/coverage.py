"""Which samples of a station are there, and where there are none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geofield.series.samples import Samples

SpanMs = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The samples of a time.

    Attributes
    ----------
    share
        Share of the samples that have all three components, 0-1.
    gaps_ms
        Begin and end of each gap, ms since 1970 UTC.
    cadences_ms
        Cadences, the fastest of each day.
    """

    share: float
    gaps_ms: tuple[SpanMs, ...]
    cadences_ms: tuple[int, ...]

    @property
    def longest_ms(self) -> int:
        """Length of the longest gap; 0 without one."""
        return max((end_ms - begin_ms for begin_ms, end_ms in self.gaps_ms), default=0)


def coverage(days: Iterable[tuple[SpanMs, Samples | None]]) -> Coverage:
    """Coverage of consecutive days, each with its samples if there are any."""
    gaps_ms: list[SpanMs] = []
    cadences_ms: set[int] = set()
    total_ms = lost_ms = 0
    for span_ms, samples in days:
        total_ms += span_ms[1] - span_ms[0]
        if samples is not None:
            cadences_ms.add(samples.cadence_ms)
        for begin_ms, end_ms in _gaps_ms(span_ms, samples):
            lost_ms += end_ms - begin_ms
            before = gaps_ms.pop() if gaps_ms and gaps_ms[-1][1] == begin_ms else None
            gaps_ms.append((before[0] if before else begin_ms, end_ms))
    share = 1 - lost_ms / total_ms if total_ms else 0.0
    return Coverage(share, tuple(gaps_ms), tuple(sorted(cadences_ms)))


def _gaps_ms(span_ms: SpanMs, samples: Samples | None) -> list[SpanMs]:
    if samples is None:
        return [span_ms]
    lost = np.isnan(samples.field_nt).any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], lost, [False])).astype(np.int8)))
    moments_ms = samples.start_ms + edges * samples.cadence_ms
    return [(int(begin), int(end)) for begin, end in moments_ms.reshape(-1, 2)]
