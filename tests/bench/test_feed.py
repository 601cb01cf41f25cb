import numpy as np
import pytest

from bench.feed import Feed, codes
from bench.step import START_MS
from geofield.series.samples import STATION_CODE, Samples
from monitor.records.sample_decoder import Accepts, RawRecord, decode
from monitor.records.sample_encoder import encode_samples

ACCEPTS = Accepts(
    cadence_ms=1000, future_tolerance_ms=0, declination_deg={}, most_unprofiled=10_000
)


@pytest.fixture(scope="module")
def feed() -> Feed:
    return Feed.of(3)


def decoded(key: bytes, value: bytes) -> Samples:
    samples = decode(RawRecord("samples", 0, 0, -1, key, value), ACCEPTS)
    assert isinstance(samples, Samples)
    return samples


def test_codes_are_such_as_the_worker_takes_and_all_different() -> None:
    found = codes(5000)
    assert len(set(found)) == 5000
    assert all(STATION_CODE.fullmatch(code) for code in found)
    assert (found[0], found[999], found[1000]) == ("Q000", "Q999", "R000")


def test_there_is_an_end_to_the_codes() -> None:
    with pytest.raises(ValueError, match="from 1 to 10000"):
        codes(10_001)


def test_records_are_read_by_the_worker_as_they_were_made(feed: Feed) -> None:
    pieces = feed.recordings(samples=100, length=60)
    records = [(one.station.encode(), encode_samples(one)) for one in pieces]
    assert [key for key, _ in records] == [b"Q000", b"Q001", b"Q002"] * 2
    first, last = decoded(*records[1]), decoded(*records[4])
    assert (first.station, first.start_ms, len(first)) == ("Q001", START_MS, 60)
    assert (last.start_ms, len(last)) == (START_MS + 60_000, 40)
    np.testing.assert_array_equal(
        np.concatenate([first.field_nt, last.field_nt]), feed.field_nt(1, 0, 100)
    )


def test_no_two_stations_are_equal_and_midnight_is_no_step(feed: Feed) -> None:
    assert not np.array_equal(feed.field_nt(0, 0, 600), feed.field_nt(1, 0, 600))
    turn = feed.field_nt(0, len(feed.day_nt) - 300, 600)
    assert np.isfinite(turn).all()
    assert np.abs(np.diff(turn, axis=0)).max() < 1.0


def test_a_sample_is_the_same_in_a_record_of_any_length(feed: Feed) -> None:
    whole = feed.field_nt(2, -30, 60)
    ones = np.concatenate([feed.field_nt(2, begin, 1) for begin in range(-30, 30)])
    np.testing.assert_array_equal(whole, ones)
