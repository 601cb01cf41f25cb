"""The long archive is what it says, and a small one goes through the whole measurement."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from archive.lazy_recording import open_stations
from bench.backfill import measure, rows
from bench.synthetic import ELEMENTS, FIRST_DAY, STATION, synthetic_days, write_archive
from monitor.demo.scenario import quiet_day

DAY_SAMPLES = 86_400


@pytest.fixture(scope="module")
def source():
    return quiet_day()


def test_no_day_is_another_again(source) -> None:
    days = list(synthetic_days(source, 6))
    for name in ELEMENTS:
        departures = np.array([day.elements[name] - np.median(day.elements[name]) for day in days])
        for number, one in enumerate(departures):
            for other in departures[:number]:
                assert np.abs(one - other).max() > 0.05
                assert np.abs(one + other).max() > 0.05


def test_a_seed_gives_the_same_days_again_and_another_seed_others(source) -> None:
    one, again, other = (
        next(synthetic_days(source, 1, seed)).elements["H"].tobytes() for seed in (1, 1, 2)
    )
    assert one == again != other


def test_nothing_jumps_at_midnight(source) -> None:
    days = list(synthetic_days(source, 3))
    for name in ELEMENTS:
        steps_nt = np.abs(np.diff(np.concatenate([day.elements[name] for day in days])))
        midnights = steps_nt[DAY_SAMPLES - 1 :: DAY_SAMPLES]
        assert midnights.max() <= np.quantile(steps_nt, 0.9999)


def test_an_archive_is_a_file_a_month_and_comes_back_as_it_was(source, tmp_path: Path) -> None:
    days = list(synthetic_days(source, 33))
    paths = write_archive(tmp_path, days)
    assert [path.name for path in paths] == [
        f"{STATION}_2023-01.parquet",
        f"{STATION}_2023-02.parquet",
    ]
    (reel,) = open_stations(paths)
    start = datetime.combine(FIRST_DAY, datetime.min.time(), UTC).timestamp()
    assert (reel.station, reel.start_ms, len(reel)) == (STATION, start * 1000, 33 * DAY_SAMPLES)
    for day, read in zip(days, reel.records(DAY_SAMPLES), strict=True):
        for name in ELEMENTS:
            np.testing.assert_allclose(read.elements[name], day.elements[name], rtol=0, atol=1e-9)


def test_a_day_is_scored_and_compared(source, tmp_path: Path) -> None:
    paths = write_archive(tmp_path, synthetic_days(source, 1))
    found = measure(paths, tmp_path, repeats=1, kafka=False)
    score, alone = rows(found, DAY_SAMPLES)
    assert found["score"][0]["windows"] == (DAY_SAMPLES - 640 - 60) // 64 + 1
    assert alone["of onnxruntime"] == 1
    assert float(score["peak, MB"]) > 50
