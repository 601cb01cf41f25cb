"""Number formats, the same in the page and in the card."""

import math
from collections.abc import Iterable, Sequence
from datetime import date

ABSENT = "-"


def p_value(p: float) -> str:
    """Format a p-value: two digits (0.27, 0.0035), or one digit and a power of ten (2e-12)."""
    if not math.isfinite(p):
        return ABSENT
    if p <= 0.0:
        return "< 1e-300"
    if p >= 0.00095:
        return f"{p:.2g}"
    mantissa, _, exponent = f"{p:.0e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def decimal(value: float | None) -> str:
    """Format an AUC or an error with three decimals."""
    return ABSENT if value is None or not math.isfinite(value) else f"{value:.3f}"


def percent(share: float | None) -> str:
    """Format a share of 0-1 in per cent, without the sign; with one decimal below ten."""
    if share is None or not math.isfinite(share):
        return ABSENT
    return f"{100 * share:.1f}" if 0 < share < 0.0995 else f"{100 * share:.0f}"


def figure(value: float | None) -> str:
    """Format a number with three significant digits, or as an integer with thousands separated."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def span(low: str, high: str) -> str:
    """Format a range of two formatted numbers."""
    return f"{low}-{high}"


def listed(values: Iterable[float]) -> str:
    """Format several numbers, separated by slashes."""
    return " / ".join(f"{value:g}" for value in values)


def counted(number: int, thing: str) -> str:
    """Format a count of things, in the singular or plural."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def dates(days: Sequence[str]) -> str:
    """Format days or spans of days: all if they are few, else the first and the last."""
    if len(days) > 8:
        return f"{_first(min(days))} to {max(map(_last, days))}"
    return ", ".join(day.replace("/", " to ") for day in days)


def days_in(days: Sequence[str]) -> int:
    """Number of days, including all days of spans such as ``2002-01-01/2005-12-31``."""
    spans = [(date.fromisoformat(_first(day)), date.fromisoformat(_last(day))) for day in days]
    return sum((last - first).days + 1 for first, last in spans)


def _first(day: str) -> str:
    return day.partition("/")[0]


def _last(day: str) -> str:
    return day.rpartition("/")[2]
