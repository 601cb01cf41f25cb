"""The inputs that once failed for people who do this job give what they have a right to expect.

Their kinds, with further variants, are in the other tests of this folder; these are the files
themselves, where they lie beside the checkout.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from archive.observatory import ArchiveRefused, read_file
from archive.recording import Recording
from geofield.types import Float64
from tests.data import shared_data


def read(name: str) -> Recording:
    return read_file(case(name))


def case(name: str) -> Path:
    folder = shared_data().parent / "cases"
    if not folder.is_dir():
        pytest.skip("the cases of the field are not here")
    return next(folder.glob(name.partition("/")[0])) / name.partition("/")[2]


def same(one: Mapping[str, Float64], other: Mapping[str, Float64], names: str) -> None:
    for name in names:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("name", ["silent_nul", "silent_s"])
def test_01_declination_is_in_minutes_beside_any_fourth_column(name: str) -> None:
    control = read("01*/control_f.sec").elements
    same(read(f"01*/{name}.sec").elements, control, "HDZ")
    assert np.nanmedian(control["D"]) == pytest.approx(4.045, abs=0.01)
    assert np.nanmedian(read("01*/small.sec").elements["D"]) == pytest.approx(430.01 / 60)


def test_02_g_is_no_field_and_the_disturbance_is_there() -> None:
    fields_nt = [read(f"02*/{name}.sec").samples(4.0).field_nt for name in ("dhig", "dhif")]
    np.testing.assert_array_equal(*fields_nt)
    assert np.ptp(fields_nt[0][:, 0]) > 70


@pytest.mark.parametrize(
    ("name", "offset_ms"), [("half.sec", 500), ("quarter.sec", 250), ("half.min", 30_000)]
)
def test_03_samples_at_half_intervals_are_complete(name: str, offset_ms: int) -> None:
    recording = read(f"03*/{name}")
    assert recording.offset_ms == offset_ms
    assert not np.isnan(recording.samples(0.0).field_nt).any()


def test_04_of_doubled_times_the_later_in_the_file_counts() -> None:
    corrected = read("04*/corrected.sec")
    same(corrected.elements, read("04*/second.sec").elements, "HEZ")
    assert "1,200 samples at times that the file has already" in corrected.notes[0]


def test_05_a_name_is_a_name() -> None:
    assert [read(f"05*/{name}.sec").station for name in ("day[1]", "day[2]", "day1")] == [
        "TST", "TST", "TSX",
    ]  # fmt: skip


def test_07_degrees_of_arc_are_degrees() -> None:
    control = read("07*/control_deg.cdf")
    same(read("07*/hdzs.cdf").elements, control.elements, "HDZ")
    field_nt = read("07*/difs.cdf").samples(4.0).field_nt
    np.testing.assert_allclose(field_nt, control.samples(4.0).field_nt, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["bom", "latin1", "midnight24", "nofraction", "stars", "threecolumns"]
)
def test_08_one_line_costs_at_most_one_sample(name: str) -> None:
    recording, control = read(f"08*/{name}.sec"), read("08*/control.sec")
    missing = np.isnan(recording.elements["H"])
    assert len(recording) == len(control)
    assert missing.sum() == (name == "stars")
    assert bool(recording.notes) == (name == "stars")
    same(recording.elements, control.elements, "EZ")


def test_08_a_file_that_is_still_being_written_is_refused_with_its_line() -> None:
    with pytest.raises(ArchiveRefused, match=r"truncated\.sec: line 18 is not whole"):
        read("08*/truncated.sec")


def test_15_d_h_and_i_need_no_scalar() -> None:
    assert not np.isnan(read("15*/dhif.sec").samples(4.0).field_nt).any()


@pytest.mark.parametrize("name", ["scalar_10hz", "temperature_2hz"])
def test_17_the_vector_is_read_beside_faster_series(name: str) -> None:
    same(read(f"17*/{name}.cdf").elements, read("17*/control.cdf").elements, "XYZ")


def test_18_a_fill_is_a_gap_in_every_format() -> None:
    for name in ("a.parquet", "b.parquet", "c.parquet", "fill.sec"):
        field_nt = read(f"18*/{name}").samples(0.0).field_nt
        assert np.nanmax(np.abs(field_nt)) < 60_000
        assert np.isnan(field_nt).any(axis=1).sum() <= 20


def test_20_the_date_counts_where_the_day_of_the_year_is_another() -> None:
    assert "the day of the year is not that of the date" in read("20*/new.sec").notes[0]
