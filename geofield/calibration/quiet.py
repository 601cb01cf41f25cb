"""Selection of quiet windows by Kp."""

from dataclasses import dataclass

import numpy as np

from geofield.indices import EVENTUALLY_MS, IndexHistory
from geofield.types import Bool, Int64


@dataclass(frozen=True, slots=True, eq=False)
class WindowsByKp:
    """Windows by what is known of Kp; each window is of one kind.

    Attributes
    ----------
    quiet
        Shape [n]: Kp is known over the whole window and nowhere above the limit.
    disturbed
        Shape [n]: a known Kp is above the limit.
    unknown
        Shape [n]: neither; Kp is not completely known.
    highest
        Highest known Kp; None if none is known.
    """

    quiet: Bool
    disturbed: Bool
    unknown: Bool
    highest: float | None


def windows_by_kp(
    end_ms: Int64, length_ms: int, history: IndexHistory, max_kp: float
) -> WindowsByKp:
    """Divide windows by their Kp, as it is known in the end.

    Parameters
    ----------
    end_ms
        Shape [n]: window ends, ms since 1970 UTC.
    length_ms
        Length of a window.
    history
        Known values of Kp.
    max_kp
        Highest Kp of a quiet window.
    """
    known = [history.between(end - length_ms, end, EVENTUALLY_MS) for end in end_ms.tolist()]
    quiet = np.array([kp.at_most(max_kp) for kp in known], dtype=bool)
    disturbed = np.array([kp.exceeds(max_kp) for kp in known], dtype=bool)
    highest = max((kp.highest for kp in known if kp.highest is not None), default=None)
    return WindowsByKp(quiet, disturbed, ~quiet & ~disturbed, highest)
