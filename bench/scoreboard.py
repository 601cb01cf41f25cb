"""Time of a scoreboard of a year: ``python -m bench.scoreboard``."""

from __future__ import annotations

from time import perf_counter, process_time

import click
import numpy as np

from geofield.earthquakes.rules import EarthquakeRules
from geofield.earthquakes.types import Earthquake, Site
from geofield.scoreboard.alarms import Alarm
from geofield.scoreboard.board import score_board
from geofield.scoreboard.protocol import CONTROLS, ScoredStation, ScoreProtocol, SuccessRule
from geofield.scoreboard.trial import ScoreInputs, near_earthquakes
from geofield.scoreboard.verdict import board_verdict
from geofield.utc import DAY_MS, HOUR_MS, time_ms

START_MS = time_ms("2027-01-01")
HOURS = 365 * 24
ALARMS_EACH = 12


def protocol(stations: int, rng: np.random.Generator) -> ScoreProtocol:
    """Stations anywhere between 60 degrees south and north."""
    rules = EarthquakeRules(radius="fixed", radius_km=1000.0, magnitude_min=5.0)
    places = zip(rng.uniform(-60, 60, stations), rng.uniform(-180, 180, stations), strict=True)
    return ScoreProtocol(
        stations=tuple(
            ScoredStation(Site(f"S{row:02}", float(lat), float(lon)), rules)
            for row, (lat, lon) in enumerate(places)
        ),
        start_ms=START_MS,
        classes=frozenset({"local"}),
        lead_hours=0,
        alarm_hours=168,
        coverage_min=0.5,
        hop_ms=64_000,
        delay_ms=6 * HOUR_MS,
        settle_ms=30 * DAY_MS,
        placebo_gap_hours=24,
        draws=999,
        seed=1,
        success=SuccessRule(300, 0.01, CONTROLS),
    )


def inputs(rules: ScoreProtocol, earthquakes: int, rng: np.random.Generator) -> ScoreInputs:
    """Earthquakes, alarms and controls at random; a tenth of the hours has no data."""
    at_ms = START_MS + np.sort(rng.uniform(0, HOURS * HOUR_MS, earthquakes)).astype(np.int64)
    quakes = [
        Earthquake(
            origin, float(rng.uniform(-60, 60)), float(rng.uniform(-180, 180)), 10.0, 5.5, f"q{n}"
        )
        for n, origin in enumerate(at_ms.tolist())
    ]
    alarms = [
        Alarm(f"{one.site.station}-{hour}", one.site.station, "local", 0, hour * HOUR_MS, hour)
        for one in rules.stations
        for hour in (START_MS // HOUR_MS + rng.integers(0, HOURS, ALARMS_EACH)).tolist()
    ]
    shape = len(rules.stations), rules.before_hours + HOURS
    known = [(START_MS + hour * HOUR_MS, float(rng.uniform(0, 9))) for hour in range(0, HOURS, 3)]
    return ScoreInputs(
        alarms=sorted(alarms, key=lambda alarm: alarm.published_ms),
        earthquakes=quakes,
        near=near_earthquakes(rules, quakes),
        windows=56 * (rng.uniform(size=shape) > 0.1).astype(np.int64),
        kp=known,
        ratios={
            one.site.station: [
                (START_MS + hour * HOUR_MS, float(rng.lognormal())) for hour in range(HOURS)
            ]
            for one in rules.stations
        },
    )


@click.command()
@click.option("--stations", type=click.IntRange(1), default=100, show_default=True)
@click.option("--earthquakes", type=click.IntRange(1), default=5000, show_default=True)
def main(stations: int, earthquakes: int) -> None:
    """Print the seconds that table and verdict of a year take."""
    rng = np.random.default_rng(1)
    rules = protocol(stations, rng)
    made = inputs(rules, earthquakes, rng)
    begun_s, worked_s = perf_counter(), process_time()
    near_earthquakes(rules, made.earthquakes)
    board = score_board(rules, made, HOURS)
    verdict = board_verdict(rules, made, board)
    met = board.together.met
    click.echo(
        f"{perf_counter() - begun_s:.1f} s, {process_time() - worked_s:.1f} s of the processor: "
        f"{stations} stations, {earthquakes:,} earthquakes of "
        f"which {met.events:,} count, {len(board.alarms):,} alarms; {verdict.decision.value}"
    )


if __name__ == "__main__":
    main()
