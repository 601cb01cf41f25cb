"""Counts of the windows of an archive that a calibration used, and of the others by reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofield.series.windows import WindowSpec
from geofield.types import Int64
from monitor.offline.calibration.quiet_windows import QuietSegment
from support.spans import Span


@dataclass(frozen=True, slots=True)
class WindowUsage:
    """Counts of the windows of an archive, by their use.

    Attributes
    ----------
    used
        Quiet and complete: used by the fit.
    disturbed
        Kp too high.
    kp_unknown
        Kp not completely known.
    left_out
        Quiet, but left out by the user.
    gaps
        Quiet, but with too few samples.
    faulty
        Quiet and complete, but with faults of the instrument or man-made pulses.
    """

    used: int
    disturbed: int
    kp_unknown: int
    left_out: int
    gaps: int
    faulty: int = 0

    @property
    def total(self) -> int:
        """Count of all windows."""
        unused = (self.disturbed, self.kp_unknown, self.left_out, self.gaps, self.faulty)
        return self.used + sum(unused)

    def stated(self, max_kp: float) -> str:
        """A sentence with the share used, and the reasons for the rest."""
        reasons = {
            f"Kp above {max_kp:g}": self.disturbed,
            "Kp not known": self.kp_unknown,
            "gaps": self.gaps,
            "instrument faults or man-made pulses": self.faulty,
            "left out": self.left_out,
        }
        unused = [f"{self._share(count)} {why}" for why, count in reasons.items() if count]
        return (
            f"{self.share} of {self.total:,} windows used"
            f"{'; not used: ' if unused else ''}{', '.join(unused)}"
        )

    @property
    def share(self) -> str:
        """Share of the used windows in percent, in words."""
        return self._share(self.used)

    def _share(self, count: int) -> str:
        percent = 100 * count / max(self.total, 1)
        return "less than 0.1 %" if 0 < percent < 0.1 else f"{percent:.3g} %"


def window_usage(
    segments: Sequence[QuietSegment],
    used_ms: Int64,
    faulty_ms: Int64,
    left_out: Sequence[Span],
    spec: WindowSpec,
) -> WindowUsage:
    """Count the windows of segments by their use.

    Those that end at `used_ms` [n] were used, those that end at `faulty_ms` [m] have faults.
    """
    quiet_ms = np.concatenate([segment.end_ms for segment in segments])
    unused_ms = np.setdiff1d(quiet_ms, np.concatenate([used_ms, faulty_ms]))
    named = np.zeros(len(unused_ms), dtype=bool)
    for span in left_out:
        begins_before = unused_ms - spec.length_ms - spec.margin_ms < span.end_ms
        named |= begins_before & (unused_ms + spec.margin_ms > span.start_ms)
    return WindowUsage(
        used=len(used_ms),
        disturbed=sum(len(segment.disturbed_ms) for segment in segments),
        kp_unknown=sum(len(segment.kp_unknown_ms) for segment in segments),
        left_out=int(named.sum()),
        gaps=int((~named).sum()),
        faulty=len(faulty_ms),
    )
