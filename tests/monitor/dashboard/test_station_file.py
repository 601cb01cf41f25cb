"""Where stations are and what they are called, from a file that a person wrote."""

from pathlib import Path

import pytest

from monitor.dashboard.station_file import ListedStation, read_stations
from monitor.errors import Refused


def written(folder: Path, text: str) -> Path:
    path = folder / "stations.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_by_name_in_any_order_and_east_of_180(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffLon,name,LAT,iaga\n202.0,Honolulu,21.3,hon\n15.9,,47.9,WIC\n")
    assert read_stations(path) == {
        "HON": ListedStation((21.3, pytest.approx(-158.0)), "Honolulu"),
        "WIC": ListedStation((47.9, pytest.approx(15.9))),
    }


def test_a_name_may_be_missing_and_is_one_line_of_what_can_be_shown(tmp_path: Path) -> None:
    assert read_stations(written(tmp_path, "code,lat,lon\nWIC,47.9,15.9\n"))["WIC"].name == ""
    text = f'code,lat,lon,name\nWIC,47.9,15.9,"Conrad,\n{"o" * 400}"\n'
    name = read_stations(written(tmp_path, text))["WIC"].name
    assert name.startswith("Conrad,\N{REPLACEMENT CHARACTER}ooo")
    assert len(name) == 200


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no column 'code'"),
        ("code,lat\nWIC,47.9\n", "no column 'lon'"),
        ("code,lat,lon\nWIC,47.9,15.9\nHON,north,1\n", "line 3: latitude and longitude"),
        ("code,lat,lon\nWIC,47.9\n", "line 2: latitude and longitude"),
        ("code,lat,lon\nWIC,95,15.9\n", "line 2: 95, 15.9 is nowhere"),
        ("code,lat,lon\nWIC,nan,15.9\n", "line 2: nan, 15.9 is nowhere"),
        ("code,lat,lon\nobservatory,1,2\n", "line 2: 'OBSERVATORY' is not an IAGA code"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        read_stations(written(tmp_path, text))
