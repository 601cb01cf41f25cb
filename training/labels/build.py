"""Label the windows of a station by a catalogue and the rules of a recipe."""

import numpy as np

from archive.catalogue import Catalogue
from geofield.earthquakes.types import Earthquake, Site
from geofield.indices import IndexHistory
from geofield.types import Bool, Int64
from training.labels.covariates import highest_kp, local_hour
from training.labels.labeller import Labelling, milliseconds, times_ms, windows_step
from training.labels.selection import LabelsRefused, Selection, refuse_if_nothing, select
from training.recipe.labels import LabelRules

__all__ = ["Labelling", "LabelsRefused", "prepare"]


def prepare(
    end_ms: Int64,
    window_ms: int,
    site: Site,
    catalogue: Catalogue,
    rules: LabelRules,
    kp: IndexHistory,
    *,
    hop_ms: int | None = None,
    margin_ms: int = 0,
) -> Labelling:
    """Do the part of the labelling that does not depend on the times of the events.

    Parameters
    ----------
    end_ms
        Shape [n]: end of each complete window, ascending; without incomplete windows.
    window_ms
        Length of a window without the margins of its filter.
    site, catalogue, rules
        Position of the station, earthquakes, and rules.
    kp
        Kp values; needed if ``rules.kp_max`` is a limit.
    hop_ms
        Distance between windows, to state days; None for the median of `end_ms`.
    margin_ms
        Margin of the filter on either side of a window. A window is never seismic if its margins
        contain an earthquake.

    Raises
    ------
    RecipeRefused
        If the rules contradict themselves.
    LabelsRefused
        If a rule leaves no earthquake or no window.
    """
    selection = select(catalogue, site, rules)
    end_ms = np.asarray(end_ms, dtype=np.int64)
    if len(end_ms) < 2 or (np.diff(end_ms) <= 0).any():
        raise LabelsRefused("two or more complete windows are needed, in order of time")
    hop_ms = hop_ms or int(np.median(np.diff(end_ms)))
    events, guards = _recorded(selection, end_ms, window_ms, rules)
    steps = [
        *selection.steps,
        windows_step("complete windows were recorded", len(events), len(end_ms), hop_ms),
    ]
    refuse_if_nothing(steps, "earthquake is", len(events))
    alive = np.ones(len(end_ms), dtype=bool)
    for words, passes in _conditions(end_ms, window_ms, site, rules, kp):
        alive = alive & passes
        steps.append(windows_step(words, len(events), int(alive.sum()), hop_ms))
        refuse_if_nothing(steps, "window is", int(alive.sum()))
    return Labelling(
        rules,
        end_ms,
        window_ms,
        margin_ms,
        hop_ms,
        eligible=alive,
        controllable=alive & _told(selection, end_ms, window_ms, rules),
        events=events,
        guard_ms=times_ms(guards),
        leader=_nearest(times_ms(guards), times_ms(events)),
        steps=tuple(steps),
    )


def _recorded(
    selection: Selection, end_ms: Int64, window_ms: int, rules: LabelRules
) -> tuple[tuple[Earthquake, ...], tuple[Earthquake, ...]]:
    """Events whose lead touches the recording, and earthquakes whose guard touches it."""
    begin_ms, until_ms = int(end_ms[0]) - window_ms, int(end_ms[-1])
    lead_ms, guard_ms = milliseconds(rules.lead_begin_days), milliseconds(rules.guard_days)
    return (
        _between(selection.events, begin_ms, until_ms + lead_ms),
        _between(selection.guards, begin_ms - guard_ms, until_ms + guard_ms),
    )


def _conditions(
    end_ms: Int64, window_ms: int, site: Site, rules: LabelRules, kp: IndexHistory
) -> list[tuple[str, Bool]]:
    """Rules on the time of a window, in words, and whether each window [n] passes."""
    conditions = []
    if rules.local_hours:
        begin, end = rules.local_hours
        hour = local_hour(site, end_ms - window_ms // 2)
        inside = (hour >= begin) & (hour < end) if begin < end else (hour >= begin) | (hour < end)
        conditions.append((f"local solar hours {begin:g} to {end:g}", np.asarray(inside)))
    if rules.limits_kp:
        quiet = highest_kp(kp, end_ms - window_ms, end_ms) <= rules.kp_max
        conditions.append((f"Kp known and at most {rules.kp_max:g}", np.asarray(quiet)))
    return conditions


def _told(selection: Selection, end_ms: Int64, window_ms: int, rules: LabelRules) -> Bool:
    """Whether the catalogue covers the guard of each window: [n]."""
    guard_ms = milliseconds(rules.guard_days)
    begin_ms, until_ms = selection.covered_ms
    return (end_ms - window_ms - guard_ms >= begin_ms) & (end_ms + guard_ms <= until_ms)


def _nearest(origins_ms: Int64, among_ms: Int64) -> Int64:
    """Index in `among_ms` (ascending) of the time nearest to each origin."""
    after = np.searchsorted(among_ms, origins_ms).clip(max=len(among_ms) - 1)
    before = np.maximum(after - 1, 0)
    earlier = np.abs(among_ms[before] - origins_ms) < np.abs(among_ms[after] - origins_ms)
    return np.where(earlier, before, after)


def _between(events: tuple[Earthquake, ...], from_ms: int, to_ms: int) -> tuple[Earthquake, ...]:
    return tuple(event for event in events if from_ms <= event.time_ms <= to_ms)
