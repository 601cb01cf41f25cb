"""What an observer said of an alert. Nothing publishes verdicts yet, so `no_verdict` is used.

Whoever keeps them gives `PastSite` another function; nothing else of the pages has to change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor.dashboard.past.html import Markup, facts, moment, tag


@dataclass(frozen=True, slots=True)
class ObserverVerdict:
    """A verdict; texts may be anything, `at_ms` is in ms since 1970 UTC."""

    words: str
    observer: str
    at_ms: int
    note: str = ""


VerdictOf = Callable[[str], ObserverVerdict | None]


def no_verdict(_: str) -> None:
    """Nobody has said anything of an alert."""
    return


def verdict_section(verdict: ObserverVerdict | None) -> Markup | None:
    """The part of an alert's page about its verdict; nothing without one."""
    if verdict is None:
        return None
    said = (
        ("Verdict", verdict.words),
        ("Observer", verdict.observer),
        ("Said", f"{moment(verdict.at_ms)} UTC"),
        ("Note", verdict.note),
    )
    return tag("section", tag("h2", "Verdict of the observer"), facts(said), class_="verdict")
