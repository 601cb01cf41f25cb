import gzip
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from archive.observatory import (
    ArchiveRefused,
    read_archive,
    read_file,
    read_stations,
    station_of,
)
from tests.archive.builders import iaga2002
from tests.data import conrad, shared_data


def test_columns_are_read_by_name(tmp_path: Path) -> None:
    rows = [(12.0 + n, 21_000.0, 44_000.0, 48_000.0) for n in range(20)]
    recording = read_file(iaga2002(tmp_path / "a.sec", "EHZF", rows))
    assert (recording.station, recording.cadence_ms, len(recording)) == ("XXX", 1000, 20)
    assert recording.start_ms == 1_706_659_200_000
    assert recording.elements["E"].tolist() == [row[0] for row in rows]
    assert recording.elements["H"].tolist() == [21_000.0] * 20


def test_declination_in_arc_minutes_becomes_degrees(tmp_path: Path) -> None:
    rows = [(21_000.0, 120.0, 44_000.0, 48_000.0)] * 20
    recording = read_file(iaga2002(tmp_path / "a.sec", "HDZF", rows))
    np.testing.assert_allclose(recording.elements["D"], 2.0)


@pytest.mark.parametrize("fill", [99999.00, 88888.00])
def test_fill_values_never_leave_the_archive_as_values(tmp_path: Path, fill: float) -> None:
    rows = [(21_000.0, 12.0, 44_000.0, 48_000.0)] * 20
    rows[7] = (fill, fill, fill, fill)
    recording = read_file(iaga2002(tmp_path / "a.sec", "HEZF", rows))
    field_nt = recording.samples(0.0).field_nt
    assert np.isnan(field_nt[7]).all()
    assert np.nanmax(field_nt) < 50_000


def test_a_missing_second_is_a_gap_not_a_shift(tmp_path: Path) -> None:
    rows = [(21_000.0 + n, 12.0, 44_000.0, 48_000.0) for n in range(20)]
    path = iaga2002(tmp_path / "a.sec", "HEZF", rows)
    lines = [line for line in path.read_text().splitlines() if "00:00:05" not in line]
    path.write_text("\n".join(lines) + "\n")
    recording = read_file(path)
    assert np.isnan(recording.elements["H"][5])
    assert recording.elements["H"][6] == 21_006


def test_the_real_conrad_files_are_what_they_are_known_to_be() -> None:
    quiet, storm = read_file(conrad("example5.sec")), read_file(conrad("example4.cdf"))
    assert (quiet.station, len(quiet), quiet.cadence_ms) == ("WIC", 86_400, 1000)
    assert (storm.station, len(storm), storm.cadence_ms) == ("WIC", 345_600, 1000)
    assert station_of(conrad("example4.cdf")) == station_of(conrad("example5.sec")) == "WIC"
    np.testing.assert_allclose(quiet.samples(0.0).field_nt[0], [21_027.32, 16.56, 43_859.29])
    h_nt = storm.samples(0.0).field_nt[:, 0]
    assert np.nanmax(h_nt) - np.nanmin(h_nt) > 400  # the storm


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("none.sec", None, "no such file"),
        ("text.sec", "not an archive\n", r"no samples found|not readable"),
        ("table.parquet", "not parquet", "not readable as Parquet"),
    ],
)
def test_what_is_no_archive_is_refused_by_name(
    tmp_path: Path, name: str, content: str | None, complaint: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(ArchiveRefused, match=complaint) as refusal:
        read_file(path)
    assert name in str(refusal.value)


def test_files_of_different_stations_are_not_mixed(tmp_path: Path) -> None:
    rows = [(21_000.0, 12.0, 44_000.0, 48_000.0)] * 20
    paths = [iaga2002(tmp_path / f"{code}.sec", "HEZF", rows, code) for code in ("AAA", "BBB")]
    with pytest.raises(ArchiveRefused, match="do not belong together"):
        read_archive(paths)
    assert read_archive(paths, station="ccc").station == "CCC"


def test_the_station_of_a_file_is_told_as_when_all_of_it_is_read(tmp_path: Path) -> None:
    rows = [(21_000.0, 12.0, 44_000.0, 48_000.0)] * 20
    text = iaga2002(tmp_path / "a.sec", "HEZF", rows, "abc").read_bytes()
    packed, nameless = tmp_path / "a.sec.gz", tmp_path / "nameless.sec"
    packed.write_bytes(gzip.compress(text))
    nameless.write_bytes(text.replace(b"IAGA Code              abc", b"IAGA Code                 "))
    for path in (tmp_path / "a.sec", packed, nameless):
        assert station_of(path) == read_file(path).station
    assert station_of(packed) == "ABC"
    packed.write_bytes(gzip.compress(text)[:100])
    with pytest.raises(ArchiveRefused, match=r"a\.sec\.gz"):
        station_of(packed)


def test_parquet_with_scaled_integers_is_read_in_nt_and_degrees() -> None:
    recording = read_file(shared_data() / "SLZ_1min_2013.parquet")
    assert recording.cadence_ms == 60_000
    assert np.nanmedian(recording.elements["H"]) == pytest.approx(26_035, abs=100)
    assert np.nanmedian(recording.elements["D"]) == pytest.approx(-21.0, abs=0.5)


def test_days_far_apart_are_recordings_of_their_own(tmp_path: Path) -> None:
    rows = [(21_000.0, 12.0, 44_000.0, 48_000.0)] * 20
    early = iaga2002(tmp_path / "a.sec", "HEZF", rows)
    late = tmp_path / "b.sec"
    late.write_text(early.read_text().replace("2024-01-31", "2024-03-31"))
    recordings = read_stations([late, early])
    assert [len(recording) for recording in recordings] == [20, 20]
    assert recordings[0].start_ms < recordings[1].start_ms


@pytest.mark.parametrize("station", ["../../zz", "x", "TOOLONG"])
def test_a_station_must_have_an_iaga_code(tmp_path: Path, station: str) -> None:
    rows = [(21_000.0, 12.0, 44_000.0, 48_000.0)] * 20
    path = iaga2002(tmp_path / "a.sec", "HEZF", rows)
    for read in (read_archive, read_stations):
        with pytest.raises(ArchiveRefused, match=r"no IAGA code.*--station"):
            read([path], station)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"time": [None, 1, 2]}, "no time"),
        ({"time": [-2_208_988_800_000, 0, 1000]}, "too far apart"),
        ({"H": ["a", "b", "c"]}, "could not convert|invalid literal"),
        ({"Z": None}, "not one of"),
    ],
)
def test_a_parquet_file_that_is_no_archive_is_refused(
    tmp_path: Path, change: dict[str, list[object] | None], complaint: str
) -> None:
    columns: dict[str, list[object] | None] = {
        "time": [0, 1000, 2000], "H": [1.0, 2.0, 3.0], "E": [1.0, 2.0, 3.0], "Z": [1.0, 2.0, 3.0],
    }  # fmt: skip
    merged = {name: values for name, values in {**columns, **change}.items() if values}
    times = pyarrow.array(merged.pop("time"), pyarrow.timestamp("ms"))
    table = pyarrow.table({"time": times, **merged})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ArchiveRefused, match=complaint):
        read_file(tmp_path / "a.parquet")
