"""Earthquakes as a catalogue knew them at some time, and when an earthquake is settled.

::

    origin        first known     revisions      settled            later revisions
    --*---------------|------|--------|-------------|-------------------|--------> time
      |<------------- settle time ----------------->|  change nothing
"""

from collections.abc import Iterable
from dataclasses import dataclass

from geofield.earthquakes.types import Earthquake


@dataclass(frozen=True, slots=True)
class EarthquakeRevision:
    """What a catalogue said of an earthquake from some time on.

    Attributes
    ----------
    ids
        All ids of the earthquake; the preferred one may change.
    known_ms, updated_ms
        When it became known here; when the catalogue made it. Milliseconds since 1970 UTC.
    earthquake
        Its values; None if the catalogue deleted it, or it is no earthquake, or has no magnitude.
    """

    ids: tuple[str, ...]
    known_ms: int
    updated_ms: int
    earthquake: Earthquake | None


@dataclass(slots=True)
class _Event:
    """An event on the way: its last revision, and when it is settled."""

    revision: EarthquakeRevision
    settled_ms: int
    same_as: int | None = None  # number of the event that it turned out to be


def settled_earthquakes(
    revisions: Iterable[EarthquakeRevision], settle_ms: int, at_ms: int
) -> list[Earthquake]:
    """Earthquakes that are settled at a time, in order of origin time.

    An event is settled `settle_ms` after its first known origin time. The newest revision known by
    then counts, and none that comes later: neither the present table nor any later one can be
    changed by it. Revisions are of one event if they share an id.

    Parameters
    ----------
    revisions
        Revisions in any order.
    settle_ms
        Time from an origin until its event is settled.
    at_ms
        Time at which to ask; revisions known later are not used.
    """
    events: list[_Event] = []
    owner: dict[str, int] = {}
    for revision in sorted(revisions, key=lambda one: (one.known_ms, one.updated_ms, one.ids)):
        if revision.known_ms > at_ms:
            break
        same = sorted({_root(events, owner[one]) for one in revision.ids if one in owner})
        number = _take(events, same, revision, settle_ms)
        if number is not None:
            for one in revision.ids:
                owner.setdefault(one, number)
    quakes = [
        event.revision.earthquake
        for event in events
        if event.same_as is None and event.settled_ms <= at_ms and event.revision.earthquake
    ]
    return sorted(quakes, key=lambda quake: (quake.time_ms, quake.event_id))


def _take(
    events: list[_Event], same: list[int], revision: EarthquakeRevision, settle_ms: int
) -> int | None:
    """Apply a revision to the events with its ids; the number of its event, None if there is none.

    If it joins several events, the one that was settled, else the first, is the event.
    """
    if not same:
        if revision.earthquake is None:
            return None
        settled_ms = revision.earthquake.time_ms + settle_ms
        if revision.known_ms > settled_ms:
            return None  # it became known too late
        events.append(_Event(revision, settled_ms))
        return len(events) - 1
    settled = [number for number in same if revision.known_ms > events[number].settled_ms]
    kept = (settled or same)[0]
    if not settled and revision.updated_ms >= events[kept].revision.updated_ms:
        events[kept].revision = revision
    for number in same:
        if number != kept and number not in settled:
            events[number].same_as = kept
    return kept


def _root(events: list[_Event], number: int) -> int:
    while (same_as := events[number].same_as) is not None:
        number = same_as
    return number
