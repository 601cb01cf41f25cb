"""Kinds of faults, and what is said of one."""

import math
from dataclasses import dataclass
from enum import Enum


class Fault(str, Enum):
    """A way in which an instrument or its logger fails, or a pulse that the field does not make."""

    CONSTANT = "constant"
    STEP = "step"
    SPIKE = "spike"
    SATURATION = "saturation"
    REPETITION = "repetition"
    NOISE = "noise"
    PULSE = "pulse"


@dataclass(frozen=True, slots=True)
class FaultFinding:
    """A fault in a window.

    Attributes
    ----------
    fault
        Its kind.
    components
        The components that show it, as letters (``HZ``).
    height_nt, duration_s
        Largest deviation or change of level, and its duration; None if they were not measured.
    """

    fault: Fault
    components: str
    height_nt: float | None = None
    duration_s: float | None = None

    @property
    def seen(self) -> str:
        """What was seen, in words, as in ``pulse of 20 nT in 30 s``; empty if not measured."""
        if self.height_nt is None or self.duration_s is None:
            return ""
        digits = 1 - math.floor(math.log10(self.height_nt))
        height = f"{round(self.height_nt, digits):,.{max(digits, 0)}f}"
        return f"{self.fault.value} of {height} nT in {self.duration_s:g} s"
