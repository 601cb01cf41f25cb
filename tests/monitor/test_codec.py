import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.samples import Samples
from monitor.codec import Accepts, RawRecord, Reason, Rejected, decode
from tests.monitor.broken import BROKEN, Broken, changed, vector

NOW_MS = 1_795_000_000_000
ACCEPTS = Accepts(cadence_ms=1000, future_tolerance_ms=300_000, declination_deg={}, strangers=0)


def raw(value: bytes | None, key: bytes | None = b"WIC", timestamp_ms: int = NOW_MS) -> RawRecord:
    return RawRecord("geomag.samples", 0, 0, timestamp_ms, key, value)


def samples(value: bytes, accepts: Accepts = ACCEPTS) -> Samples:
    decoded = decode(raw(value), accepts)
    assert isinstance(decoded, Samples), decoded
    return decoded


def test_a_good_record_is_read() -> None:
    read = samples(changed())
    assert (read.station, read.start_ms, read.cadence_ms) == ("WIC", 1_715_212_800_000, 1000)
    np.testing.assert_array_equal(read.field_nt[1], [21027.4, 16.6, 43859.2])


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.name)
def test_a_broken_record_is_refused_with_its_reason(broken: Broken) -> None:
    decoded = decode(raw(broken.value, broken.key), ACCEPTS)
    assert isinstance(decoded, Rejected)
    assert decoded.reason is broken.reason, decoded.detail
    assert len(decoded.detail) < 300


@pytest.mark.parametrize(
    "start", ["2024-05-09T00:00", "2024-05-09T00:00:00", "2024-05-09T02:00+02:00"]
)
def test_times_without_a_zone_are_utc(start: str) -> None:
    assert samples(changed(startDate=start)).start_ms == 1_715_212_800_000


@pytest.mark.parametrize("cadence", ["PT1S", "pt1s", "PT1.0S", "P0DT1S"])
def test_durations_in_any_case(cadence: str) -> None:
    assert samples(changed(cadence=cadence)).cadence_ms == 1000


def test_other_impf_keys_are_tolerated() -> None:
    more = {"ginCode": "EDI", "latitude": 47.9, "publicationLevel": "1", "comments": ["x"]}
    assert len(samples(changed(**more, geomagneticFieldS=[1.0, 2.0]))) == 2


def test_null_and_fill_values_are_gaps() -> None:
    read = samples(vector([None, 21027.0], [16.5, 99999.0], [43859.0, 88888.0]))
    assert np.isnan(read.field_nt).tolist() == [[True, False, False], [False, True, True]]


@pytest.mark.parametrize("fill", [99999, 99999.0, 99999.9, 88888.0, -99999.0])
def test_no_fill_value_is_left(fill: float) -> None:
    assert np.isnan(samples(vector([fill, 1], [1, 1], [1, 1])).field_nt[0, 0])


def test_xyz_turns_by_the_stations_declination() -> None:
    only = {"geomagneticFieldH": None, "geomagneticFieldE": None}
    value = changed(**only, geomagneticFieldX=[0.0, 0.0], geomagneticFieldY=[100.0, 100.0])
    turned = samples(value, Accepts(1000, 0, {"WIC": 90.0}, 0))
    np.testing.assert_allclose(turned.field_nt[0, :2], [100.0, 0.0], atol=1e-9)


def test_the_future_is_judged_by_the_records_own_time() -> None:
    value = changed()
    newest_ms = 1_715_212_801_000
    at_limit = decode(raw(value, timestamp_ms=newest_ms - 300_000), ACCEPTS)
    beyond = decode(raw(value, timestamp_ms=newest_ms - 300_001), ACCEPTS)
    assert isinstance(at_limit, Samples)
    assert isinstance(beyond, Rejected)
    assert beyond.reason is Reason.FUTURE


@given(st.binary(max_size=200), st.none() | st.binary(max_size=10))
def test_no_bytes_raise(value: bytes, key: bytes | None) -> None:
    assert isinstance(decode(raw(value, key), ACCEPTS), Rejected)
