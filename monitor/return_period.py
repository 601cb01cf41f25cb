"""Return periods in words, for tables, messages and the live page."""

from __future__ import annotations

YEAR_DAYS, HOUR_DAYS = 365.0, 1 / 24


def return_period(days: float) -> str:
    """A return period in quiet days as text, without a number beyond a year or below an hour.

    The live page has the same rule in `dashboard/static/text.js`; a test compares the two.
    """
    if days >= YEAR_DAYS:
        return "over a year"  # calibrations of weeks support no more digits
    if days < HOUR_DAYS:
        return "under an hour"
    return f"{days:,.0f} days" if days >= 2 else f"{days * 24:,.0f} hours"
