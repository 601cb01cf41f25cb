import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.recording import Recording, joined
from geofield.series.orientation import ORIENTATIONS, OrientationError
from support.spans import Span
from tests.geofield.series.test_orientation import DECLINATION_DEG, REPORTS

START_MS = 1_715_212_800_000


def recording(length: int, begin: int = 0, station: str = "WIC", offset: float = 0.0) -> Recording:
    ramp = np.arange(begin, begin + length, dtype=np.float64) + offset
    elements = {"H": 21_000 + ramp, "E": ramp, "Z": 44_000 - ramp}
    return Recording(station, START_MS + begin * 1000, 1000, elements)


@given(st.integers(1, 400), st.integers(0, 200), st.integers(1, 90))
def test_records_put_together_are_the_recording(length: int, begin: int, size: int) -> None:
    whole = recording(length, begin)
    pieces = list(whole.records(size))
    assert all(len(piece) <= size for piece in pieces)
    assert all(piece.start_ms % (size * 1000) == 0 for piece in pieces[1:])
    again = joined(pieces)
    assert again.start_ms == whole.start_ms
    np.testing.assert_array_equal(again.elements["H"], whole.elements["H"])


def test_files_in_any_order_with_a_gap_are_joined_on_one_grid() -> None:
    whole = joined([recording(10, 30), recording(10)])
    assert len(whole) == 40
    assert np.isnan(whole.elements["Z"][10:30]).all()
    assert whole.elements["E"][35] == 35


def test_where_files_overlap_the_later_one_counts_but_a_gap_replaces_nothing() -> None:
    late = recording(10, 5, offset=0.5)
    late.elements["H"][0] = np.nan
    whole = joined([recording(10), late])
    assert whole.elements["H"][5] == 21_005
    assert whole.elements["H"][6] == 21_006.5


@pytest.mark.parametrize(
    "other",
    [
        recording(5, station="HON"),
        Recording("WIC", START_MS, 60_000, recording(5).elements),
        Recording("WIC", START_MS + 500, 1000, recording(5).elements),
        Recording("WIC", START_MS, 1000, {"X": np.ones(5), "Y": np.ones(5), "Z": np.ones(5)}),
    ],
)
def test_what_does_not_belong_together_is_not_joined(other: Recording) -> None:
    with pytest.raises(ValueError, match=r"belong together|one grid"):
        joined([recording(5), other])


@given(st.integers(-50, 150), st.integers(-50, 150))
def test_a_part_holds_exactly_the_samples_of_its_time(begin: int, end: int) -> None:
    part = recording(100).between(START_MS + begin * 1000, START_MS + end * 1000)
    expected = [n for n in range(100) if begin <= n < end]
    assert part.elements["E"].tolist() == expected


@given(st.integers(-50, 150), st.integers(1, 90), st.integers(-999, 0))
def test_what_is_left_out_is_missing_and_nothing_else(begin: int, length: int, late: int) -> None:
    whole = recording(100)
    span = Span(START_MS + begin * 1000 + late, START_MS + (begin + length) * 1000 + late)
    missing = np.isnan(whole.without([span]).elements["E"])
    assert np.flatnonzero(missing).tolist() == [
        n for n in range(100) if begin <= n < begin + length
    ]
    assert not np.isnan(whole.elements["E"]).any()


def test_a_span_without_a_known_sample_is_not_held() -> None:
    whole = recording(100)
    minute = Span(START_MS + 10_000, START_MS + 20_000)
    assert whole.holds(minute)
    assert not whole.without([minute]).holds(minute)
    assert not whole.holds(Span(START_MS + 10_200, START_MS + 10_800))
    assert not whole.holds(Span(START_MS - 5_000, START_MS))


def test_the_reference_declination_turns_the_mean_field_north() -> None:
    x, y = np.full(50, 20_000.0), np.full(50, 1500.0)
    x[3] = 99_999.0
    xyz = Recording("HON", START_MS, 1000, {"X": x, "Y": y, "Z": np.ones(50)})
    declination_deg = xyz.reference_declination_deg()
    assert declination_deg == pytest.approx(np.degrees(np.arctan2(1500, 20_000)))
    assert abs(np.nanmean(xyz.samples(declination_deg).field_nt[:, 1])) < 1e-6


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_orientation_has_its_reference_declination(orientation: str) -> None:
    elements = REPORTS[orientation](np.full((50, 3), [21_000.0, 0.0, 44_000.0]))
    found = Recording("WIC", START_MS, 1000, elements)
    expected = 0.0 if orientation == "HEZ" else DECLINATION_DEG
    assert found.reference_declination_deg() == pytest.approx(expected)


def test_elements_without_values_have_no_declination() -> None:
    filled = np.full(5, 99_999.0)
    hdz = Recording("BOU", START_MS, 1000, {"H": filled, "D": filled, "Z": filled})
    with pytest.raises(OrientationError, match="D has no values"):
        hdz.reference_declination_deg()
