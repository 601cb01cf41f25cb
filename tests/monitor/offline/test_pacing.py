import time

import numpy as np
import pytest

from archive.recording import Recording
from monitor.offline.pacing import interleaved, paced
from monitor.records.sample_encoder import encode_samples, iso_duration

START_MS = 1_715_212_800_000


def recording(station: str, seconds: int, begin: int = 0) -> Recording:
    values = {name: np.arange(seconds, dtype=np.float64) for name in "HEZ"}
    return Recording(station, START_MS + begin * 1000, 1000, values)


def test_stations_are_interleaved_by_time() -> None:
    records = list(interleaved([recording("AAA", 300), recording("BBB", 300, 30)], record_s=60))
    ends_ms = [record.end_ms for record in records]
    assert ends_ms == sorted(ends_ms)
    assert {record.station for record in records[:3]} == {"AAA", "BBB"}


def test_a_speed_is_kept() -> None:
    records = list(recording("AAA", 100).records(10))
    began_s = time.monotonic()
    sent = list(paced(records, speed=200.0))
    assert time.monotonic() - began_s == pytest.approx(0.5, abs=0.2)
    assert len(sent) == len(records)


def test_max_does_not_wait() -> None:
    began_s = time.monotonic()
    list(paced(recording("AAA", 86_400).records(60), speed=None))
    assert time.monotonic() - began_s < 5


@pytest.mark.parametrize(
    ("cadence_ms", "text"), [(1000, "PT1S"), (60_000, "PT1M"), (500, "PT0.5S"), (90_000, "PT90S")]
)
def test_cadences_are_iso_durations(cadence_ms: int, text: str) -> None:
    assert iso_duration(cadence_ms) == text


def test_a_gap_is_null() -> None:
    gappy = recording("AAA", 3)
    gappy.elements["E"][1] = np.nan
    assert b'"geomagneticFieldE":[0.0,null,2.0]' in encode_samples(gappy)
