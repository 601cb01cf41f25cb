"""Tables that users made themselves: CSV and Parquet, with what they have to say of them."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from archive.lazy_recording import open_stations
from archive.observatory import ArchiveRefused, read_archive, read_file
from archive.tables import Stated

START_MS = 1_535_511_600_000
HEAD = "time,H,D,Z"
MINUTES = Stated({"D": "arcmin"})


def rows(count: int = 5, form: str = "2018-08-29T03:00:{:02d}Z,21027.3,243.0,43859.3") -> list[str]:
    return [form.format(n) for n in range(count)]


def table(path: Path, text: str, head: str = HEAD) -> Path:
    path.write_text(f"{head}\n{text}")
    return path


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (HEAD, "2018-08-29T03:00:{:02d}Z,21027.3,243.0,43859.3"),
        ("Time; h ;d;z", "2018-08-29 03:00:{:02d};21027.3;243.0;43859.3"),
        ("note\td\ttime\tz\th", "x\t243.0\t2018-08-29T03:00:{:02d}.000+00:00\t43859.3\t21027.3"),
        ('"time","H","D","Z"', '"2018-08-29T03:00:{:02d}.000000","21027.3","243.0","43859.3"'),
        ("\ufefftime,H,D,Z", "2018-08-29T03:00:{:02d}Z, 21027.3 , 2.43e2,+43859.3"),
    ],
)
def test_a_csv_is_read_by_the_names_of_its_columns(head: str, form: str, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "\n".join(rows(form=form)), head)
    recording = read_archive([path], "tst", MINUTES)
    assert (recording.station, recording.start_ms, len(recording)) == ("TST", START_MS, 5)
    assert recording.elements["D"].tolist() == [243.0 / 60] * 5
    assert recording.elements["H"].tolist() == [21_027.3] * 5


@pytest.mark.parametrize("gap", ["", "NaN", "null", "NA", "99999", "88888.0", "999999.0", "inf"])
def test_gaps_of_a_csv_are_those_of_every_format(gap: str, tmp_path: Path) -> None:
    lines = rows()
    lines[2] = lines[2].replace("21027.3", gap)
    recording = read_file(table(tmp_path / "a.csv", "\n".join(lines)), MINUTES)
    assert np.flatnonzero(np.isnan(recording.elements["H"])).tolist() == [2]


@pytest.mark.parametrize(
    ("head", "line", "said"),
    [
        ("t,H,D,Z", "", "a table of samples needs a column `time`|neither"),
        ("time,H,D,D", "", "two columns of D"),
        ("time,H,D,F", "", "elements DFH are not one of"),
        (HEAD, "2018-08-29T03:00:07Z,1.0,2.0", "line 7: 3 columns, where the first line has 4"),
        (HEAD, "2018-08-29T03:00:07Z,1.0,2.0,x", "line 7: 'x' is no number"),
        (HEAD, "2018-08-29T03:00:07Z,1_0,2.0,1", "line 7: '1_0' is no number"),
        (HEAD, "29.08.2018 03:00:07,1.0,2.0,1", "line 7: '29.08.2018 03:00:07' in column time"),
        (HEAD, "2018-13-29T03:00:07Z,1.0,2.0,1", "line 7: '2018-13-29T03:00:07Z' in column time"),
        (HEAD, "2018-08-29T03:00:07+02:00,1.0,2.0,1", "is no time like"),
        (HEAD, "1535511600,1.0,2.0,1", "is no time like"),
    ],
)
def test_what_is_wrong_in_a_csv_is_named(head: str, line: str, said: str, tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "\n".join([*rows(), line]), head)
    with pytest.raises(ArchiveRefused, match=rf"a\.csv: .*(?:{said})"):
        read_file(path, MINUTES)


def parquet(path: Path, names: str = "HDZ", **columns: list[float]) -> Path:
    stamps = pyarrow.array([START_MS + 1000 * n for n in range(5)], pyarrow.timestamp("ms"))
    values = {name: columns.get(name, [20_000.0] * 5) for name in names}
    pyarrow.parquet.write_table(pyarrow.table({"time": stamps, **values}), path)
    return path


def test_the_unit_of_an_angle_has_to_be_stated(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", D=[243.0] * 5)
    for read in (read_file, lambda path: open_stations([path], "TST")):
        with pytest.raises(ArchiveRefused, match=r"unit of D is not stated: give --units D=deg or"):
            read(path)
    assert read_file(path, MINUTES).elements["D"].tolist() == [243.0 / 60] * 5
    (reel,) = open_stations([path], "TST", MINUTES)
    (record,) = reel.records(100)
    assert record.elements["D"].tolist() == [243.0 / 60] * 5


def test_an_orientation_is_chosen_of_more_columns(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", "XYZHDF", D=[4.0] * 5)
    with pytest.raises(ArchiveRefused, match="elements DFHXYZ are not one of"):
        read_file(path, Stated({"D": "deg"}))
    assert list(read_file(path, Stated(orientation="XYZ")).elements) == ["X", "Y", "Z"]
    with pytest.raises(ArchiveRefused, match="DIF needs a column I"):
        read_file(path, Stated({"D": "deg"}, "DIF"))


@pytest.mark.parametrize(
    ("units", "orientation", "said"),
    [
        ({"Q": "nT"}, None, "'Q' is none of the elements"),
        ({"D": "nT"}, None, "element D is in 'nT'"),
        ({"H": "deg"}, None, "element H is in 'deg'"),
        ({}, "UVW", "'UVW' is none of XYZ"),
    ],
)
def test_what_cannot_be_stated_is_refused(
    units: dict[str, str], orientation: str | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Stated(units, orientation)


@pytest.mark.parametrize("station", [None, "nowhere"])
def test_a_station_that_no_one_states_is_asked_for_by_file(
    station: str | None, tmp_path: Path
) -> None:
    path = parquet(tmp_path / "a.parquet", "HEZ")
    for read in (read_archive, open_stations):
        with pytest.raises(ArchiveRefused, match=r"a\.parquet: .* is no IAGA code.*--station"):
            read([path], station)


@pytest.mark.parametrize("beyond", [1, 3])
def test_a_fault_in_the_values_names_file_and_time(beyond: int, tmp_path: Path) -> None:
    stamps = pyarrow.array([START_MS + 1000 * n for n in range(200)], pyarrow.timestamp("ms"))
    h = np.full(200, 21_000.0)
    h[7 : 7 + beyond] = 98_000.0
    columns = {"H": h, "E": np.ones(200), "Z": np.full(200, 44_000.0)}
    path = tmp_path / "b.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"time": stamps, **columns}), path)
    said = "a field of 107,424 nT is beyond 99,999 nT (at 2018-08-29T03:00:07Z)"
    if beyond == 1:
        recording = read_file(path)
        assert recording.notes == (f"{said}: 1 such sample taken as missing",)
        assert np.flatnonzero(np.isnan(recording.elements["E"])).tolist() == [7]
    else:
        with pytest.raises(ArchiveRefused) as refusal:
            read_file(path)
        assert str(refusal.value) == f"{path}: {said}, and so are 3 of 200 samples"
