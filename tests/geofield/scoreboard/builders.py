"""A made-up network: stations, earthquakes beside them, alarms before some of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from geofield.earthquakes.rules import EarthquakeRules
from geofield.earthquakes.types import Earthquake, Site
from geofield.scoreboard.alarms import Alarm, first_full_hour
from geofield.scoreboard.protocol import ScoredStation, ScoreProtocol, SuccessRule
from geofield.scoreboard.trial import ScoreInputs, near_earthquakes
from geofield.utc import DAY_MS, HOUR_MS, time_ms

START_MS = time_ms("2027-01-01")
HOUR = START_MS // HOUR_MS
RULES = EarthquakeRules(radius="fixed", radius_km=300.0, magnitude_min=5.0, aftershock_hours=0.0)


def protocol(stations: int = 4, **changed: object) -> ScoreProtocol:
    """Stations ten degrees apart along the equator, alarms of two days."""
    made = ScoreProtocol(
        stations=tuple(
            ScoredStation(Site(f"S{row:02}", 0.0, 10.0 * row - 100.0), RULES)
            for row in range(stations)
        ),
        start_ms=START_MS,
        classes=frozenset({"local"}),
        lead_hours=0,
        alarm_hours=48,
        coverage_min=0.5,
        hop_ms=HOUR_MS,
        delay_ms=HOUR_MS,
        settle_ms=30 * DAY_MS,
        placebo_gap_hours=24,
        draws=199,
        seed=7,
        success=SuccessRule(min_events=30, p_max=0.05, beat=("random", "placebo")),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def quake(row: int, hour: float, name: str = "", magnitude: float = 5.5) -> Earthquake:
    """An earthquake beside a station, so many hours after the start."""
    at_ms = START_MS + round(hour * HOUR_MS)
    return Earthquake(at_ms, 0.5, 10.0 * row - 100.0, 10.0, magnitude, name or f"q{row}-{hour:g}")


def alarm(row: int, hour: float, name: str = "", claimed: float | None = None) -> Alarm:
    """An alarm that was published so many hours after the start."""
    published_ms = START_MS + round(hour * HOUR_MS)
    event_ms = published_ms if claimed is None else START_MS + round(claimed * HOUR_MS)
    first = first_full_hour(published_ms)
    return Alarm(name or f"a{row}-{hour:g}", f"S{row:02}", "local", event_ms, published_ms, first)


def inputs(
    rules: ScoreProtocol,
    alarms: Sequence[Alarm],
    earthquakes: Sequence[Earthquake],
    hours: int,
    **more: object,
) -> ScoreInputs:
    """Inputs with data in every hour."""
    shape = (len(rules.stations), rules.before_hours + hours)
    given = {"windows": np.ones(shape, np.int64), **more}
    quakes = sorted(earthquakes)
    return ScoreInputs(
        alarms=sorted(alarms, key=lambda one: one.published_ms),
        earthquakes=quakes,
        near=near_earthquakes(rules, quakes),
        **given,  # type: ignore[arg-type]
    )


def year(rules: ScoreProtocol, share: float, seed: int = 1, each: int = 20) -> ScoreInputs:
    """A year of earthquakes: a share of them a day after an alarm, and as many alarms anywhere."""
    rng = np.random.default_rng(seed)
    hours = 365 * 24
    quakes, alarms = [], []
    for row in range(len(rules.stations)):
        for number, at in enumerate(np.sort(rng.uniform(200, hours - 100, each))):
            quakes.append(quake(row, float(at), f"q{row}-{number}"))
            if rng.uniform() < share:
                alarms.append(alarm(row, float(at) - 24.0, f"before-{row}-{number}"))
        anywhere = rng.uniform(0, hours - 100, each // 2)
        alarms += [alarm(row, float(at), f"any-{row}-{at:.1f}") for at in anywhere]
    return inputs(rules, alarms, quakes, hours)
