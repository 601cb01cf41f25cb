"""Where stations are, from a file that a person wrote."""

from pathlib import Path

import pytest

from monitor.dashboard.positions import read_positions
from monitor.errors import Refused


def written(folder: Path, text: str) -> Path:
    path = folder / "stations.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_by_name_in_any_order_and_east_of_180(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffLon,name,LAT,iaga\n202.0,Honolulu,21.3,hon\n15.9,,47.9,WIC\n")
    found = read_positions(path)
    assert found == {"HON": (21.3, pytest.approx(-158.0)), "WIC": (47.9, pytest.approx(15.9))}


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
        read_positions(written(tmp_path, text))
