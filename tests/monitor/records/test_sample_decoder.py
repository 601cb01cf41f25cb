import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.series.samples import Samples
from monitor.records.sample_decoder import (
    Accepts,
    NotForUs,
    RawRecord,
    Reason,
    Rejected,
    decode,
)
from monitor.worker.segments import read_batch
from tests.monitor.broken import BROKEN, FIELD, START, Broken, changed, vector

NOW_MS = 1_795_000_000_000
ACCEPTS = Accepts(
    cadence_ms=1000, future_tolerance_ms=300_000, declination_deg={}, most_unprofiled=0
)


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


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (changed(**dict.fromkeys(FIELD), geomagneticFieldS=[49_000.0, 49_000.2]), NotForUs.SCALAR),
        (changed(**dict.fromkeys(FIELD), geomagneticFieldF=[49_000.0]), NotForUs.SCALAR),
        (changed(cadence="PT1M"), NotForUs.CADENCE),
        (changed(cadence="PT0.1S"), NotForUs.CADENCE),
    ],
)
def test_a_record_that_is_not_for_this_model_is_no_fault(value: bytes, reason: NotForUs) -> None:
    ignored = decode(raw(value), ACCEPTS)
    assert isinstance(ignored, Rejected)
    assert ignored.ignored is reason


def hdz(d: list[object], count: int = 60) -> bytes:
    """A record of a station whose declination is as given."""
    return changed(
        geomagneticFieldH=[21_000.0] * count,
        geomagneticFieldE=None,
        geomagneticFieldD=d,
        geomagneticFieldZ=[44_000.0] * count,
    )


@pytest.mark.parametrize(
    ("d", "said"),
    [
        ([242.7 + 0.01 * n for n in range(60)], r"242\.995 minutes of arc can"),
        ([None] * 20 + [243.0] * 40, "243 minutes of arc can"),
        ([99_999.0] + [243.0] * 59, "243 minutes of arc can"),
        ([0.0675] * 60, "60 times as much can"),
    ],
)
def test_a_declination_in_another_unit_is_refused_by_name(d: list[object], said: str) -> None:
    refused = decode(raw(hdz(d)), Accepts(1000, 0, {"WIC": 4.05}, 0))
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.UNITS
    assert re.search(said, refused.detail)


def test_a_storm_may_pass_a_sixtieth_of_the_reference() -> None:
    passing = hdz([0.0675] * 10, 10)
    assert isinstance(decode(raw(passing), Accepts(1000, 0, {"WIC": 4.05}, 0)), Samples)


@pytest.mark.parametrize(
    ("d", "reference_deg"),
    [
        (4.05, 4.05),
        (-355.95, 4.05),  # the same direction
        (9.5, 4.05),  # a storm at high latitude
        (-12.0, -0.584),  # one at College, whose declination is given as variations
        (243.0, -117.0),
        (25.0, 0.0),  # the station has no reference
        (-34.0, -40.0),
    ],
)
def test_a_declination_that_can_be_the_stations_is_taken(d: float, reference_deg: float) -> None:
    accepts = Accepts(1000, 0, {"WIC": reference_deg}, 0)
    assert isinstance(decode(raw(hdz([d] * 60)), accepts), Samples)


@pytest.mark.parametrize("fill", [999_999.0, 100_001.0, -1e31])
def test_one_fill_among_sixty_costs_one_sample(fill: float) -> None:
    h: list[object] = [21_000.0] * 60
    h[30] = fill
    field_nt = samples(vector(h, [1.0] * 60, [44_000.0] * 60)).field_nt
    assert np.flatnonzero(np.isnan(field_nt).any(axis=1)).tolist() == [30]


def test_how_many_values_may_be_beyond_a_limit_is_a_matter_of_each_record() -> None:
    """However records are put together, each becomes what it becomes alone."""
    good, few, many = hdz([4.0] * 200, 200), [4.0] * 200, [4.0] * 200
    few[3] = many[3] = many[7] = many[9] = 400.0
    values = [good, hdz([*few], 200), hdz([*many], 200), good]
    alone = [decode(raw(value), ACCEPTS) for value in values]
    assert [isinstance(one, Samples) for one in alone] == [True, True, False, True]
    starts = ["00:00", "03:20", "06:40", "10:00"]
    records = [
        raw(value.replace(START.encode(), f"2024-05-09T00:{start}Z".encode()))
        for value, start in zip(values, starts, strict=True)
    ]
    together = read_batch(records, ACCEPTS)
    assert [len(segment.records) for segment, _ in together.segments] == [1, 1, 1, 1]
    for (_, one), other in zip(together.segments, alone, strict=True):
        assert isinstance(one, Samples) == isinstance(other, Samples)
        if isinstance(one, Samples) and isinstance(other, Samples):
            np.testing.assert_array_equal(one.field_nt, other.field_nt)


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


def with_scalar(total: list[object], count: int = 60) -> bytes:
    """A record of one vector of 48,754 nT with a scalar as given."""
    return changed(
        geomagneticFieldH=[21_000.0] * count,
        geomagneticFieldE=[10.0] * count,
        geomagneticFieldZ=[44_000.0] * count,
        geomagneticFieldF=total,
    )


@pytest.mark.parametrize(
    ("total", "reason", "said"),
    [
        ([0.2] * 60, Reason.BAD_FIELD, "is it G, the difference of two measured F"),
        ([48.754] * 60, Reason.UNITS, "is F in another unit"),
        ([99_999.0] * 30 + [48.754] * 60, Reason.UNITS, "is F in another unit"),
        ([30_000.0] * 60, Reason.BAD_FIELD, "is one of H, E, Z another element"),
    ],
)
def test_a_scalar_that_contradicts_the_vector_is_refused_by_name(
    total: list[object], reason: Reason, said: str
) -> None:
    refused = decode(raw(with_scalar(total, len(total))), ACCEPTS)
    assert isinstance(refused, Rejected)
    assert refused.reason is reason
    assert said in refused.detail


@pytest.mark.parametrize(
    "total",
    [[48_754.0] * 60, [48_700.0] * 60, [None] * 60, [0.0] * 59, [48_754.0] * 30 + [0.0] * 30],
)
def test_a_good_or_a_faulty_scalar_costs_no_vector(total: list[object]) -> None:
    assert not np.isnan(samples(with_scalar(total, len(total))).field_nt).any()


def test_a_record_whose_declination_moves_by_degrees_is_refused() -> None:
    waves = np.sin(np.arange(3600) / 300)

    def hour(d: np.ndarray) -> bytes:
        return changed(
            geomagneticFieldH=(21_000 + 30 * waves).tolist(),
            geomagneticFieldE=None,
            geomagneticFieldD=d.tolist(),
            geomagneticFieldZ=(44_000 - 10 * waves).tolist(),
        )

    refused = decode(raw(hour(240 + 10 * waves)), ACCEPTS)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.UNITS
    assert "is D in minutes of arc" in refused.detail
    assert len(samples(hour(4 + waves / 6))) == 3600
