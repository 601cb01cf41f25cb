"""Packets that alerts detect at any threshold, from the alert levels that packets raise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofield.types import Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Packets detected at one threshold, among those where no alert opens without them.

    Attributes
    ----------
    place
        Shape [n]: number of the segment of the stream in which each packet lies.
    delay_s
        Shape [strengths, n]: from the onset to the end of the window at which an alert opens;
        infinite where no alert opens.
    """

    place: Int64
    delay_s: Float64

    @property
    def shares(self) -> list[float]:
        """Share of detected packets, for each strength."""
        shares: Float64 = np.isfinite(self.delay_s).sum(axis=1) / max(len(self.place), 1)
        return [float(share) for share in shares]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Alert levels at the windows after the onset of each packet.

    Attributes
    ----------
    place
        Shape [m]: number of the segment of the stream in which each packet lies.
    since_s
        Shape [m, windows]: time from the onset to the end of each window; infinite for windows that
        are too late.
    without, with_packet
        Shapes [m, windows] and [strengths, m, windows]: alert level without and with the packet.
    """

    place: Int64
    since_s: Float64
    without: Float64
    with_packet: Float64

    @staticmethod
    def together(parts: Sequence["Levels"]) -> "Levels":
        """Join the levels of several draws of packets of one duration."""
        return Levels(
            np.concatenate([part.place for part in parts]),
            np.concatenate([part.since_s for part in parts]),
            np.concatenate([part.without for part in parts]),
            np.concatenate([part.with_packet for part in parts], axis=1),
        )

    def detected(self, threshold: float) -> Detections:
        """Packets that alerts detect at this threshold.

        Packets in an alert that opens without them are left out: their effect is unknown.
        """
        opens = np.isfinite(self.since_s)
        alone = ~(opens & (self.without > threshold)).any(axis=1)
        passed = self.with_packet[:, alone] > threshold
        delay_s = np.where(passed, self.since_s[alone], np.inf).min(axis=2, initial=np.inf)
        return Detections(self.place[alone], np.asarray(delay_s))
