"""The life of a profile in use: quiet windows are added, and at fixed instants it is fitted anew.

Each station's instants of event time come from the hash of its code, as in online calibration. A
refit holds for the windows that end later. So the profile of a window depends only on the station's
samples, on Kp as known then and on reviews as heard then, not on batches or restarts.

While an alert is open, nothing is learned and nothing is forgotten.
"""

from collections.abc import Sequence
from dataclasses import field, replace
from typing import NamedTuple, TypeAlias

import numpy as np

from geofield.calibration.fit import QuietScores
from geofield.calibration.living.memory import Memory, aged, heard, of_profile, remembered
from geofield.calibration.living.refit import refitted
from geofield.calibration.living.rules import LivingSetting
from geofield.calibration.online.segments import CandidateSegment
from geofield.calibration.profile import StationProfile
from geofield.calibration.reviews import review_from
from geofield.frozen import value
from geofield.indices import IndexHistory

_SHARE = 0.1  # of a period's windows must be quiet for a period of its own
_HELD_PERIODS = 4
_FRESH = 64

Root: TypeAlias = tuple[int | None, int, float]
"""What tells the profile that a life began with: since when it holds, its data, its threshold."""
FreshScore: TypeAlias = tuple[int, float]
"""End of a window, and its score."""


class OwnAlert(NamedTuple):
    """An alert of the station that opened.

    Attributes
    ----------
    end_ms
        End of the window at which it opened, ms since 1970 UTC.
    threshold
        The threshold that it passed.
    alert_id
        Its id; empty in states of earlier versions.
    """

    end_ms: int
    threshold: float
    alert_id: str = ""


@value
class Life:
    """State of a living profile.

    Attributes
    ----------
    root
        The profile that it began with.
    profile
        The profile in use.
    reviewed_ms, review_ms
        Event times of the last refit, and of the next.
    memory
        Quiet data until the last refit.
    stretch
        Scores since, until it is known which of them are quiet.
    fresh
        Ends of the windows after these, ms since 1970 UTC, and their scores.
    opened
        Alerts since, likewise.
    alarmed
        Number of windows since then that lie in or near an alert.
    """

    root: Root
    profile: StationProfile
    reviewed_ms: int
    review_ms: int
    memory: Memory
    stretch: CandidateSegment = field(default_factory=CandidateSegment)
    opened: tuple[OwnAlert, ...] = ()
    alarmed: int = 0
    fresh: tuple[FreshScore, ...] = ()


def root_of(profile: StationProfile) -> Root:
    """What tells a profile from others of its station."""
    return profile.effective_ms, profile.calibrated_to_ms, profile.threshold


def in_use(profile: StationProfile | None, life: Life | None) -> StationProfile | None:
    """The profile in use where `profile` was made: what has become of it, if it lives on."""
    if profile is None or life is None or life.root != root_of(profile):
        return profile
    return life.profile


def begun(profile: StationProfile, station: str, end_ms: int, setting: LivingSetting) -> Life:
    """The life of a profile from the window that ends at `end_ms` on."""
    half_life_ms = setting.living.half_life_ms
    age = max(end_ms - profile.calibrated_to_ms, 0) / half_life_ms
    span = (profile.calibrated_to_ms - profile.calibrated_from_ms) / half_life_ms
    return Life(
        root=root_of(profile),
        profile=profile.without_peaks(),
        reviewed_ms=end_ms,
        review_ms=review_from(station, end_ms, setting.hop_ms, setting.living.period_ms),
        memory=of_profile(profile, age, span),
    )


def refit_due(life: Life, end_ms: int) -> bool:
    """Whether a refit is due before the window that ends at `end_ms`."""
    return end_ms > life.review_ms


