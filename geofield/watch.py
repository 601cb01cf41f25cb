"""Due windows of any stations through the model: what each of them scores, and its trouble.

Windows are looked at by the batch, perhaps on another thread (see `Start`), since numpy and
onnxruntime hold no lock for most of the time. What comes of a window depends on neither.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, repeat
from typing import TypeAlias, TypeVar

import numpy as np

from geofield.indices import KpHistory
from geofield.profile import StationProfile, return_periods_days
from geofield.score import Errors, KpKnown, Quality, Reconstruct, Score, WindowScore
from geofield.screen import doubtful
from geofield.trouble import Finding, examine
from geofield.types import Bool, Int64
from geofield.windows import Due, Group, WindowSpec, cut_out, side_by_side

# Windows looked at together. The model is hardly faster with more than 64, but the rest of a look
# is some fifty calls that let go of the interpreter's lock, and each may have to wait for it.
BATCH = 640

_NO_SCALE_NT = (np.nan, np.nan, np.nan)
Entry = TypeVar("Entry")
Owners: TypeAlias = Sequence[tuple[str, StationProfile | None, int]]
"""Station, its profile, and how many of the windows of a batch are its own."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of a batch of windows, one of each for each of them."""

    end_ms: list[int]
    sufficient: list[bool]
    completeness: list[float]
    scores: list[Score | None]
    trouble: list[tuple[Finding, ...]]


Awaited: TypeAlias = Callable[[], Looked]
Start: TypeAlias = Callable[[Awaited], Awaited]
"""Sets work going, now or on another thread, and returns what to call for its result."""
Look: TypeAlias = tuple[Owners, Awaited]
"""Windows that are being looked at."""


def at_once(work: Awaited) -> Awaited:
    """The `Start` that does it now."""
    result = work()
    return lambda: result


def looked_at(
    groups: Sequence[Group],
    profiles: Mapping[str, StationProfile],
    reconstruct: Reconstruct,
    spec: WindowSpec,
    start: Start,
) -> list[Look]:
    """Have windows looked at.

    Parameters
    ----------
    groups
        Windows of any stations.
    profiles
        By station; windows of a station without one are `calibrating`.
    reconstruct
        The model.
    spec
        What a window is.
    start
        How batches of windows are looked at.

    Returns
    -------
    What `written` makes scores of.
    """
    looks: list[Look] = []
    for part in _batches(groups):
        owners = [(station, profiles.get(station), len(due)) for station, due in part]
        due = [one for _, one in part]
        looks.append((owners, start(partial(_look, due, owners, reconstruct, spec))))
    return looks


def written(looks: Sequence[Look], spec: WindowSpec, history: KpHistory) -> Iterator[WindowScore]:
    """A score of each window, in order, with the Kp and Dst of its time."""
    moments = _Moments(spec, history)
    for owners, awaited in looks:
        yield from _written(owners, awaited(), moments)


def _batches(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """The windows in order, so many at once."""
    part: list[Group] = []
    room = BATCH
    for station, due in groups:
        begin = 0
        while begin < len(due):
            few = due[begin : begin + room]
            part.append((station, few))
            begin, room = begin + len(few), room - len(few)
            if not room:
                yield part
                part, room = [], BATCH
    if part:
        yield part


def _look(due: Sequence[Due], owners: Owners, reconstruct: Reconstruct, spec: WindowSpec) -> Looked:
    """Cut windows out, examine them, and let the model score those that can have a score."""
    series = side_by_side(due, spec)
    windows = cut_out(series, spec)
    counts = [count for _, _, count in owners]
    scales = np.array([one.scale_nt if one else _NO_SCALE_NT for _, one, _ in owners])
    scored: Bool = windows.sufficient & np.repeat([bool(one) for _, one, _ in owners], counts)
    scores: list[Score | None] = [None] * len(windows)
    trouble: list[tuple[Finding, ...]] = [()] * len(windows)
    if scored.any():
        rows = np.flatnonzero(scored)
        usable = windows if scored.all() else windows[rows]
        scale_nt = np.repeat(scales, counts, axis=0)
        errors = reconstruct(usable.levelled_nt(), scale_nt[rows].astype(np.float32))
        _enter(scores, rows, _scores(errors, _of_each(owners, scored)))
        if len(rows := np.flatnonzero(scored & doubtful(series, scales, spec))):
            _enter(trouble, rows, examine(windows.field_nt[rows], scale_nt[rows]))
    return Looked(
        windows.end_ms.tolist(),
        windows.sufficient.tolist(),
        windows.completeness.tolist(),
        scores,
        trouble,
    )


def _of_each(owners: Owners, scored: Bool) -> list[StationProfile]:
    """The profile of each of the windows that are scored."""
    profiles = (profile for _, one, count in owners for profile in repeat(one, count))
    return [
        one for one, has_score in zip(profiles, scored.tolist(), strict=True) if has_score and one
    ]


def _scores(errors: Errors, profiles: Sequence[StationProfile]) -> list[Score | None]:
    days = return_periods_days(profiles, errors.rmse.astype(np.float64))
    columns = (errors.rmse, errors.mae, errors.error, days)
    rows = zip(*(column.tolist() for column in columns), profiles, strict=True)
    return [
        Score(rmse, mae, (h, e, z), profile.threshold, once_in_days)
        for rmse, mae, (h, e, z), once_in_days, profile in rows
    ]


def _enter(column: list[Entry], rows: Int64, values: Sequence[Entry]) -> None:
    """Put values into their rows."""
    if len(values) == len(column):
        column[:] = values
        return
    for row, value in zip(rows.tolist(), values, strict=True):
        column[row] = value


@dataclass(frozen=True, slots=True)
class _Moments:
    """What all stations' windows of one time share: when they begin, are due, and the indices."""

    spec: WindowSpec
    history: KpHistory
    known: dict[int, tuple[int, int, KpKnown]] = field(default_factory=dict)

    def of(self, end_ms: int) -> tuple[int, int, KpKnown]:
        """Of windows that end then."""
        if end_ms not in self.known:
            start_ms = end_ms - self.spec.samples * self.spec.cadence_ms
            decided_ms = end_ms + self.spec.decision_delay_ms
            kp = self.history.between(start_ms, end_ms, decided_ms)
            self.known[end_ms] = start_ms, decided_ms, kp
        return self.known[end_ms]


def _written(owners: Owners, looked: Looked, moments: _Moments) -> Iterator[WindowScore]:
    """What comes of the windows."""
    columns = (looked.end_ms, looked.sufficient, looked.completeness, looked.scores, looked.trouble)
    rows = zip(*columns, strict=True)
    for station, _, count in owners:
        for end_ms, enough, completeness, score, trouble in islice(rows, count):
            start_ms, decided_ms, kp = moments.of(end_ms)
            quality = Quality.OK
            if score is None:
                quality = Quality.CALIBRATING if enough else Quality.INSUFFICIENT
            yield WindowScore(
                station, start_ms, end_ms, decided_ms, quality, completeness, kp, score, trouble
            )
