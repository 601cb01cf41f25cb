"""Every way to write IAGA-2002 that we know of gives the right numbers, or is refused by name."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from archive.iaga2002 import read_iaga2002
from archive.observatory import ArchiveRefused, read_file
from archive.readings import recording_of
from archive.recording import Recording
from tests.archive.documents import HEZF, START, document, row
from tests.archive.slow_iaga2002 import read_slowly

START_MS = round(START.timestamp() * 1000)
D, DIP = 242.73, 3863.14  # minutes of arc
H, Z, F = 21_027.31, 43_859.30, 48_639.34


def recording(content: bytes) -> Recording:
    return recording_of(read_iaga2002(content))


def of_columns(elements: list[str] | str, values: list[float], count: int = 5) -> Recording:
    return recording(document([row(n, values) for n in range(count)], elements))


@pytest.mark.parametrize(
    ("elements", "values"),
    [
        ("HDZF", [H, D, Z, F]),
        (["H", "D", "Z", "NUL"], [H, D, Z, 99_999.0]),
        ("HDZS", [H, D, Z, F]),
        ("HDZG", [H, D, Z, 0.3]),
        ("ZDHF", [Z, D, H, F]),
        ("DHZ", [D, H, Z]),
        (["NUL", "D", "Z", "H"], [88_888.0, D, Z, H]),
        ("DHIF", [D, H, DIP, F]),
        ("DHIG", [D, H, DIP, 0.3]),
        ("IDHS", [DIP, D, H, F]),
        ("DIF", [D, DIP, F]),
        ("HDZFS", [H, D, Z, F, F]),
    ],
)
def test_angles_are_minutes_of_arc_whatever_the_other_columns_are(
    elements: list[str] | str, values: list[float]
) -> None:
    read = of_columns(elements, values)
    np.testing.assert_array_equal(read.elements["D"], np.full(5, D / 60))
    field_nt = read.samples(D / 60).field_nt
    np.testing.assert_allclose(field_nt, np.tile([H, 0.0, Z], (5, 1)), atol=10)
    assert "G" not in read.elements


@pytest.mark.parametrize("fill", [88_888.0, 99_999.0])
def test_d_h_and_i_need_no_scalar(fill: float) -> None:
    field_nt = of_columns("DHIF", [D, H, DIP, fill]).samples(0.0).field_nt
    assert not np.isnan(field_nt).any()


@pytest.mark.parametrize(
    ("elements", "values", "said"),
    [
        ("DHIF", [4.05, H, 64.38, F], "H is not F cos I.*minutes of arc"),
        ("DIG", [D, DIP, 0.3], "elements DI are not one of"),
        ("DIF", [D, DIP, 0.3], "F of 0.3 nT is no total field.*is it G"),
        ("HEVF", [H, 1.0, 2.0, F], "elements EFH are not one of"),
        ("XYDF", [H, 1.0, 2.0, F], "elements DFXY are not one of"),
        ("HDZF", [H, 21_601.0, Z, F], r"D of 360.017 is beyond 360 degrees.*line 14.*5 of 5"),
        ("DHIF", [D, H, 5_401.0, 99_999.0], "I of 90.0167 is beyond 90 degrees"),
    ],
)
def test_what_is_no_vector_is_refused_by_name(
    elements: str, values: list[float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        of_columns(elements, values)


def with_line(number: int, change: Callable[[str], str], count: int = 5) -> bytes:
    rows = [row(n) for n in range(count)]
    rows[number] = change(rows[number])
    return document(rows)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\r"),
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"Testville", b"F\xfcrstenfeld"),
        lambda text: text.replace(b"Testville", "Fürstenfeld".encode()),
        lambda text: text.replace(b".000 ", b" "),
        lambda text: text.replace(b".000 ", b".0 "),
        lambda text: text.replace(b".000 ", b".000000 "),
        lambda text: text.replace(b"\n2018", b"\n\n   2018"),
        lambda text: text.replace(b"\n2018", b"   \n2018"),
        lambda text: text.replace(b" 241 ", b" \t241\t"),
        lambda text: text + b"\x1a",
        lambda text: text + b"\n\n \n",
        lambda text: text.rstrip(),
        lambda text: text.replace(b"\n2018", b"\n# a comment\n2018", 3),
        lambda text: text.replace(b"\n2018", b"\n # one with seven words in it |\n2018", 2),
        lambda text: text.replace(b"IAGA CODE", b"IAGA Code"),
        lambda text: text.replace(b" Reported               HEZF", b" Reported  hezf"),
        lambda text: text.replace(b"TSTH      TSTE", b"tstH tstE"),
        lambda text: re.sub(rb" +(\d+\.\d\d)", rb" \1", text),
        lambda text: re.sub(rb"(\d)\n", rb"\1 |\n", text),
        lambda text: re.sub(rb" (\d+\.\d)0", rb" +\1", text),
        lambda text: text.replace(b"|\n", b"\n"),
    ],
)
def test_what_changes_no_number_changes_nothing(edit: Callable[[bytes], bytes]) -> None:
    plain = document([row(n, [21_027.30 + n, 16.70, 43_859.30, 48_639.30]) for n in range(5)])
    edited = edit(plain)
    assert edited != plain
    expected, read = recording(plain), recording(edited)
    assert (read.station, read.start_ms, len(read), read.notes) == ("TST", START_MS, 5, ())
    assert read.position_deg == (47.928, 15.862)
    for name, values in expected.elements.items():
        np.testing.assert_array_equal(read.elements[name], values)


@pytest.mark.parametrize("stars", ["********", "*********", "*", "NaN", "nan"])
def test_stars_are_one_gap_and_told(stars: str) -> None:
    read = recording(with_line(2, lambda line: line.replace("21027.30", stars)))
    assert np.flatnonzero(np.isnan(read.elements["H"])).tolist() == [2]
    assert not np.isnan(read.elements["E"]).any()
    assert read.notes == ("stars or NaN stand for 1 value: gaps",)


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        ("99999.00", True),
        ("99999.90", True),
        ("-99999.00", True),
        ("88888.00", True),
        ("88888.88", True),
        ("999999.00", True),
        ("123456.78", True),
        ("88887.99", False),
        ("88889.00", False),
    ],
)
def test_fills_are_gaps_and_nothing_else_is(value: str, missing: bool) -> None:
    read = recording(with_line(2, lambda line: line.replace("48639.34", value), 200))
    assert np.isnan(read.elements["F"][2]) == missing
    assert read.notes == ()


def test_a_fill_of_an_angle_is_one_before_it_becomes_degrees() -> None:
    rows = [row(n, [H, D if n else 88_888.0, Z, F]) for n in range(5)]
    read = recording(document(rows, "HDZF"))
    assert np.isnan(read.elements["D"]).tolist() == [True, False, False, False, False]


def test_midnight_is_that_of_the_next_day() -> None:
    start = datetime(2018, 12, 31, 23, 59, 58, tzinfo=UTC)
    rows = [row(n, start=start) for n in range(2)]
    rows.append(row(0, start=datetime(2018, 12, 31, tzinfo=UTC)).replace("00:00:00", "24:00:00"))
    read = recording(document(rows))
    assert read.start_ms == round(start.timestamp() * 1000)
    assert not np.isnan(read.elements["H"]).any()
    assert len(read) == 3


def test_a_leap_second_is_left_out_and_told() -> None:
    start = datetime(2016, 12, 31, 23, 59, 58, tzinfo=UTC)
    rows = [row(n, [20_000.0 + n, 0.0, Z, F], start=start) for n in range(4)]
    leap = rows[1].replace(":59.000", ":60.000").replace("20001", "29999")
    read = recording(document([*rows[:2], leap, *rows[2:]]))
    assert read.elements["H"].tolist() == [20_000.0, 20_001.0, 20_002.0, 20_003.0]
    assert read.notes == ("1 sample of a leap second is left out",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line.replace("03:00:02", "24:00:02"), "'24:00:02.000' is no time"),
        (lambda line: line.replace("03:00:02", "03:60:02"), "is no time"),
        (lambda line: line.replace("03:00:02", "03:00:60"), "is no time"),
        (lambda line: line.replace("03:00:02", "3:00:02"), "is no time"),
        (lambda line: line.replace("2018-08-29", "2018-02-29"), "'2018-02-29' is no date"),
        (lambda line: line.replace("2018-08-29", "29-08-2018"), "is no date"),
        (lambda line: line.replace(" 241 ", " 367 "), "'367' is no day of the year"),
        (lambda line: line.replace(" 241 ", "     "), "6 columns"),
        (lambda line: line.replace("16.70", "16,70"), "'16,70' is no number"),
        (lambda line: line.replace("16.70", "1.6e1"), "is no number"),
        (lambda line: line.replace("  16.70  4", "  16.70-4"), "6 columns"),
        (lambda line: line.replace("16.70", "16.7.0"), "is no number"),
        (lambda line: line.replace("16.70", "-"), "'-' is no number"),
        (lambda line: line.replace("16.70", "."), "'.' is no number"),
        (lambda line: line.replace("16.70", "1_6.70"), "is no number"),
        (lambda line: line.replace("16.70", "16.7\xb2"), "is no number"),
        (lambda line: line.replace("16.70", "inf"), "is no number"),
        (lambda line: line + " 1.0", "8 columns"),
        (lambda line: line[:50], "columns"),
        (lambda _: "<html>504 Gateway Timeout</html>", "columns"),
        (lambda _: " Format                 IAGA-2002", "begins another file: divide it"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(change: Callable[[str], str], said: str) -> None:
    rows = [row(n) for n in range(5)]
    content = document(rows).replace(rows[2].encode(), change(rows[2]).encode())
    with pytest.raises(ValueError, match=rf"line 16 .*{re.escape(said)}"):
        read_iaga2002(content)


def test_the_day_of_the_year_may_be_wrong_but_not_in_silence() -> None:
    read = recording(document([row(n).replace(" 241 ", " 240 ") for n in range(5)]))
    assert read.start_ms == START_MS
    assert read.notes == (
        "the day of the year is not that of the date in 5 lines: the date counts",
    )


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            {"Reported": "XYZF"},
            "line 8 says that XYZF is reported, line 13 has the columns H E Z F",
        ),
        ({"IAGA_CODE": "ABC"}, "column 'TSTH' is no element of the station ABC"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(header: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_iaga2002(document([row(n) for n in range(5)], **header))


def test_a_column_twice_or_no_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="column of H twice"):
        of_columns("HHZF", [H, H, Z, F])
    with pytest.raises(ValueError, match=r"ends in its header.*cut off"):
        read_iaga2002(document([])[:600])


def test_columns_that_are_nothing_to_us_are_told() -> None:
    read = of_columns("XYZT", [H, 1.0, Z, 8.0])
    assert read.notes == ("the columns T are not read",)
    assert list(read.elements) == ["X", "Y", "Z"]


def test_a_station_may_be_named_by_its_columns_alone_or_not_at_all() -> None:
    content = document([row(n) for n in range(5)], IAGA_CODE="")
    assert read_iaga2002(content).station == ""
    assert read_iaga2002(document([row(n) for n in range(5)], code="ab12")).station == "AB12"


@pytest.mark.parametrize("length", range(1, 71))
def test_a_last_line_that_is_still_being_written_is_named(length: int) -> None:
    whole = document([row(n) for n in range(5)])
    cut = whole[: -length - 1]
    if not cut.endswith(b"\n"):
        with pytest.raises(ValueError, match=r"line 18 is not whole .*wait until all of it"):
            read_iaga2002(cut)
    else:
        assert len(read_iaga2002(cut).times_ms) == 4


def test_a_day_of_odd_lines_is_read_as_one_of_plain_ones() -> None:
    rows = [row(n, [H + n / 100, n / 7, Z, F]) for n in range(300)]
    odd = [line.replace(".000 ", " ") if n % 3 else line for n, line in enumerate(rows)]
    odd[7:9] = [odd[7].replace("2018-08-29", "2018-08-28").replace("03:00:07", "24:00:00"), odd[8]]
    content = document(odd)
    readings, slow = read_iaga2002(content), read_slowly(content)
    assert readings.times_ms.tolist() == [sample.at_ms for sample in slow]
    assert readings.elements["E"].tolist() == [sample.values["E"] for sample in slow]
    assert readings.lines is not None
    assert readings.lines.tolist() == list(range(14, 314))


@pytest.mark.parametrize(
    "name", ["day[1].sec", "day?.sec", "*.sec", "~.sec", "$HOME.sec", "a b.sec"]
)
def test_a_name_is_a_name_and_no_pattern(name: str, tmp_path: Path) -> None:
    (tmp_path / "day1.sec").write_bytes(document([row(n) for n in range(5)], code="TSX"))
    with pytest.raises(ArchiveRefused, match="no such file"):
        read_file(tmp_path / name)
    (tmp_path / name).write_bytes(document([row(n, HEZF) for n in range(5)]))
    assert read_file(tmp_path / name).station == "TST"


def test_what_is_told_names_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.sec"
    path.write_bytes(with_line(2, lambda line: line.replace("21027.30", "********")))
    with caplog.at_level("WARNING", "magwatch.archive"):
        read_file(path)
    assert caplog.messages == [f"{path}: stars or NaN stand for 1 value: gaps"]
