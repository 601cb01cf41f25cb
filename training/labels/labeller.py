"""Label windows as seismic or non-seismic, and relabel them for events at other times.

::

        guard           lead begin      lead end  origin                  guard
    ------+-----------------+---------------+--------*----------------------+-----> time
    non-  |                 |<-- seismic -->|                               |  non-
    seismic                                                                 seismic

A window belongs to an interval if all of its samples do, without the margins of the filter. Work
that does not depend on the times of the events is done before, by `build.prepare`; relabelling
takes milliseconds.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geofield.earthquakes.types import Earthquake
from geofield.types import Bool, Int64
from geofield.utc import DAY_MS
from training.labels.selection import refuse_if_nothing
from training.labels.types import NEITHER, NON_SEISMIC, SEISMIC, Labels
from training.recipe.labels import LabelRules
from training.results import LabelStep


@dataclass(frozen=True, slots=True, eq=False)
class Labelling:
    """Windows and events, prepared for labelling.

    Attributes
    ----------
    rules
        Rules of the recipe.
    end_ms
        Shape [n]: end of each complete window, ascending.
    window_ms, margin_ms, hop_ms
        Length of a window, margin of its filter on either side, and distance between windows.
    eligible, controllable
        Shape [n]: whether hours and Kp of the window pass, and whether the catalogue also covers
        its guard, so that it can be non-seismic.
    events
        Earthquakes whose lead touches the recording, in order of time.
    guard_ms, leader
        Shape [g]: origin times that non-seismic windows keep away from, and for each the index of
        the nearest event in time, with which it moves; -1 if it does not move.
    steps
        Counts after each rule so far.
    """

    rules: LabelRules
    end_ms: Int64
    window_ms: int
    margin_ms: int
    hop_ms: int
    eligible: Bool
    controllable: Bool
    events: tuple[Earthquake, ...]
    guard_ms: Int64
    leader: Int64
    steps: tuple[LabelStep, ...]

    @property
    def event_times_ms(self) -> Int64:
        """Shape [events]: origin times as catalogued."""
        return times_ms(self.events)

    def labels(self) -> Labels:
        """Labels for the true times of the events.

        Raises
        ------
        LabelsRefused
            If no event has a window, or no window is non-seismic.
        """
        labels = self.relabel(self.event_times_ms)
        refuse_if_nothing(labels.steps, "earthquake with a window before it is", len(labels.events))
        refuse_if_nothing(labels.steps, "non-seismic window is", int(labels.non_seismic.sum()))
        return labels

    def with_windows(self) -> "Labelling":
        """The labelling without events that have no windows, for a fair shuffle.

        In a recording with gaps, many earthquakes have no data before them. If these were moved
        too, some would get data, and a shuffled catalogue would have more events than the true one.
        """
        owner = self._before(self.event_times_ms)
        kept = np.unique(owner[owner >= 0])
        number = np.full(len(self.events) + 1, -1, dtype=np.int64)  # the last entry is for index -1
        number[kept] = np.arange(len(kept))
        events = tuple(self.events[index] for index in kept.tolist())
        return replace(self, events=events, leader=number[self.leader])

    def random_times_ms(self, rng: np.random.Generator) -> Int64:
        """Random time for each event with windows before it: [events]."""
        ends_ms = rng.choice(self.end_ms[self.eligible], size=len(self.events))
        return np.asarray(ends_ms + milliseconds(self.rules.lead_end_days) + self.margin_ms)

    def relabel(self, event_times_ms: Int64) -> Labels:
        """Labels for the same events at other times, for shuffled catalogues.

        Earthquakes that are no events (aftershocks, deeper ones) keep their distance in time from
        their event. So about as many windows stay non-seismic as with the true times.

        Parameters
        ----------
        event_times_ms
            Shape [events]: new origin time of each of `events`; they need not be in order.

        Returns
        -------
        Labels whose events have the new times; without events if there are no data before any.

        Raises
        ------
        ValueError
            If the number of times is not that of the events.
        """
        if len(event_times_ms) != len(self.events):
            raise ValueError(f"{len(event_times_ms)} times for {len(self.events)} events")
        owner = self._before(event_times_ms)
        rules = self.rules
        words = f"seismic: {rules.lead_begin_days:g} to {rules.lead_end_days:g} days before one"
        return self._labels(owner, event_times_ms, words)

    def placebo(self, aftermath_days: float = 1.0) -> Labels:
        """Placebo labels: windows after the same earthquakes in place of those before.

        Windows that lie before another event belong to neither class: they may be truly seismic.

        Parameters
        ----------
        aftermath_days
            Time left out after each origin; windows count for the length of the lead after it.
        """
        origins_ms = self.event_times_ms
        before = self._before(origins_ms)
        begin_ms = origins_ms + milliseconds(aftermath_days)
        until_ms = begin_ms + self._lead_length_ms
        # Earlier events first: a window after two events belongs to the nearer one.
        order = np.unique(before[before >= 0])
        owner = self._owner(begin_ms, until_ms, order, self.guard_ms)
        words = f"placebo: {aftermath_days:g} days after one and for as long as the lead"
        return self._labels(np.where(before < 0, owner, -1), origins_ms, words)

    @property
    def _lead_length_ms(self) -> int:
        return milliseconds(self.rules.lead_begin_days - self.rules.lead_end_days)

    def _before(self, origins_ms: Int64) -> Int64:
        """Index of the event in whose lead each window lies, -1 if none: [n]."""
        # Later events first: a window before two events belongs to the nearer one.
        order = np.argsort(-origins_ms, kind="stable")
        begin_ms = origins_ms - milliseconds(self.rules.lead_begin_days)
        until_ms = origins_ms - milliseconds(self.rules.lead_end_days)
        return self._owner(begin_ms, until_ms, order, self._guards_at(origins_ms))

    def _owner(self, begin_ms: Int64, until_ms: Int64, order: Int64, guard_ms: Int64) -> Int64:
        """Index of the last event in `order` whose interval contains each window; -1 if none."""
        first, after = self._ending(begin_ms + self.window_ms, until_ms)
        owner = np.full(len(self.end_ms), -1, dtype=np.int64)
        for event in order:
            owner[first[event] : after[event]] = event
        owner[~self.eligible | self._struck(guard_ms)] = -1
        return owner

    def _labels(self, owner: Int64, origins_ms: Int64, words: str) -> Labels:
        guarded = self._guarded(self._guards_at(origins_ms))
        control = self.controllable & ~guarded & (owner < 0)
        kind = np.full(len(owner), NEITHER, dtype=np.int8)
        kind[owner >= 0] = SEISMIC
        kind[control] = NON_SEISMIC
        kept, block = self._blocks(owner, control, origins_ms)
        events = tuple(
            replace(self.events[index], time_ms=int(origins_ms[index])) for index in kept
        )
        steps = (*self.steps, self._last_step(words, len(events), kind))
        return Labels(self.end_ms, kind, block, events, steps)

    def _blocks(self, owner: Int64, control: Bool, origins_ms: Int64) -> tuple[Int64, Int64]:
        """Indices of events that have windows, in order of time, and block of each window [n]."""
        kept = np.flatnonzero(np.bincount(owner[owner >= 0], minlength=len(self.events)))
        kept = kept[np.argsort(origins_ms[kept], kind="stable")]
        number = np.full(len(self.events) + 1, -1, dtype=np.int64)  # the last entry is for index -1
        number[kept] = np.arange(len(kept))
        block = number[owner]
        lead_number = self.end_ms[control] // self._lead_length_ms
        block[control] = len(kept) + np.cumsum(np.diff(lead_number, prepend=lead_number[:1]) != 0)
        return kept, block

    def _guards_at(self, origins_ms: Int64) -> Int64:
        moved_ms = np.append(origins_ms - self.event_times_ms, 0)
        return np.asarray(self.guard_ms + moved_ms[self.leader])

    def _struck(self, guard_ms: Int64) -> Bool:
        """Whether an earthquake struck during each window: its waves are no precursor."""
        reach_ms = self.window_ms + self.margin_ms
        return self._marked(guard_ms - self.margin_ms + 1, guard_ms + reach_ms)

    def _guarded(self, guard_ms: Int64) -> Bool:
        away_ms = milliseconds(self.rules.guard_days)
        return self._marked(guard_ms - away_ms, guard_ms + away_ms + self.window_ms)

    def _ending(self, from_ms: Int64, to_ms: Int64) -> tuple[Int64, Int64]:
        """Index of the first window that ends in each interval, and index after the last one."""
        first = np.searchsorted(self.end_ms, from_ms, side="left")
        after = np.searchsorted(self.end_ms, to_ms, side="right")
        return first, np.maximum(first, after)

    def _marked(self, from_ms: Int64, to_ms: Int64) -> Bool:
        """Whether each window ends in any of the intervals: [n]."""
        first, after = self._ending(from_ms, to_ms)
        rises = np.zeros(len(self.end_ms) + 1, dtype=np.int64)
        np.add.at(rises, first, 1)
        np.add.at(rises, after, -1)
        return np.asarray(np.cumsum(rises[:-1]) > 0)

    def _last_step(self, words: str, events: int, kind: NDArray[np.int8]) -> LabelStep:
        seismic, control = int((kind == SEISMIC).sum()), int((kind == NON_SEISMIC).sum())
        untold = int((self.eligible & ~self.controllable).sum())
        whole = (
            f"{words} ({seismic} windows); non-seismic: more than {self.rules.guard_days:g} days "
            f"from every one of the radius and magnitude ({control} windows)"
        )
        if untold:
            whole += f"; of {untold} windows the catalogue does not tell whether they are"
        return windows_step(whole, events, seismic + control, self.hop_ms)


def windows_step(words: str, events: int, windows: int, hop_ms: int) -> LabelStep:
    """A step of labelling with a count of windows; each stands for one hop of data."""
    days = round(windows * hop_ms / DAY_MS, 3)
    return LabelStep(step=words, events=events, windows=windows, station_days=days)


def times_ms(events: tuple[Earthquake, ...]) -> Int64:
    """Origin times in ms since 1970 UTC: [events]."""
    return np.array([event.time_ms for event in events], dtype=np.int64)


def milliseconds(days: float) -> int:
    """Convert days to whole milliseconds."""
    return round(days * DAY_MS)
