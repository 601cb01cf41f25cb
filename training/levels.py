"""What is found by alerts at any threshold, from the levels that packets raise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geofield.types import Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What one threshold finds of the packets where no alert opens without them.

    Attributes
    ----------
    place
        Shape [n]: number of the stretch of the stream in which each lies.
    delay_s
        Shape [strengths, n]: from the onset to the end of the window at which an alert opens;
        infinite where none does.
    """

    place: Int64
    delay_s: Float64

    @property
    def shares(self) -> list[float]:
        """Of the packets, for each strength."""
        found: Float64 = np.isfinite(self.delay_s).sum(axis=1) / max(len(self.place), 1)
        return [float(share) for share in found]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The level that the alert rule reacts to, at the windows after each packet's onset.

    Attributes
    ----------
    place
        Shape [m]: number of the stretch of the stream in which each packet lies.
    since_s
        Shape [m, windows]: their ends after the onset; infinite for windows that are too late.
    own, level
        Shapes [m, windows] and [strengths, m, windows]: without the packet, and with it.
    """

    place: Int64
    since_s: Float64
    own: Float64
    level: Float64

    @staticmethod
    def together(parts: Sequence["Levels"]) -> "Levels":
        """Those of several draws of packets of one duration."""
        return Levels(
            np.concatenate([one.place for one in parts]),
            np.concatenate([one.since_s for one in parts]),
            np.concatenate([one.own for one in parts]),
            np.concatenate([one.level for one in parts], axis=1),
        )

    def found(self, threshold: float) -> Found:
        """What an alert at this threshold finds.

        Packets in an alert that opens without them are left out: what they would have done cannot
        be told.
        """
        opens = np.isfinite(self.since_s)
        alone = ~(opens & (self.own > threshold)).any(axis=1)
        passed = self.level[:, alone] > threshold
        delay_s = np.where(passed, self.since_s[alone], np.inf).min(axis=2, initial=np.inf)
        return Found(self.place[alone], np.asarray(delay_s))
