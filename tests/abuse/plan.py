"""What a round of abuse is to be, and what it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

LIMIT_MB = 1e9 / 2**20


@dataclass(frozen=True)
class Plan:
    """How much is to happen.

    Attributes
    ----------
    seconds
        How long the honest records take.
    kinds
        Names of what the hostile producers send.
    rate_hz
        Their batches in a second.
    times
        Whose timestamps the samples topic keeps, see `run.TIMES`.
    gap_s
        From one kill or standstill of a worker to the next.
    """

    seed: int
    seconds: float
    workers: int
    kinds: Sequence[str]
    rate_hz: float
    times: str
    gap_s: tuple[float, float]


@dataclass
class Round:
    """What happened and what came of it.

    Attributes
    ----------
    repeated
        Honest scores and alert versions that were published again after a kill.
    peak_mb
        Most memory in MB of 2^20 bytes, by process.
    sent, not_taken
        Hostile batches by kind: those that the broker took, and those that it did not.
    hostile_records
        By topic.
    reasons
        Dead letters by reason.
    exits, faults
        Processes that ended but by a kill, or did not end when told to; these and all else that
        is off.
    """

    plan: Plan
    stations: int
    windows: int
    seconds: float = 0.0
    kills: int = 0
    stalls: int = 0
    recruited: int = 0
    repeated: int = 0
    peak_mb: dict[str, float] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    not_taken: Counter[str] = field(default_factory=Counter)
    hostile_records: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    exits: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
