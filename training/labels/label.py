"""Labels the windows of a station by a catalogue and the rules of a recipe."""

import numpy as np

from geofield.indices import KpHistory
from geofield.types import Bool, Int64
from training.labels.catalogue import Catalogue
from training.labels.conditions import highest_kp, local_hour
from training.labels.labelling import Labelling, milliseconds, times_ms, windows_step
from training.labels.rules import LabelRules
from training.labels.selection import LabelsRefused, Selection, refuse_if_nothing, select
from training.labels.types import Earthquake, Labels, Site

__all__ = ["Labelling", "LabelsRefused", "label", "prepare"]


def label(
    end_ms: Int64,
    window_ms: int,
    site: Site,
    catalogue: Catalogue,
    rules: LabelRules,
    kp: KpHistory,
    *,
    hop_ms: int | None = None,
    margin_ms: int = 0,
) -> Labels:
    """Label the windows of a station; parameters are those of `prepare`.

    Raises
    ------
    RecipeRefused, LabelsRefused
        As `prepare`, and if no event has a window or no window is non-seismic.
    """
    prepared = prepare(
        end_ms, window_ms, site, catalogue, rules, kp, hop_ms=hop_ms, margin_ms=margin_ms
    )
    return prepared.labels()


def prepare(
    end_ms: Int64,
    window_ms: int,
    site: Site,
    catalogue: Catalogue,
    rules: LabelRules,
    kp: KpHistory,
    *,
    hop_ms: int | None = None,
    margin_ms: int = 0,
) -> Labelling:
    """Do everything about the labels that does not depend on when the events were.

    Parameters
    ----------
    end_ms
        Shape [n]: end of each complete window, ascending. Incomplete ones are not given.
    window_ms
        Length of a window without its filter's margins.
    site, catalogue, rules
        Where, which earthquakes, and what counts.
    kp
        Needed as far as ``rules.kp_max`` is a limit.
    hop_ms
        Distance of windows, for stating days; the median of what is given if left out.
    margin_ms
        What the filter needs on either side of a window. A window whose margins reach into an
        earthquake is never seismic.

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
    """Events whose lead, and earthquakes whose guard, touch the recording."""
    begin_ms, until_ms = int(end_ms[0]) - window_ms, int(end_ms[-1])
    lead_ms, guard_ms = milliseconds(rules.lead_begin_days), milliseconds(rules.guard_days)
    return (
        _between(selection.events, begin_ms, until_ms + lead_ms),
        _between(selection.guards, begin_ms - guard_ms, until_ms + guard_ms),
    )


def _conditions(
    end_ms: Int64, window_ms: int, site: Site, rules: LabelRules, kp: KpHistory
) -> list[tuple[str, Bool]]:
    """Rules on the time of a window: in words, and which windows pass."""
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
    """Windows for which the catalogue holds every earthquake within the guard."""
    guard_ms = milliseconds(rules.guard_days)
    begin_ms, until_ms = selection.covered_ms
    return (end_ms - window_ms - guard_ms >= begin_ms) & (end_ms + guard_ms <= until_ms)


def _nearest(origins_ms: Int64, among_ms: Int64) -> Int64:
    """Position in `among_ms`, ascending, of what is nearest to each origin."""
    after = np.searchsorted(among_ms, origins_ms).clip(max=len(among_ms) - 1)
    before = np.maximum(after - 1, 0)
    sooner = np.abs(among_ms[before] - origins_ms) < np.abs(among_ms[after] - origins_ms)
    return np.where(sooner, before, after)


def _between(events: tuple[Earthquake, ...], from_ms: int, to_ms: int) -> tuple[Earthquake, ...]:
    return tuple(one for one in events if from_ms <= one.time_ms <= to_ms)
