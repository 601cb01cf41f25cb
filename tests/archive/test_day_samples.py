"""Day files of history: the same values give the same bytes, and are read back bit for bit."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.day_samples import DayKey, DaySamples, from_parquet
from archive.observatory import read_file
from geofield.utc import DAY_MS

DAY = 20_000 * DAY_MS
KEY = DayKey("WIC", DAY, 60_000, "HDZ")
SEED = 7


def values(count: int, seed: int = SEED) -> np.ndarray:
    rng = np.random.default_rng(seed)
    h_nt, d_deg, z_nt = (
        rng.normal(mean, noise, count) for mean, noise in ((21_000, 9), (4, 0.01), (43_000, 9))
    )
    return np.round([h_nt, d_deg, z_nt, np.hypot(h_nt, z_nt)], 3)


def content(day: DaySamples) -> bytes:
    made = day.to_parquet()
    assert made is not None
    return made


def test_a_day_is_read_back_bit_for_bit_by_the_reader_of_archives(tmp_path: Path) -> None:
    day, sent = DaySamples(KEY), values(1440)
    sent[:, 100:200] = np.nan
    day.take(KEY.first, "HDZF", sent)
    path = tmp_path / Path(KEY.path).name
    path.write_bytes(content(day))
    read = read_file(path)
    assert (read.station, read.start_ms, read.cadence_ms) == ("WIC", DAY, 60_000)
    assert list(read.elements) == list("HDZF")
    np.testing.assert_array_equal(list(read.elements.values()), sent)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 10), st.integers(0, 9)), min_size=1))
def test_the_bytes_depend_on_the_values_alone(parts: list[tuple[int, int, int]]) -> None:
    at_once, in_steps = DaySamples(KEY), DaySamples(KEY)
    for begin, count, seed in parts:
        at_once.take(KEY.first + begin, "HDZF", values(count, seed))
        in_steps.take(KEY.first + begin, "HDZF", values(count, seed))
        in_steps = from_parquet(KEY, content(in_steps))
    for begin, count, seed in parts:  # a kill between writing and committing
        in_steps.take(KEY.first + begin, "HDZF", values(count, seed))
    assert content(in_steps) == content(at_once)


def test_a_gap_replaces_nothing_and_a_correction_does() -> None:
    day = DaySamples(KEY)
    day.take(KEY.first, "HDZ", np.array([[1.0, 2, 3]] * 3))
    day.take(KEY.first, "HDZ", np.array([[np.nan, 5.0]] * 3))
    np.testing.assert_array_equal(day.elements["H"][:3], [1, 5, 3])


@pytest.mark.parametrize("place", [0, 700, 1439])
def test_a_single_sample_has_its_cadence(tmp_path: Path, place: int) -> None:
    day = DaySamples(KEY)
    day.take(KEY.first + place, "HDZ", np.array([[21_000.0], [4], [43_000]]))
    path = tmp_path / "one.parquet"
    path.write_bytes(content(day))
    read = read_file(path)
    assert (read.cadence_ms, len(read)) == (60_000, 2)
    assert np.nansum(read.elements["H"]) == 21_000
    assert int(np.isfinite(read.elements["H"]).argmax()) * 60_000 + read.start_ms == (
        DAY + place * 60_000
    )


def test_a_scalar_without_values_is_no_column() -> None:
    with_scalar, without = DaySamples(KEY), DaySamples(KEY)
    with_scalar.take(KEY.first, "HDZF", np.array([[1.0, 2]] * 3 + [[np.nan, np.nan]]))
    without.take(KEY.first, "HDZ", np.array([[1.0, 2]] * 3))
    assert content(with_scalar) == content(without)


def test_nothing_known_is_no_file() -> None:
    day = DaySamples(KEY)
    day.take(KEY.first, "HDZ", np.full((3, 5), np.nan))
    assert day.to_parquet() is None


def test_stamps_beside_the_grid_are_kept(tmp_path: Path) -> None:
    key = DayKey("WIC", DAY, 1000, "XYZ", 500)
    day = DaySamples(key)
    day.take(key.first, "XYZ", values(100)[:3])
    path = tmp_path / Path(key.path).name
    path.write_bytes(content(day))
    read = read_file(path)
    assert (read.start_ms, read.offset_ms) == (DAY, 500)
    assert content(from_parquet(key, content(day))) == content(day)


def test_a_damaged_file_is_named() -> None:
    with pytest.raises(ValueError, match=r"WIC-2024-10-04-60000ms-HDZ\.parquet: not readable"):
        from_parquet(KEY, b"PAR1 and no more PAR1")
