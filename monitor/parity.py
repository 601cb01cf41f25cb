"""Whether a model beside the one in charge does the same work, by what both have published.

Compared are the windows between each station's first and last that both models have decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from geofield.alert import AlertRules, AlertState, Change, ModelRef, follow
from geofield.indices import KpHistory
from geofield.score import KpKnown, Quality, Score, WindowScore
from monitor.records import ModelFields

LEAST_SHARE = 0.99  # of the windows that the model in charge scored
MOST_BEHIND_MS = 600_000
DAY_MS = 86_400_000


class Measured(NamedTuple):
    """Of a window with a score, in units of the scale."""

    rmse: float
    threshold: float


Windows = dict[int, Measured | None]  # by end, milliseconds since 1970; None: without a score


@dataclass(slots=True)
class Published:
    """What one model has published; `length_ms` is that of its windows."""

    model: ModelFields
    length_ms: int
    stations: dict[str, Windows] = field(default_factory=dict)

    @property
    def newest_ms(self) -> int:
        """End of its newest window."""
        return max((max(windows) for windows in self.stations.values()), default=0)

    @property
    def hop_ms(self) -> int:
        """Distance between its windows, as far as it shows; 0 if it does not."""
        ends = (pairwise(sorted(windows)) for windows in self.stations.values())
        return min((later - end for pairs in ends for end, later in pairs), default=0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing compared; `complaint` is empty where there is none, None where people judge."""

    what: str
    in_charge: str
    new: str
    complaint: str | None = None


def compare(
    old: Published, new: Published, rules: AlertRules, least_windows: int | None
) -> list[Finding]:
    """What a model must show before it is promoted; `least_windows` None asks for a day of them."""
    stations = sorted(name for name, windows in old.stations.items() if any(windows.values()))
    both = {
        name: _stretch(old.stations[name], new.stations[name])
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


def _stretch(old: Windows, new: Windows) -> tuple[Windows, Windows]:
    begin, end = max(min(old), min(new)), min(max(old), max(new))
    inside = [
        {when: one for when, one in windows.items() if begin <= when <= end}
        for windows in (old, new)
    ]
    return inside[0], inside[1]


def _stations(stations: list[str], new: Published) -> Finding:
    scored = {name for name, windows in new.stations.items() if any(windows.values())}
    missing = [name for name in stations if name not in scored]
    complaint = f"no scores of {', '.join(missing)}" if missing else ""
    if not stations:
        complaint = "the model in charge has scored nothing to compare with"
    return Finding("stations", str(len(stations)), str(len(scored)), complaint)


def _geometry(old: Published, new: Published) -> Finding:
    texts = [f"{one.length_ms / 1000:g} s every {one.hop_ms / 1000:g} s" for one in (old, new)]
    return Finding("windows", texts[0], texts[1], "" if texts[0] == texts[1] else "not the same")


def _enough(both: _Both, least: int) -> Finding:
    counts = {name: _scored_by_both(*pair) for name, pair in both.items()}
    fewest = min(counts.values(), default=0)
    at = min(counts, key=counts.__getitem__, default="no station")
    complaint = f"{at} has {fewest:,} of {least:,}" if fewest < least else ""
    return Finding("fewest of a station", "", f"{fewest:,}", complaint)


def _same_windows(both: _Both) -> Finding:
    scored = sum(sum(map(bool, old.values())) for old, _ in both.values())
    shared = sum(_scored_by_both(*pair) for pair in both.values())
    share = shared / scored if scored else 0.0
    complaint = f"{share:.1%} of them, not {LEAST_SHARE:.0%}" if share < LEAST_SHARE else ""
    return Finding("same windows scored", f"{scored:,}", f"{shared:,}", complaint)


def _scored_by_both(old: Windows, new: Windows) -> int:
    return sum(one is not None and new.get(end) is not None for end, one in old.items())


def _behind(old: Published, new: Published) -> Finding:
    late_ms = old.newest_ms - new.newest_ms
    complaint = f"{late_ms / 1000:,.0f} s behind" if late_ms > MOST_BEHIND_MS else ""
    return Finding("newest window", "", f"{max(late_ms, 0) / 1000:,.0f} s older", complaint)


def _over(both: _Both) -> Finding:
    shares = []
    for side in (0, 1):
        scores = [one for pair in both.values() for one in pair[side].values() if one is not None]
        over = sum(one.rmse > one.threshold for one in scores)
        shares.append(f"{over / len(scores):.2%}" if scores else "no score")
    return Finding("over the threshold", shares[0], shares[1])


def _alerts(both: _Both, old: Published, rules: AlertRules) -> Finding:
    counts = [
        sum(_opened(name, pair[side], old, rules) for name, pair in both.items()) for side in (0, 1)
    ]
    return Finding("alerts opened", str(counts[0]), str(counts[1]))


def _opened(station: str, windows: Windows, about: Published, rules: AlertRules) -> int:
    """How many alerts these windows open, by the rule itself."""
    model = ModelRef(about.model.name, about.model.version, about.model.sha256, "")
    state, opened = AlertState(), 0
    for window in _in_order(station, windows, about.length_ms):
        state, versions = follow(state, window, model, KpHistory(), rules)
        opened += sum(one.change is Change.OPENED for one in versions)
    return opened


def _in_order(station: str, windows: Windows, length_ms: int) -> Iterable[WindowScore]:
    for end_ms, one in sorted(windows.items()):
        score = Score(one.rmse, one.rmse, (0.0, 0.0, 0.0), one.threshold, 0.0) if one else None
        quality = Quality.OK if score else Quality.INSUFFICIENT
        kp = KpKnown(None, complete=False)
        yield WindowScore(station, end_ms - length_ms, end_ms, end_ms, quality, 1.0, kp, score)
