"""Due windows of any stations through the model: what each of them scores, and its trouble.

The model may be at work on the next batch, elsewhere, while the last one is looked at here: see
`Reconstruct`. What comes of a window depends on neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from geofield.indices import KpHistory
from geofield.profile import StationProfile
from geofield.score import Errors, KpKnown, Quality, Reconstruct, Score, WindowScore
from geofield.trouble import Finding, examine
from geofield.types import Bool, Float64
from geofield.windows import Group, Windows, WindowSpec, cut_out

BATCH = 64  # windows; more are no faster, and fewer are sooner out of the processor's cache


@dataclass(frozen=True, slots=True)
class _Batch:
    """Windows, whose they are, and the errors of those that have a score.

    `owners` are station, profile, and how many windows; `usable` are the windows `scored` marks.
    """

    owners: Sequence[tuple[str, StationProfile | None, int]]
    windows: Windows
    scored: Bool
    usable: Windows
    scale_nt: Float64
    errors: Errors | None


def scored(
    groups: Sequence[Group],
    profiles: Mapping[str, StationProfile],
    reconstruct: Reconstruct,
    spec: WindowSpec,
    history: KpHistory,
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

    Returns
    -------
    One for each window, in order.
    """
    scores: list[WindowScore] = []
    known: dict[int, KpKnown] = {}
    before: _Batch | None = None
    for part in _batches(groups):
        batch = _begun(part, profiles, reconstruct, spec)
        if before is not None:
            scores += _finished(before, spec, history, known)
        before = batch
    return scores if before is None else scores + _finished(before, spec, history, known)


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


def _begun(
    groups: Sequence[Group],
    profiles: Mapping[str, StationProfile],
    reconstruct: Reconstruct,
    spec: WindowSpec,
) -> _Batch:
    """Cut out the windows and set the model to work."""
    windows = cut_out([due for _, due in groups], spec)
    owners = [(station, profiles.get(station), len(group)) for station, group in groups]
    counts = [count for _, _, count in owners]
    scored: Bool = windows.sufficient & np.repeat([bool(one) for _, one, _ in owners], counts)
    scales = [profile.scale_nt if profile else (np.nan,) * 3 for _, profile, _ in owners]
    scale_nt = np.repeat(np.array(scales), counts, axis=0)[scored]
    usable = windows if scored.all() else windows[scored]
    errors = None
    if len(usable):
        errors = reconstruct(usable.levelled_nt(), scale_nt.astype(np.float32))
    return _Batch(owners, windows, scored, usable, scale_nt, errors)


def _finished(
    batch: _Batch, spec: WindowSpec, history: KpHistory, known: dict[int, KpKnown]
) -> list[WindowScore]:
    """What comes of the windows; `known` keeps what all stations' windows of one time share."""
    trouble = examine(batch.usable.field_nt, batch.scale_nt)
    rows = iter(zip(_numbers(batch.errors), trouble, strict=True))
    windows = batch.windows
    ends_ms, sufficient = windows.end_ms.tolist(), windows.sufficient.tolist()
    facts = zip(ends_ms, sufficient, windows.completeness.tolist(), batch.scored, strict=True)
    scores = []
    for station, profile, count in batch.owners:
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


def _numbers(errors: Errors | None) -> list[tuple[float, float, list[float]]]:
    """Rmse, mae and error of each window; waits for the model."""
    if errors is None:
        return []
    return list(zip(errors.rmse.tolist(), errors.mae.tolist(), errors.error.tolist(), strict=True))


def _score(rmse: float, mae: float, error: list[float], profile: StationProfile) -> Score:
    h, e, z = error
    return Score(rmse, mae, (h, e, z), profile.threshold, profile.return_period_days(rmse))
