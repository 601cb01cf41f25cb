"""Data of the demo: a real storm, and a real quiet day with synthetic transients added.

The data are from the Conrad Observatory (WIC, Austria) and are installed with geomagpy: 9-12 May
2024 with the G5 storm, and the quiet day 29 August 2018. No model of this project was trained on
that observatory.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from archive.observatory import read_file
from archive.recording import Recording
from monitor.demo.transients import BURST_HZ, Family, Transient, random_polarization, waveform_nt
from support.extras import ExtraMissing, how_to_install

STORM, QUIET = "WIC", "WIQ"
NAMES = {
    STORM: "Conrad Observatory, Austria: the storm of 9-12 May 2024",
    QUIET: "Conrad Observatory (WIC): the quiet day 29 August 2018 with three synthetic "
    "transients, under a code of its own",
}
CALIBRATION_DAY_MS = (1_715_212_800_000, 1_715_299_200_000)  # 9 May 2024, UTC
AMPLITUDE = 12.0
HOUR_S = 3_600
FAMILIES = (Family.OSCILLATION, Family.BURST, Family.OSCILLATION)


@dataclass(frozen=True, slots=True)
class InjectedTransient:
    """A synthetic transient and its time (milliseconds since 1970 UTC)."""

    transient: Transient
    start_ms: int

    @property
    def end_ms(self) -> int:
        """Time just after it (exclusive)."""
        return self.start_ms + round(self.transient.length_s * 1000)


def storm() -> Recording:
    """Recording of 9-12 May 2024 at WIC, one sample a second."""
    return read_file(_example("example4.cdf")).renamed(STORM)


def quiet_day() -> Recording:
    """Recording of 29 August 2018 at WIC, one sample a second, under the code WIQ."""
    return read_file(_example("example5.sec")).renamed(QUIET)


def drawn_injections(day_start_ms: int, seed: int) -> list[InjectedTransient]:
    """Three transients at random times between 01:00 and 20:00, in the order of the day.

    They are an oscillation, a noise burst and an oscillation of another frequency. Each lasts 10-20
    minutes, has a random polarization and 12 times the station's background.
    """
    random = np.random.default_rng(seed)
    third_s = 19 * HOUR_S / len(FAMILIES)
    slow_hz, fast_hz = random.uniform(0.02, 0.035), random.uniform(0.045, 0.08)
    frequencies_hz = (slow_hz, float(np.mean(BURST_HZ)), fast_hz)
    injections = []
    for number, family in enumerate(FAMILIES):
        length_s = round(random.uniform(600, 1200))
        # each in its own part of the day, so that no alert covers two
        latest_s = third_s - length_s - HOUR_S
        start_s = round(HOUR_S + number * third_s + random.uniform(0, latest_s))
        transient = Transient(
            family,
            frequencies_hz[number],
            length_s,
            random_polarization(random),
            AMPLITUDE,
        )
        injections.append(InjectedTransient(transient, day_start_ms + start_s * 1000))
    return injections


def with_injections(
    recording: Recording, injections: list[InjectedTransient], scale_nt: tuple[float, float, float]
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


def station_list(recordings: list[Recording]) -> str:
    """CSV file of stations for the live page: the Conrad Observatory under two codes."""
    latitude_deg, longitude_deg = next(
        recording.position_deg for recording in recordings if recording.position_deg
    )
    place = f"{latitude_deg:.3f},{longitude_deg:.3f}"
    codes = (recording.station for recording in recordings)
    rows = (f'{code},{place},"{NAMES[code]}"\n' for code in codes)
    return "code,lat,lon,name\n" + "".join(rows)


def _example(name: str) -> Path:
    spec = find_spec("magpy")
    if spec is None or spec.origin is None:
        raise ExtraMissing(
            f"geomagpy, which brings the data, is not installed; {how_to_install('demo')}"
        )
    return Path(spec.origin).parent / "examples" / name
