"""Due windows of any stations through the model: what each of them scores, and its trouble.

Windows are looked at by the batch, perhaps on another thread (see `Start`), since numpy and
onnxruntime hold no lock for most of the time. What comes of a window depends on neither.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeAlias

import numpy as np

from geofield.indices import KpHistory
from geofield.profile import StationProfile
from geofield.score import KpKnown, Quality, Reconstruct, Score, WindowScore
from geofield.screen import doubtful
from geofield.trouble import Finding, examine
from geofield.types import Bool, Float64
from geofield.windows import Due, Group, Windows, WindowSpec, cut_out

BATCH = 64  # windows; more are no faster, and the first would wait for the last
AHEAD = 2  # batches under way while one is written down

Owners: TypeAlias = Sequence[tuple[str, StationProfile | None, int]]
"""Station, its profile, and how many of the windows of a batch are its own."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of a batch of windows, in lists of Python's own numbers.

    `errors` are rmse, mae and those of the components; they and `trouble` are of the windows that
    `scored` marks.
    """

    end_ms: list[int]
    sufficient: list[bool]
    completeness: list[float]
    scored: list[bool]
    errors: list[tuple[float, float, list[float]]]
    trouble: list[tuple[Finding, ...]]


Awaited: TypeAlias = Callable[[], Looked]
Start: TypeAlias = Callable[[Awaited], Awaited]
"""Sets work going, now or on another thread, and returns what to call for its result."""


def at_once(work: Awaited) -> Awaited:
    """The `Start` that does it now."""
    result = work()
    return lambda: result


def scored(
    groups: Sequence[Group],
    profiles: Mapping[str, StationProfile],
    reconstruct: Reconstruct,
    spec: WindowSpec,
    history: KpHistory,
    start: Start,
) -> list[WindowScore]:
    """Score windows.

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
    history
        Kp and Dst values so far.
    start
        How the windows are looked at; while it is at one batch the one before is written down.

    Returns
    -------
    One for each window, in order.
    """
    scores: list[WindowScore] = []
    known: dict[int, KpKnown] = {}
    waiting: deque[tuple[Owners, Awaited]] = deque()
    for part in _batches(groups):
        owners = [(station, profiles.get(station), len(due)) for station, due in part]
        due = [one for _, one in part]
        waiting.append((owners, start(partial(_look, due, owners, reconstruct, spec))))
        if len(waiting) > AHEAD:
            scores += _written(*waiting.popleft(), spec, history, known)
    for batch in waiting:
        scores += _written(*batch, spec, history, known)
    return scores


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
    windows = cut_out(due, spec)
    counts = [count for _, _, count in owners]
    scored: Bool = windows.sufficient & np.repeat([bool(one) for _, one, _ in owners], counts)
    scales = np.array([one.scale_nt if one else (np.nan,) * 3 for _, one, _ in owners])
    scale_nt = np.repeat(scales, counts, axis=0)[scored]
    usable = windows if scored.all() else windows[scored]
    errors: list[tuple[float, float, list[float]]] = []
    trouble: list[tuple[Finding, ...]] = []
    if len(usable):
        found = reconstruct(usable.levelled_nt(), scale_nt.astype(np.float32))
        columns = (found.rmse.tolist(), found.mae.tolist(), found.error.tolist())
        errors = list(zip(*columns, strict=True))
        trouble = _trouble(usable, scale_nt, doubtful(due, scales, spec)[scored])
    return Looked(
        windows.end_ms.tolist(),
        windows.sufficient.tolist(),
        windows.completeness.tolist(),
        scored.tolist(),
        errors,
        trouble,
    )


def _trouble(windows: Windows, scale_nt: Float64, doubt: Bool) -> list[tuple[Finding, ...]]:
    """What is wrong with the instrument in each window; without doubt nothing is."""
    found: list[tuple[Finding, ...]] = [()] * len(windows)
    rows = np.flatnonzero(doubt)
    if len(rows):
        looked = examine(windows.field_nt[rows], scale_nt[rows])
        for row, findings in zip(rows.tolist(), looked, strict=True):
            found[row] = findings
    return found


def _written(
    owners: Owners,
    awaited: Awaited,
    spec: WindowSpec,
    history: KpHistory,
    known: dict[int, KpKnown],
) -> list[WindowScore]:
    """What comes of the windows; `known` keeps what all stations' windows of one time share."""
    looked = awaited()
    rows = iter(zip(looked.errors, looked.trouble, strict=True))
    columns = (looked.end_ms, looked.sufficient, looked.completeness, looked.scored)
    facts = zip(*columns, strict=True)
    scores = []
    for station, profile, count in owners:
        for end_ms, enough, completeness, has_score in islice(facts, count):
            start_ms = end_ms - spec.samples * spec.cadence_ms
            decided_ms = end_ms + spec.decision_delay_ms
            if end_ms not in known:
                known[end_ms] = history.between(start_ms, end_ms, decided_ms)
            quality = Quality.CALIBRATING if enough else Quality.INSUFFICIENT
            score: Score | None = None
            findings: tuple[Finding, ...] = ()
            if has_score and profile is not None:
                (rmse, mae, error), findings = next(rows)
                quality, score = Quality.OK, _score(rmse, mae, error, profile)
            scores.append(
                WindowScore(
                    station, start_ms, end_ms, decided_ms, quality, completeness, known[end_ms],
                    score, findings,
                )
            )  # fmt: skip
    return scores


def _score(rmse: float, mae: float, error: list[float], profile: StationProfile) -> Score:
    h, e, z = error
    return Score(rmse, mae, (h, e, z), profile.threshold, profile.return_period_days(rmse))