def reviewed(
    life: Life, station: str, end_ms: int, setting: LivingSetting, history: IndexHistory
) -> Life:
    """Do the refit that is due before the window that ends at `end_ms`, if one is."""
    if not refit_due(life, end_ms):
        return life
    period_ms, hop_ms = setting.living.period_ms, setting.hop_ms
    next_ms = review_from(station, end_ms, hop_ms, period_ms)
    at_ms = next_ms - period_ms  # the latest instant before the window, also after a silence
    elapsed_ms = at_ms - life.reviewed_ms
    forgotten_ms = max(elapsed_ms - life.alarmed * hop_ms, 0)
    memory = aged(life.memory, forgotten_ms / setting.living.half_life_ms)
    stretch = joined(life, setting).judge(history, at_ms, hop_ms, setting.quiet)
    opened = life.opened
    if np.count_nonzero(stretch.usable()) >= _SHARE * setting.period_windows:
        judged_ms = stretch.first_end_ms + (stretch.judged - 1) * hop_ms
        passed, opened = _told(life, judged_ms, at_ms, stretch, setting, history)
        age = min(at_ms - judged_ms, forgotten_ms) / setting.living.half_life_ms
        scores, asked_days = _scores(stretch, hop_ms), life.profile.asked_days
        thresholds = tuple(alert.threshold for alert in passed)
        names = tuple(alert.alert_id for alert in passed)
        memory = remembered(memory, scores, thresholds, asked_days, setting, age, names)
        stretch = stretch.without_oldest(stretch.judged, hop_ms)
    known = heard(memory, setting.reviews, at_ms)
    profile = refitted(life.profile, known, at_ms, elapsed_ms / period_ms, setting)
    return Life(life.root, profile or life.profile, at_ms, next_ms, memory, stretch, opened)


def observed(
    life: Life,
    fresh: Sequence[FreshScore],
    alarmed: int,
    opened: Sequence[OwnAlert],
    before_ms: Sequence[tuple[int, int]],
    setting: LivingSetting,
) -> Life:
    """Add windows to a life.

    Parameters
    ----------
    fresh
        Windows with a score, without faults and not near an alert.
    alarmed
        Number of the other windows that lie in or near an alert.
    opened
        Alerts that opened.
    before_ms
        Spans of window ends to take out, begin (exclusive) and end (inclusive): those before the
        openings, which were added before the alert was known.
    """
    added = (*life.fresh, *fresh)
    alarmed += life.alarmed
    if not opened and not before_ms and len(added) < _FRESH:
        # most windows of a station come alone: this is a tenth of what the arrays cost
        return Life(
            life.root, life.profile, life.reviewed_ms, life.review_ms, life.memory, life.stretch,
            life.opened, alarmed, added,
        )  # fmt: skip
    stretch = joined(life, setting, added)
    for after_ms, until_ms in before_ms:
        known = stretch.known
        stretch = stretch.without(after_ms, until_ms, setting.hop_ms)
        alarmed += known - stretch.known
    return replace(
        life,
        stretch=stretch,
        opened=(*life.opened, *opened),
        alarmed=alarmed,
        fresh=(),
    )


def joined(
    life: Life, setting: LivingSetting, fresh: Sequence[FreshScore] | None = None
) -> CandidateSegment:
    """The stretch with its fresh scores, or with others."""
    scores = life.fresh if fresh is None else fresh
    end_ms = np.array([end for end, _ in scores], np.int64)
    rmse = np.array([score for _, score in scores], np.float32)
    most = _HELD_PERIODS * setting.period_windows
    return life.stretch.with_windows(end_ms, rmse[:, None], setting.hop_ms, most)


def _scores(stretch: CandidateSegment, hop_ms: int) -> QuietScores:
    quiet = stretch.usable()
    return QuietScores(stretch.end_ms(hop_ms)[quiet], stretch.values[quiet, 0].astype(np.float64))


def _told(
    life: Life,
    judged_ms: int,
    at_ms: int,
    stretch: CandidateSegment,
    setting: LivingSetting,
    history: IndexHistory,
) -> tuple[tuple[OwnAlert, ...], tuple[OwnAlert, ...]]:
    """The alerts that opened in quiet windows, and the alerts not judged yet."""
    passed, later = [], []
    quiet = setting.quiet
    for alert in life.opened:
        if alert.end_ms > judged_ms:
            later.append(alert)
            continue
        kp = history.between(alert.end_ms - quiet.window_ms, alert.end_ms, at_ms)
        unknown = not (kp.complete or kp.exceeds(quiet.max_kp) or stretch.kp_known)
        if unknown or kp.at_most(quiet.max_kp):
            passed.append(alert)
    return tuple(passed), tuple(later)
