"""What an observer said of an alert, on its page and its picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from monitor.dashboard.past.html import Markup, facts, moment, tag
from monitor.dashboard.reviews import ReviewView

ReviewOf: TypeAlias = Callable[[str], ReviewView | None]


def no_review(_: str) -> None:
    """Nobody has said anything of an alert."""
    return


def review_section(review: ReviewView | None) -> Markup | None:
    """The part of an alert's page about its review; nothing without one."""
    if review is None:
        return None
    said = (
        ("Verdict", review.verdict),
        ("Observer", review.by),
        ("Said", f"{moment(review.reviewed_ms)} UTC"),
        ("Note", review.note),
    )
    return tag("section", tag("h2", "Verdict of the observer"), facts(said), class_="verdict")
