"""Which of several models beside each other is in charge: whose scores and alerts count.

Event time alone decides, so the change is at the same window after any crash, replay or delay.
"""

from bisect import bisect_right
from dataclasses import dataclass

FIRST_LINE = ""  # in charge until the first handover


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """A line of workers and its model."""

    line: str
    model_sha256: str


@dataclass(frozen=True, slots=True, order=True)
class Handover:
    """From this event time (milliseconds since 1970) on a line with its model is in charge."""

    from_ms: int
    party: Party


@dataclass(frozen=True, slots=True)
class Handovers:
    """All that are known, in the order of their times; no two have the same."""

    known: tuple[Handover, ...] = ()

    def with_handover(self, new: Handover) -> "Handovers":
        """One more; it takes the place of one for the same time."""
        others = (one for one in self.known if one.from_ms != new.from_ms)
        return Handovers(tuple(sorted((*others, new))))

    def at(self, time_ms: int) -> Handover | None:
        """The last one that holds at an event time; None before the first."""
        after = bisect_right(self.known, time_ms, key=lambda one: one.from_ms)
        return self.known[after - 1] if after else None

    def in_charge(self, party: Party, end_ms: int) -> bool:
        """Whether windows that end at `end_ms` are the party's to publish."""
        handover = self.at(end_ms)
        if handover is None:
            return party.line == FIRST_LINE
        return party == handover.party
