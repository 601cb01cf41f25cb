"""Days that are written are read again, bit for bit where the format can."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archive.export import csv, iaga2002, iaga2002_name, whole_day
from archive.observatory import read_file
from archive.recording import Recording
from archive.tables import Stated
from geofield.utc import DAY_MS
from monitor.demo.scenario import quiet_day
from tests.monitor.feeds import START_MS, station

ANGLES = Stated({"D": "deg", "I": "deg"})


def reread(path: Path, content: bytes, stated: Stated = ANGLES) -> Recording:
    path.write_bytes(content)
    return read_file(path, stated)


def rounded(recording: Recording) -> dict[str, np.ndarray]:
    """What two decimals keep, of angles in minutes of arc."""
    factors = {name: 60 if name in "DI" else 1 for name in recording.elements}
    return {
        name: np.array([float(f"{value * factors[name]:.2f}") / factors[name] for value in values])
        for name, values in recording.elements.items()
    }


def same(read: Recording, elements: dict[str, np.ndarray]) -> None:
    for name, values in elements.items():
        np.testing.assert_array_equal(read.elements[name], values)


def consistent(elements: str) -> Recording:
    one = station("WIC", 3, 1)
    h_nt, z_nt = one.elements["H"], one.elements["Z"]
    known = {"H": h_nt, "Z": z_nt, "D": 4 + (h_nt - h_nt[0]) / 1000, "F": np.hypot(h_nt, z_nt)}
    known["I"] = np.degrees(np.arctan2(z_nt, h_nt))
    return replace(one, elements={name: known[name] for name in elements})


def test_a_real_day_is_read_back_bit_for_bit(tmp_path: Path) -> None:
    day = quiet_day()
    path = tmp_path / iaga2002_name(day)
    read = reread(path, iaga2002(day))
    assert path.name == "wiq20180829vsec.sec"
    assert (read.station, read.start_ms, read.cadence_ms) == ("WIQ", day.start_ms, 1000)
    same(read, rounded(day))
    again = reread(tmp_path / "again.sec", iaga2002(read))
    same(again, dict(read.elements))


@pytest.mark.parametrize("elements", ["HDZ", "HDZF", "DIF", "DHI", "DHIF"])
def test_every_orientation_is_read_back(tmp_path: Path, elements: str) -> None:
    recording = consistent(elements)
    recording.elements["H" if "H" in elements else "F"][10:20] = np.nan
    read = reread(tmp_path / "x.sec", iaga2002(recording))
    assert set(read.elements) == set(elements)
    same(read, rounded(recording))


@pytest.mark.parametrize("elements", ["HDZ", "DIF"])
def test_csv_has_all_digits(tmp_path: Path, elements: str) -> None:
    recording = replace(consistent(elements), offset_ms=250)
    read = reread(tmp_path / "x.csv", csv(recording))
    assert (read.start_ms, read.offset_ms) == (recording.start_ms, 250)
    same(read, dict(recording.elements))


def test_lines_have_the_seventy_characters_of_the_format(tmp_path: Path) -> None:
    recording = replace(station("WIC", 1, 1, elements="XYZ"), position_deg=(47.93, -15.86))
    lines = iaga2002(recording, "Conrad Observatorium, Österreich " * 3).decode().splitlines()
    assert {len(line) for line in lines} == {70}
    assert [line[69] for line in lines[:13]] == ["|"] * 13
    assert [line[24:].strip(" |") for line in lines[3:8]] == [
        "WIC", "47.930", "344.140", "", "XYZNUL",
    ]  # fmt: skip
    assert lines[12].split() == ["DATE", "TIME", "DOY", "WICX", "WICY", "WICZ", "WICNUL", "|"]
    assert lines[13].startswith("2024-05-09 00:00:00.000 130     ")
    assert lines[13].endswith(" 88888.00")
    assert reread(tmp_path / "x.sec", "\n".join([*lines, ""]).encode()).position_deg == (
        47.93,
        -15.86,
    )


def test_a_day_is_whole_with_gaps(tmp_path: Path) -> None:
    part = station("WIC", 2, 1)
    part = replace(part, start_ms=START_MS + DAY_MS - 60_000)  # a minute of it on the next day
    day = whole_day(part, START_MS)
    assert (day.start_ms, len(day)) == (START_MS, 86_400)
    np.testing.assert_array_equal(day.elements["H"][-60:], part.elements["H"][:60])
    assert np.isnan(day.elements["H"][:-60]).all()
    later = whole_day(part, START_MS + DAY_MS)
    np.testing.assert_array_equal(later.elements["H"][:60], part.elements["H"][60:])
    read = reread(tmp_path / "x.sec", iaga2002(day))
    np.testing.assert_array_equal(read.elements["H"], day.elements["H"])


@pytest.mark.parametrize(
    ("cadence_ms", "name"),
    [(60_000, "wic20240509vmin.min"), (5000, "wic20240509vtxt.txt")],
)
def test_files_are_named_as_the_format_says(cadence_ms: int, name: str) -> None:
    assert iaga2002_name(replace(station("WIC", 1, 1), cadence_ms=cadence_ms)) == name
