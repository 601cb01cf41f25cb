"""Samples that are stamped beside the multiples of their cadence, all by the same offset.

Means are often stamped at their centres, as ``.500`` s or ``:30``. They are complete: each counts
at the nearest multiple, half an interval as the one before.
"""

ALIKE = 10  # offsets within this part of the cadence are one


def nearest_ms(at_ms: int, cadence_ms: int, offset_ms: int = 0) -> int:
    """Multiple of the cadence at which a sample of this time counts, at an offset."""
    return -((cadence_ms - 2 * (at_ms - offset_ms)) // (2 * cadence_ms)) * cadence_ms


def offset_of(at_ms: int, cadence_ms: int) -> int:
    """How much later than its multiple of the cadence a time is: up to half a cadence."""
    return at_ms - nearest_ms(at_ms, cadence_ms)


def are_alike(offset_ms: int, other_ms: int, cadence_ms: int) -> bool:
    """Whether two offsets are one: within a tenth of the cadence."""
    apart_ms = abs(offset_ms - other_ms) % cadence_ms
    return min(apart_ms, cadence_ms - apart_ms) <= cadence_ms // ALIKE
