"""Divide labelled windows in time into training, validation and test, without leaks."""

from typing import NamedTuple

import numpy as np

from geofield.earthquakes.types import Earthquake
from geofield.types import Bool, Int64
from geofield.utc import DAY_MS
from training.labels.selection import LabelsRefused
from training.labels.types import Labels
from training.recipe.labels import LabelRules, day_ms
from training.recipe.section import RecipeRefused, RecipeTable

_NEITHER = -1


class LeakFound(ValueError):
    """Two sides of a split are not independent; the message names what they share."""


class Split(RecipeTable, frozen=True):
    """Rules of a split in time.

    Attributes
    ----------
    train_until, validation_until
        UTC dates; the side ends at the begin of the day. The test side comes after both.
    embargo_days
        Windows nearer to either date belong to no side; at least ``labels.guard_days``.
    """

    train_until: str
    validation_until: str
    embargo_days: float


class Sides(NamedTuple):
    """Windows of each side, [n] each; windows of neither class belong to no side."""

    train: Bool
    validation: Bool
    test: Bool


def split_problems(rules: Split, labelling: LabelRules) -> list[str]:
    """Problems of the rules, each with its key; empty if there are none."""
    problems = []
    try:
        if day_ms(rules.train_until) >= day_ms(rules.validation_until):
            problems.append("train_until must be before validation_until")
    except ValueError:
        problems.append("train_until and validation_until must be UTC dates such as 2007-01-01")
    if not labelling.guard_days <= rules.embargo_days < 10_000:
        problems.append(
            f"embargo_days is {rules.embargo_days:g} but must be at least labels.guard_days "
            f"({labelling.guard_days:g})"
        )
    return problems


def check_split(rules: Split, labelling: LabelRules) -> None:
    """Check the rules of a split.

    Raises
    ------
    RecipeRefused
        If rules are wrong; the message names every wrong key.
    """
    problems = split_problems(rules, labelling)
    if problems:
        raise RecipeRefused("; ".join(f"split.{problem}" for problem in problems))


def split(labels: Labels, rules: Split) -> Sides:
    """Divide the windows of both classes in time.

    An event or a control block is one observation and is never divided: if one of its windows is
    within the embargo or on another side, it belongs to no side.
    """
    bounds_ms = np.array([day_ms(rules.train_until), day_ms(rules.validation_until)])
    side = np.searchsorted(bounds_ms, labels.end_ms, side="left")
    apart_ms = np.abs(labels.end_ms[:, None] - bounds_ms).min(axis=1)
    side[apart_ms < rules.embargo_days * DAY_MS] = _NEITHER
    labelled = labels.block >= 0
    lowest, highest = _range_of_blocks(labels.block[labelled], side[labelled])
    whole = np.zeros(len(side), dtype=bool)
    whole[labelled] = (lowest == highest)[labels.block[labelled]]
    return Sides(*(whole & (side == number) for number in range(3)))


def check_sides(labels: Labels, sides: Sides) -> None:
    """Check that every side has earthquakes and control blocks.

    Raises
    ------
    LabelsRefused
        If a side lacks either; the message has the counts of each side.
    """
    counts = {name: _observations(labels, mask) for name, mask in sides._asdict().items()}
    if all(events and controls for events, controls in counts.values()):
        return
    told = ", ".join(
        f"{name} {events} earthquakes and {controls} control blocks"
        for name, (events, controls) in counts.items()
    )
    raise LabelsRefused(
        f"the split leaves a side without observations ({told}): move split.train_until and "
        "split.validation_until, or bring more data"
    )


def check_no_leak(labels: Labels, sides: Sides, span_ms: int, embargo_ms: int) -> None:
    """Check that the sides are independent.

    Parameters
    ----------
    labels, sides
        Labels, and their sides.
    span_ms
        Length of a window with the margins of its filter: a score depends on all of it.
    embargo_ms
        Least time between the spans of windows on different sides.

    Raises
    ------
    LeakFound
        If a window, an earthquake or a control block is on two sides, or windows of two sides
        share a sample or are nearer to each other than the embargo.
    """
    side = np.full(len(labels.end_ms), _NEITHER)
    for number, mask in enumerate(sides):
        twice = np.flatnonzero(mask & (side != _NEITHER))
        if len(twice):
            raise LeakFound(
                f"the window that ends {_utc(labels.end_ms[twice[0]])} is in "
                f"{_name(side[twice[0]])} and in {_name(number)}"
            )
        side[mask] = number
    _check_blocks(labels, side)
    _check_distance(labels.end_ms, side, span_ms, embargo_ms)


def named(event: Earthquake) -> str:
    """Description of an earthquake for messages: id, magnitude and time."""
    return f"earthquake {event.event_id} (M {event.magnitude:g}, {_utc(event.time_ms)})"


def _observations(labels: Labels, mask: Bool) -> tuple[int, int]:
    blocks = np.unique(labels.block[mask])
    events = int((blocks < len(labels.events)).sum())
    return events, len(blocks) - events


def _range_of_blocks(block: Int64, side: Int64) -> tuple[Int64, Int64]:
    """Lowest and highest side of the windows of each block number."""
    count = int(block.max(initial=-1)) + 1
    lowest, highest = np.full(count, 3), np.full(count, _NEITHER)
    np.minimum.at(lowest, block, side)
    np.maximum.at(highest, block, side)
    return lowest, highest


def _check_blocks(labels: Labels, side: Int64) -> None:
    taken = side != _NEITHER
    lowest, highest = _range_of_blocks(labels.block[taken], side[taken])
    for block in np.flatnonzero(lowest < highest):
        raise LeakFound(
            f"{_what(labels, int(block))} has windows in {_name(lowest[block])} and in "
            f"{_name(highest[block])}"
        )
    side_of: dict[str, int] = {}
    for event, low, high in zip(labels.events, lowest, highest, strict=False):
        if low <= high and side_of.setdefault(event.event_id, low) != low:
            raise LeakFound(
                f"{named(event)} is in {_name(side_of[event.event_id])} and in {_name(low)}"
            )


def _check_distance(end_ms: Int64, side: Int64, span_ms: int, embargo_ms: int) -> None:
    taken = np.flatnonzero(side != _NEITHER)
    order = taken[np.argsort(end_ms[taken], kind="stable")]
    apart_ms = np.diff(end_ms[order]) - span_ms
    near = np.flatnonzero((np.diff(side[order]) != 0) & (apart_ms < max(embargo_ms, 0)))
    if not len(near):
        return
    earlier, later = order[near[0]], order[near[0] + 1]
    gap_ms = int(apart_ms[near[0]])
    how = "share samples" if gap_ms < 0 else f"are {gap_ms / DAY_MS:.2f} days apart"
    raise LeakFound(
        f"the windows that end {_utc(end_ms[earlier])} ({_name(side[earlier])}) and "
        f"{_utc(end_ms[later])} ({_name(side[later])}) {how}; the embargo is "
        f"{embargo_ms / DAY_MS:g} days"
    )


def _what(labels: Labels, block: int) -> str:
    if block < len(labels.events):
        return named(labels.events[block])
    begin_ms = int(labels.end_ms[labels.block == block].min())
    return f"the control block from {_utc(begin_ms)}"


def _name(side: int) -> str:
    return Sides._fields[side]


def _utc(time_ms: int) -> str:
    return f"{np.datetime64(int(time_ms), 'ms').astype('datetime64[m]')}Z"
