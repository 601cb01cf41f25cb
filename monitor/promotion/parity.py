"""Comparison of a model in shadow with the model in charge, by their published scores.

The windows compared are those of each station in the span that both models have decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from geofield.alerts.alert import AlertRules, AlertState, Change, ModelRef
from geofield.alerts.life_cycle import follow
from geofield.indices import IndexHistory, IndicesKnown
from geofield.scoring.score import Quality, Score, WindowScore
from geofield.utc import DAY_MS
from monitor.records.scores_and_alerts import ModelFields

LEAST_SHARE = 0.99  # of the windows that the model in charge scored
MOST_BEHIND_MS = 600_000


class Measured(NamedTuple):
    """Score and threshold of a window, in units of the scale."""

    rmse: float
    threshold: float


Windows = dict[int, Measured | None]  # by end, milliseconds since 1970; None: without a score


@dataclass(slots=True)
class Published:
    """The published scores of a model."""

    model: ModelFields
    length_ms: int  # of its windows
    stations: dict[str, Windows] = field(default_factory=dict)

    @property
    def newest_ms(self) -> int:
        """End of the newest window; 0 without windows."""
        return max((max(windows) for windows in self.stations.values()), default=0)

    @property
    def hop_ms(self) -> int:
        """Shortest interval between window ends; 0 if there are no two windows of a station."""
        ends = (pairwise(sorted(windows)) for windows in self.stations.values())
        return min((later - end for pairs in ends for end, later in pairs), default=0)


@dataclass(frozen=True, slots=True)
class ParityFinding:
    """A line of the comparison."""

    what: str
    leading: str
    new: str
    complaint: str | None = None  # empty if all is well, None if the user has to judge


def compare(
    old: Published, new: Published, rules: AlertRules, least_windows: int | None
) -> list[ParityFinding]:
    """The findings on a model to be promoted; `least_windows` None requires a day of windows."""
    stations = sorted(name for name, windows in old.stations.items() if any(windows.values()))
    both = {
        name: _common_span(old.stations[name], new.stations[name])
        for name in stations
        if name in new.stations
    }
    least = least_windows or (DAY_MS // old.hop_ms if old.hop_ms else 1)
    return [
        _stations(stations, new),
        _geometry(old, new),
        _enough(both, least),
        _same_windows(both),
        _behind(old, new),
        _over(both),
        _alerts(both, old, rules),
    ]


_Both = Mapping[str, tuple[Windows, Windows]]


def _common_span(old: Windows, new: Windows) -> tuple[Windows, Windows]:
    begin, end = max(min(old), min(new)), min(max(old), max(new))
    inside = [
        {at_ms: score for at_ms, score in windows.items() if begin <= at_ms <= end}
        for windows in (old, new)
    ]
    return inside[0], inside[1]


def _stations(stations: list[str], new: Published) -> ParityFinding:
    scored = {name for name, windows in new.stations.items() if any(windows.values())}
    missing = [name for name in stations if name not in scored]
    complaint = f"no scores of {', '.join(missing)}" if missing else ""
    if not stations:
        complaint = "the model in charge has scored nothing to compare with"
    return ParityFinding("stations", str(len(stations)), str(len(scored)), complaint)


def _geometry(old: Published, new: Published) -> ParityFinding:
    texts = [
        f"{model.length_ms / 1000:g} s every {model.hop_ms / 1000:g} s" for model in (old, new)
    ]
    return ParityFinding(
        "windows", texts[0], texts[1], "" if texts[0] == texts[1] else "not the same"
    )


def _enough(both: _Both, least: int) -> ParityFinding:
    counts = {name: _scored_by_both(*pair) for name, pair in both.items()}
    fewest = min(counts.values(), default=0)
    at = min(counts, key=counts.__getitem__, default="no station")
    complaint = f"{at} has {fewest:,} of {least:,}" if fewest < least else ""
    return ParityFinding("fewest of a station", "", f"{fewest:,}", complaint)


def _same_windows(both: _Both) -> ParityFinding:
    scored = sum(sum(map(bool, old.values())) for old, _ in both.values())
    shared = sum(_scored_by_both(*pair) for pair in both.values())
    share = shared / scored if scored else 0.0
    complaint = f"{share:.1%} of them, not {LEAST_SHARE:.0%}" if share < LEAST_SHARE else ""
    return ParityFinding("same windows scored", f"{scored:,}", f"{shared:,}", complaint)


def _scored_by_both(old: Windows, new: Windows) -> int:
    return sum(score is not None and new.get(end) is not None for end, score in old.items())


def _behind(old: Published, new: Published) -> ParityFinding:
    late_ms = old.newest_ms - new.newest_ms
    complaint = f"{late_ms / 1000:,.0f} s behind" if late_ms > MOST_BEHIND_MS else ""
    return ParityFinding("newest window", "", f"{max(late_ms, 0) / 1000:,.0f} s older", complaint)


def _over(both: _Both) -> ParityFinding:
    shares = []
    for side in (0, 1):
        windows = (window for pair in both.values() for window in pair[side].values())
        scores = [window for window in windows if window is not None]
        over = sum(score.rmse > score.threshold for score in scores)
        shares.append(f"{over / len(scores):.2%}" if scores else "no score")
    return ParityFinding("over the threshold", shares[0], shares[1])


def _alerts(both: _Both, old: Published, rules: AlertRules) -> ParityFinding:
    counts = [
        sum(_opened(name, pair[side], old, rules) for name, pair in both.items()) for side in (0, 1)
    ]
    return ParityFinding("alerts opened", str(counts[0]), str(counts[1]))


def _opened(station: str, windows: Windows, about: Published, rules: AlertRules) -> int:
    """Number of alerts that these windows open by the alert rule."""
    model = ModelRef(about.model.name, about.model.version, about.model.sha256, "")
    state, opened = AlertState(), 0
    for window in _in_order(station, windows, about.length_ms):
        state, versions = follow(state, window, model, IndexHistory(), rules)
        opened += sum(version.change is Change.OPENED for version in versions)
    return opened


def _in_order(station: str, windows: Windows, length_ms: int) -> Iterable[WindowScore]:
    for end_ms, measured in sorted(windows.items()):
        score = None
        if measured is not None:
            rmse, threshold = measured
            score = Score(rmse, rmse, (0.0, 0.0, 0.0), threshold, 0.0)
        quality = Quality.OK if score else Quality.INSUFFICIENT
        kp = IndicesKnown(None, complete=False)
        yield WindowScore(station, end_ms - length_ms, end_ms, end_ms, quality, 1.0, kp, score)
