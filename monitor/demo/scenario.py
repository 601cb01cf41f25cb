"""What the demo plays: a real storm, and a real quiet day with synthetic transients added.

The data are the Conrad Observatory's (WIC, Austria), installed with geomagpy: 9-12 May 2024 with
the G5 storm, and 29 August 2018, a quiet day. No model of this project was trained on that
observatory.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from archive.extras import ExtraMissing
from archive.observatory import read_file
from archive.recording import Recording
from monitor.demo.transients import BURST_HZ, Family, Transient, random_polarization, waveform_nt

STORM, QUIET = "WIC", "WIQ"
CALIBRATION_DAY_MS = (1_715_212_800_000, 1_715_299_200_000)  # 9 May 2024, UTC
AMPLITUDE = 12.0
DAY_S, HOUR_S = 86_400, 3_600
FAMILIES = (Family.OSCILLATION, Family.BURST, Family.OSCILLATION)


@dataclass(frozen=True, slots=True)
class Injection:
    """A synthetic transient and when it is added (milliseconds since 1970 UTC)."""

    transient: Transient
    start_ms: int

    @property
    def end_ms(self) -> int:
        """Time at which it is over."""
        return self.start_ms + round(self.transient.length_s * 1000)


def storm() -> Recording:
    """9-12 May 2024 at WIC, one sample a second."""
    return read_file(_example("example4.cdf")).renamed(STORM)


def quiet_day() -> Recording:
    """29 August 2018 at WIC, one sample a second, under the code WIQ."""
    return read_file(_example("example5.sec")).renamed(QUIET)


def drawn_injections(day_start_ms: int, seed: int) -> list[Injection]:
    """Three transients at random times between 01:00 and 20:00, in the order of the day.

    10-20 minutes long; oscillation, noise burst and an oscillation of another frequency; random
    polarization; 12 times the station's background.
    """
    random = np.random.default_rng(seed)
    third_s = 19 * HOUR_S / len(FAMILIES)
    slow_hz, fast_hz = random.uniform(0.02, 0.035), random.uniform(0.045, 0.08)
    frequencies_hz = (slow_hz, float(np.mean(BURST_HZ)), fast_hz)
    injections = []
    for number, family in enumerate(FAMILIES):
        length_s = round(random.uniform(600, 1200))
        # each has a part of the day to itself, so that one alert never stands for two
        latest_s = third_s - length_s - HOUR_S
        start_s = round(HOUR_S + number * third_s + random.uniform(0, latest_s))
        transient = Transient(
            family,
            frequencies_hz[number],
            length_s,
            random_polarization(random),
            AMPLITUDE,
        )
        injections.append(Injection(transient, day_start_ms + start_s * 1000))
    return injections


def with_injections(
    recording: Recording, injections: list[Injection], scale_nt: tuple[float, float, float]
) -> Recording:
    """Add transients to a recording in H, E, Z; `scale_nt` is the background of each component."""
    elements = {name: values.copy() for name, values in recording.elements.items()}
    cadence_s = recording.cadence_ms / 1000
    for injection in injections:
        random = np.random.default_rng(injection.start_ms // 1000)
        field_nt = waveform_nt(injection.transient, max(scale_nt), cadence_s, random)
        begin = (injection.start_ms - recording.start_ms) // recording.cadence_ms
        for column, name in enumerate("HEZ"):
            elements[name][begin : begin + len(field_nt)] += field_nt[:, column]
    return Recording(recording.station, recording.start_ms, recording.cadence_ms, elements)


def station_positions(recordings: list[Recording]) -> str:
    """The CSV file that the live page takes: all are the Conrad Observatory, under two codes."""
    latitude_deg, longitude_deg = next(
        recording.position_deg for recording in recordings if recording.position_deg
    )
    rows = (f"{one.station},{latitude_deg:.3f},{longitude_deg:.3f}\n" for one in recordings)
    return "code,lat,lon\n" + "".join(rows)


def _example(name: str) -> Path:
    spec = find_spec("magpy")
    if spec is None or spec.origin is None:
        raise ExtraMissing(
            "geomagpy, which brings the data, is missing: pip install 'magwatch[demo]'"
        )
    return Path(spec.origin).parent / "examples" / name
