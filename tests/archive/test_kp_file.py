import bz2
import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from archive.files import FileRefused
from archive.kp import kp_intervals, newer_than_kp, observed_days
from archive.kp_file import KpFile, read_kp_file
from geofield.utc import DAY_MS, time_ms
from tests.data import shared_data

HEAD = "# PURPOSE: This file distributes the geomagnetic planetary three-hour index Kp\n#\n"
KP = (0.0, 0.333, 2.667, 4.0, 5.333, 8.667, 9.0, 1.0)


def three_hours(day: str = "2046 07 01") -> str:
    """A day as in Kp_ap_since_1932.txt."""
    return HEAD + "".join(
        f"{day} {3 * n:04.1f} {3 * n + 1.5:05.2f} 41819.00000 41819.06250  {kp:5.3f}   12 1\n"
        for n, kp in enumerate(KP)
    )


def daily(day: str = "2046 07 01") -> str:
    """The same as in Kp_ap_Ap_SN_F107_since_1932.txt."""
    kp = " ".join(f"{value:6.3f}" for value in KP)
    return f"{HEAD}{day} 41819 41819.5 2623 12 {kp} 0 2 12 27 56 300 400 4 100 -1 -1.0 -1.0 1\n"


def table() -> str:
    """The same as the project's own tables have it."""
    return "interval_start_utc,Ap,Kp\n" + "".join(
        f"2046-07-01 {3 * n:02}:00:00,12,{round(kp, 1)}\n" for n, kp in enumerate(KP)
    )


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("layout", [three_hours, daily, table])
def test_all_layouts_give_the_same_kp(tmp_path: Path, layout: object) -> None:
    read = read_kp_file(written(tmp_path / "kp", layout()))  # type: ignore[operator]
    np.testing.assert_allclose(read.kp, KP, atol=0.04)
    start_ms = time_ms("2046-07-01")
    assert read.start_ms.tolist() == [start_ms + n * DAY_MS // 8 for n in range(8)]
    assert read.last_day == "2046-07-01"
    (third,) = read.intervals(start_ms + DAY_MS // 4, start_ms + DAY_MS // 4 + 1)
    assert (third.start_ms, third.known_ms) == (start_ms + DAY_MS // 4, start_ms + 3 * DAY_MS // 8)


def test_packed_files_and_other_line_ends_are_read(tmp_path: Path) -> None:
    plain = read_kp_file(written(tmp_path / "kp.txt", three_hours()))
    with zipfile.ZipFile(tmp_path / "kp.zip", "w") as archive:
        archive.writestr("kp.txt", daily())
    packed = [
        tmp_path / "kp.zip",
        written(tmp_path / "kp.gz", gzip.compress(three_hours().encode())),
        written(tmp_path / "kp.bz2", bz2.compress(three_hours().replace("\n", "\r\n").encode())),
    ]
    for path in packed:
        np.testing.assert_array_equal(read_kp_file(path).kp, plain.kp)


def test_missing_values_are_not_known_and_the_later_line_counts(tmp_path: Path) -> None:
    lines = three_hours().splitlines(keepends=True)
    lines[3] = lines[3].replace("0.333", "-1.000")
    again = lines[4].replace("2.667", "3.000")
    read = read_kp_file(written(tmp_path / "kp", "".join([*lines, again])))
    assert read.kp.tolist() == [0.0, 3.0, *KP[3:]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (three_hours()[:-9], "line 10 is none of GFZ's tables of Kp"),
        (three_hours().replace(" 09.0 10.50", " 00.5 00.75"), "line 6 is none .* middle"),
        (three_hours().replace("2046 07 01 03", "2046 13 01 03"), "line 4 .*2046 13 01 is no date"),
        (three_hours().replace(" 8.667", " 86.67"), "line 8: 86.67 is no Kp"),
        (three_hours().replace(" 8.667", " 8.500"), "line 8: 8.5 is no Kp"),
        (daily().replace(" 8.667", " what?"), "line 3 .*not all of it are numbers"),
        (table().replace("2046-07-01 06:00", "2046-07-01 06:30"), "line 4 is not about three"),
        (table().replace(",4.0", ",four"), "line 5: '2046-07-01 09:00:00' and 'four' are no"),
        (table().replace(",12,0.3", ",0.3"), "line 3 has 2 columns"),
        ("time,H,E,Z\n2046-07-01,1,2,3\n", "line 1 has the columns time, h, e, z"),
        (HEAD, "no line has a Kp"),
        (b"\x00\x01\x02", "NUL byte"),
        (gzip.compress(three_hours().encode())[:-30], "cannot be unpacked"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_find(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    with pytest.raises(FileRefused, match=said) as refused:
        read_kp_file(written(tmp_path / "kp.txt", content))
    assert str(refused.value).startswith(f"{tmp_path}/kp.txt: ")


def test_the_file_is_used_where_the_installed_table_ends(tmp_path: Path) -> None:
    last_ms = time_ms(observed_days()[1])
    starts_ms = np.arange(last_ms - DAY_MS, last_ms + 2 * DAY_MS, DAY_MS // 8)
    kp_file = KpFile(starts_ms, np.full(len(starts_ms), 9.0))
    before = kp_intervals(last_ms, last_ms + 2 * DAY_MS)
    both = kp_intervals(last_ms, last_ms + 2 * DAY_MS, kp_file)
    assert [kp.value for kp in both] == [kp.value for kp in before] + 8 * [9.0]
    assert newer_than_kp(last_ms + DAY_MS) == ""
    assert observed_days()[1] in newer_than_kp(last_ms + 2 * DAY_MS)
    assert newer_than_kp(last_ms + 2 * DAY_MS, kp_file) == ""
    assert "table and the file end on" in newer_than_kp(last_ms + 4 * DAY_MS, kp_file)


def test_our_table_of_the_years_equals_the_installed_one() -> None:
    read = read_kp_file(shared_data() / "kp_ap_3h_2000_20250720.csv.gz")
    installed = kp_intervals(time_ms("2003-10-01"), time_ms("2003-12-01"))
    ours = read.intervals(time_ms("2003-10-01"), time_ms("2003-12-01"))
    assert len(ours) == 61 * 8
    np.testing.assert_allclose([kp.value for kp in ours], [kp.value for kp in installed])
