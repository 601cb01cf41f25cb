"""Faster recordings: filtered to the model's cadence, the same however records are asked for."""

import logging
from pathlib import Path

import numpy as np
import pytest

from archive.decimation import at_cadence, whole_at_cadence
from archive.lazy_recording import LazyRecording, open_stations
from archive.observatory import read_file
from archive.recording import Recording, joined
from geofield.series.low_pass import low_pass
from tests.data import quiet_day, shared_data

MINUTE_MS = 60_000


def fast(start_ms: int, count: int, cadence_ms: int = 100, seed: int = 1) -> Recording:
    """A synthetic walk of H, D and Z."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 0.01, (3, count)), axis=1)
    elements = {"H": 21_000 + walk[0], "D": 4 + 0.001 * walk[1], "Z": 43_800 + walk[2]}
    return Recording("TST", start_ms, cadence_ms, elements)


def same(one: Recording, other: Recording) -> None:
    assert (one.start_ms, one.cadence_ms, len(one)) == (
        other.start_ms, other.cadence_ms, len(other),
    )  # fmt: skip
    for name, values in one.elements.items():
        np.testing.assert_array_equal(values, other.elements[name])


def test_the_minutes_are_those_that_the_usgs_made_of_the_same_seconds() -> None:
    folder = shared_data() / "iaga2002"
    seconds = read_file(folder / "BOU20180901vsec.sec")
    minutes = read_file(folder / "BOU20180901vmin.min")
    ours = whole_at_cadence(seconds, MINUTE_MS)
    begin = (ours.start_ms - minutes.start_ms) // MINUTE_MS
    for name, values in ours.elements.items():
        theirs = minutes.elements[name][begin : begin + len(values)]
        picked = seconds.elements[name][:: MINUTE_MS // 1000][: len(values)]
        assert np.nanmax(np.abs(values - theirs)) < 0.02  # their rounding is 0.01 nT
        assert np.nanmax(np.abs(picked - theirs)) > 0.2


def test_every_sample_is_the_sum_over_weights_around_it() -> None:
    source = fast(7_300, 3000)
    (slower,) = at_cadence([source], 1000)
    record = joined(list(slower.records(50)))
    chosen = low_pass(100, 1000)
    assert chosen is not None
    assert (record.start_ms, record.end_ms, len(record)) == (8_000, 308_000, 300)
    assert len(slower) == len(record)
    at = 100  # 108 s
    centre = (record.start_ms + at * 1000 - source.start_ms) // 100
    around = slice(centre - chosen.half, centre + chosen.half + 1)
    for name, values in record.elements.items():
        expected = source.elements[name][around] @ chosen.weights
        assert values[at] == pytest.approx(expected, rel=1e-12)
        assert np.isnan(values[0])  # half of its weights lie before the recording
        assert np.isnan(values[-1])


@pytest.mark.parametrize("length", [1, 60, 3600, 100_000])
def test_records_of_any_length_have_the_same_bits(length: int) -> None:
    source = fast(3_500_000, 90_000)
    (slower,) = at_cadence([source], 1000)
    same(joined(list(slower.records(length))), whole_at_cadence(source, 1000))


def test_files_that_follow_each_other_leave_no_gap_at_midnight() -> None:
    source = fast(0, 40_000)
    halves = [source.between(0, 2_000_000), source.between(2_000_000, 4_000_000)]
    (slower,) = at_cadence([LazyRecording(halves)], 1000)
    same(joined(list(slower.records(60))), whole_at_cadence(source, 1000))


def test_a_declination_about_south_does_not_jump() -> None:
    values = fast(0, 3000).elements
    south = (values["D"] - 4 + 180 + 180) % 360 - 180
    source = Recording("TST", 0, 100, {**values, "D": south})
    d_deg = whole_at_cadence(source, 1000).elements["D"]
    apart_deg = (d_deg - 180 + 180) % 360 - 180
    assert np.nanmax(np.abs(apart_deg)) < 0.01


def test_what_is_filtered_is_told_and_others_stay(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        kept = fast(0, 100, 1000)
        assert at_cadence([kept], 1000) == [kept]
        assert not caplog.messages
        at_cadence([fast(0, 3000), fast(600_000, 3000)], 1000)
        at_cadence([kept], MINUTE_MS)
    assert len(caplog.messages) == 2
    assert "TST: one sample every 0.1 s, filtered to one every 1 s by a low-pass" in caplog.text
    assert "every 60 s by INTERMAGNET's Gaussian" in caplog.text


def test_the_minutes_of_a_real_day_have_no_gaps_but_its_first(tmp_path: Path) -> None:
    minutes = whole_at_cadence(quiet_day(), MINUTE_MS)
    assert len(minutes) == 1440
    gaps = {
        name: np.flatnonzero(np.isnan(values)).tolist() for name, values in minutes.elements.items()
    }
    assert gaps["H"] == gaps["E"] == gaps["Z"] == [0]


def test_a_recording_of_no_whole_minute_is_refused() -> None:
    with pytest.raises(ValueError, match="no sample of 60 s is within it"):
        whole_at_cadence(fast(61_000, 40, 1000), MINUTE_MS)


def test_open_stations_are_filtered_while_they_are_read() -> None:
    folder = shared_data() / "1s"
    path = next(folder.glob("HON_1s_20240317*.parquet"))
    (slower, *_) = at_cadence(open_stations([path]), MINUTE_MS)
    record = next(slower.records(60))
    assert record.cadence_ms == MINUTE_MS
    assert np.isfinite(record.elements["H"][1:]).all()
