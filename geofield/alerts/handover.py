"""Handovers between models that run beside each other: whose scores and alerts count.

Event time alone decides, so a handover is at the same window after any crash, replay or delay.
"""

from bisect import bisect_right
from dataclasses import dataclass

FIRST_LINE = ""  # leads until the first handover


@dataclass(frozen=True, slots=True, order=True)
class Deployment:
    """A deployment: a line of workers and its model."""

    line: str
    model_sha256: str


@dataclass(frozen=True, slots=True, order=True)
class Handover:
    """Start of a deployment's leadership, in event time (milliseconds since 1970 UTC).

    It is among the models of one cadence (ms), or, where that is None, among all.
    """

    from_ms: int
    deployment: Deployment
    cadence_ms: int | None = None

    def concerns(self, cadence_ms: int) -> bool:
        """Whether it is among the models of this cadence."""
        return self.cadence_ms in (None, cadence_ms)


@dataclass(frozen=True, slots=True)
class Handovers:
    """Known handovers, in order of time; no two have the same time."""

    known: tuple[Handover, ...] = ()

    def with_handover(self, new: Handover) -> "Handovers":
        """Add a handover, or replace the one of the same time."""
        others = (handover for handover in self.known if handover.from_ms != new.from_ms)
        return Handovers(tuple(sorted((*others, new))))

    def at(self, time_ms: int) -> Handover | None:
        """Handover that holds at an event time; None before the first."""
        after = bisect_right(self.known, time_ms, key=lambda handover: handover.from_ms)
        return self.known[after - 1] if after else None

    def leads(self, deployment: Deployment, end_ms: int) -> bool:
        """Whether the deployment publishes windows that end at `end_ms`."""
        handover = self.at(end_ms)
        if handover is None:
            return deployment.line == FIRST_LINE
        return deployment == handover.deployment

    def leads_refused(self, deployment: Deployment, sent_ms: int, newest_end_ms: int) -> bool:
        """Whether the deployment publishes the dead letter of a refused record.

        A refused record has no window, and `sent_ms` may be wrong, so the deployment's newest
        decided window (`newest_end_ms`, 0 before the first) counts as well. Near a handover two
        deployments may publish the dead letter, but at least one does.
        """
        return self.leads(deployment, sent_ms) or self.leads(deployment, newest_end_ms)
