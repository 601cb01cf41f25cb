"""One station: which of its sources speaks, what waits behind a gap, and what may be acknowledged.

Nothing here reads a clock or the network.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from archive.recording import Recording
from monitor.ingest.manner import FILLS, Manner, SampleCounts
from monitor.ingest.series import MEMORY, StationSeries
from monitor.ingest.source import Acknowledge, nothing
from monitor.ingest.stations import StationPlan

MOST_SPARES = 600  # messages of a source that does not speak
PUSHED_SETTLE_S, POLLED_SETTLE_S = 10.0, 180.0


@dataclass(slots=True)
class FeedOutcome:
    """What comes of a message: recordings to publish in order, and acknowledgements after them."""

    recordings: list[Recording] = field(default_factory=list)
    acknowledgements: list[Acknowledge] = field(default_factory=list)
    counts: list[SampleCounts] = field(default_factory=list)
    gaps: int = 0  # given up
    gap_ms: tuple[int, int] | None = None  # the first of them
    heard: bool = False  # whether a source brought values


class StationFeed:
    """The sources of a station, in the order of the file, on the way to the topic.

    Parameters
    ----------
    plan
        The station.
    sources
        Names of its sources; each speaks while those before it are silent.
    now_s
        Time of the start: until `silent_s` later no source counts as silent.
    """

    def __init__(self, plan: StationPlan, sources: Sequence[str], now_s: float) -> None:
        self.plan = plan
        self.series = StationSeries(plan.station, plan.cadence_ms)
        self.filling = False  # whether a backfill is under way
        self.owes = False  # whether samples wait whose message is acknowledged
        self._sources = list(sources)
        self._spoke_s = dict.fromkeys(sources, now_s)
        self._spares: dict[str, deque[Recording]] = {
            name: deque(maxlen=MOST_SPARES) for name in sources[1:]
        }
        self._waiting: list[tuple[int, Acknowledge]] = []  # until which sample is published
        self._settle_s = PUSHED_SETTLE_S

    def speaks(self, source: str, now_s: float) -> bool:
        """Whether all sources before this one are silent."""
        before = self._sources[: self._sources.index(source)]
        return all(now_s - self._spoke_s[name] > self.plan.table.silent_s for name in before)

    def silent(self, now_s: float) -> bool:
        """Whether all sources are."""
        return self.quiet_s(now_s) > self.plan.table.silent_s

    def quiet_s(self, now_s: float) -> float:
        """Time since the newest values, or since the start."""
        return now_s - max(self._spoke_s.values())

    @property
    def sources(self) -> Sequence[str]:
        """Names of its sources, in the order of the file."""
        return self._sources

    def take(
        self,
        source: str,
        recordings: Sequence[Recording],
        manner: Manner,
        acknowledge: Acknowledge,
        now_s: float,
    ) -> FeedOutcome:
        """Take in the recordings of one message.

        Raises
        ------
        monitor.ingest.series.OrientationDiffers
            If a source reports other elements than the station's.
        """
        outcome = FeedOutcome()
        for recording in recordings:
            self.series.check(recording, first_source=source == self._sources[0])
        if any(_has_values(recording) for recording in recordings):
            self._spoke_s[source] = now_s
            outcome.heard = True
        if not self.speaks(source, now_s):
            self._spares[source].extend(recordings)
            outcome.acknowledgements.append(acknowledge)
            return outcome
        if source != self._sources[0]:
            manner = Manner(manner.nulls_stand, corrects=False)
        self._settle_s = PUSHED_SETTLE_S if manner.nulls_stand else POLLED_SETTLE_S
        self._insert(recordings, manner, now_s, outcome)
        ends = [recording.end_ms // recording.cadence_ms for recording in recordings]
        self._waiting.append((max(ends, default=0), acknowledge))
        return self._settled(outcome)

    def fill(self, recordings: Sequence[Recording], now_s: float) -> FeedOutcome:
        """Take in what a backfill has of the gap."""
        outcome = FeedOutcome()
        self._insert(recordings, FILLS, now_s, outcome)
        return self._settled(outcome)

    def tick(self, now_s: float) -> FeedOutcome:
        """Let a source speak whose predecessors have fallen silent; give up gaps that had time."""
        outcome = FeedOutcome()
        for source, spares in self._spares.items():
            if spares and self.speaks(source, now_s):
                self._insert(spares, FILLS, now_s, outcome)
                spares.clear()
        if self.overdue(now_s) and not self.filling and self.plan.backfill is None:
            self._release(outcome)
        return self._settled(outcome)

    def overdue(self, now_s: float) -> bool:
        """Whether samples have waited for their predecessors as long as they should."""
        since_s, stated_s = self.series.held_since_s, self.plan.table.settle_s
        settle_s = self._settle_s if stated_s is None else stated_s
        return since_s is not None and now_s - since_s >= settle_s

    def release(self) -> FeedOutcome:
        """Publish what waits, as the gap before it is given up."""
        outcome = FeedOutcome()
        self._release(outcome)
        return self._settled(outcome)

    def _insert(
        self, recordings: Iterable[Recording], manner: Manner, now_s: float, outcome: FeedOutcome
    ) -> None:
        for recording in recordings:
            for part in recording.records(MEMORY):
                outcome.recordings += self.series.take(part, manner, now_s)
                outcome.counts.append(self.series.counts)
                if self.series.full():
                    self._release(outcome)

    def _release(self, outcome: FeedOutcome) -> None:
        gap_ms, gaps = self.series.gap_ms(), self.series.gaps
        outcome.recordings += self.series.released()
        outcome.gaps += self.series.gaps - gaps
        outcome.gap_ms = outcome.gap_ms or gap_ms
        self.owes = False

    @property
    def waiting_messages(self) -> int:
        """Number of messages that are not acknowledged, as their samples wait."""
        return sum(call is not nothing for _, call in self._waiting)

    def relieve(self) -> FeedOutcome:
        """Let the messages that wait be acknowledged, as too many wait.

        Without a backfill the gap before them is given up. With one they are acknowledged early: if
        this program is killed meanwhile, the next start finds the gap in the topic and fills it.
        """
        outcome = FeedOutcome()
        if self.plan.backfill is None:
            self._release(outcome)
            return self._settled(outcome)
        outcome.acknowledgements += [acknowledge for _, acknowledge in self._waiting]
        self._waiting.clear()
        self.owes = True
        return outcome

    def _settled(self, outcome: FeedOutcome) -> FeedOutcome:
        """Add the acknowledgements of messages whose samples have all gone out."""
        until = self.series.published_until
        outcome.acknowledgements += [call for end, call in self._waiting if end <= until]
        self._waiting = [item for item in self._waiting if item[0] > until]
        return outcome


def _has_values(recording: Recording) -> bool:
    return not all(np.isnan(values).all() for values in recording.elements.values())
