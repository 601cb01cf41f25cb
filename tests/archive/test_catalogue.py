import gzip
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from archive.catalogue import CatalogueRefused, read_catalogue
from geofield.earthquakes.types import Earthquake
from support.extras import ExtraMissing
from tests.data import shared_data
from tests.training.labels.builders import utc_ms

HEADER = "time,latitude,longitude,depth,mag,magType,place,type,id\n"
OAXACA = (
    '2012-03-20T18:02:47.440Z,16.493,-98.231,20,7.4,mww,"1 km WNW of ""X"", Mexico",'
    "earthquake,usp000jgx3\n"
)
QUAKEML = b"""<?xml version="1.0" encoding="UTF-8"?>
<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2"
 xmlns="http://quakeml.org/xmlns/bed/1.2"><eventParameters publicID="smi:local/all">
 <event publicID="smi:local/one"><type>earthquake</type>
 <origin publicID="smi:local/o"><time><value>2012-03-20T18:02:47.440Z</value></time>
 <latitude><value>16.493</value></latitude><longitude><value>-98.231</value></longitude>
 <depth><value>20000</value></depth></origin>
 <magnitude publicID="smi:local/m"><mag><value>7.4</value></mag></magnitude></event>
</eventParameters></q:quakeml>"""


def written(tmp_path: Path, text: str | bytes, name: str = "quakes.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def feature(time_ms: int, mag: float | None, kind: str, *coordinates: float | None) -> object:
    return {
        "id": f"us{time_ms}",
        "properties": {"time": time_ms, "mag": mag, "type": kind, "place": "somewhere"},
        "geometry": {"type": "Point", "coordinates": coordinates},
    }


def test_comcat_csv(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + HEADER + OAXACA)
    found = read_catalogue(path)
    event = Earthquake(utc_ms("2012-03-20T18:02:47.440"), 16.493, -98.231, 20.0, 7.4, "usp000jgx3")
    assert found.earthquakes == (event,)
    assert (found.name, found.left_out, found.repeated) == ("quakes.csv", 0, 0)
    packed = written(tmp_path, gzip.compress(path.read_bytes()), "quakes.csv.gz")
    assert read_catalogue(packed).earthquakes == found.earthquakes


def test_in_order_of_time_and_without_what_is_no_earthquake(tmp_path: Path) -> None:
    rows = (
        "2020-01-03T00:00:00Z,1,2,3,5.0,mb,,earthquake,later\n"
        "2020-01-01T00:00:00Z,1,2,3,5.0,mb,,earthquake,sooner\n"
        "2020-01-02T00:00:00Z,1,2,0,5.5,ml,,quarry blast,blast\n"
        "2020-01-02T01:00:00Z,1,2,3,,,,earthquake,unmeasured\n"
        "2020-01-04T00:00:00Z,1,190,,5.0,mb,,,kindless\n"
    )
    found = read_catalogue(written(tmp_path, HEADER + rows))
    assert [one.event_id for one in found.earthquakes] == ["sooner", "later", "kindless"]
    assert found.left_out == 2
    assert found.earthquakes[2].longitude_deg == -170.0
    assert found.earthquakes[2].depth_km != found.earthquakes[2].depth_km  # NaN


def test_an_earthquake_counts_once(tmp_path: Path) -> None:
    rows = [
        "2020-01-01T00:00:00Z,10.0,20.0,3,6.0,mb,,earthquake,a",
        "2020-01-01T00:00:16Z,10.5,20.5,9,5.5,mw,,earthquake,other-agency",
        "2020-01-01T03:00:00Z,10.0,20.0,3,6.0,mb,,earthquake,b",
        "2020-01-01T03:00:10Z,10.0,20.0,9,5.4,mw,,earthquake,too-small",
        "2020-01-01T03:00:16Z,11.0,20.0,9,6.0,mw,,earthquake,too-far",
        "2020-01-01T03:00:27Z,10.0,20.0,9,6.0,mw,,earthquake,too-late",
        "2020-01-01T09:00:00Z,10.0,20.0,3,6.2,mb,,earthquake,a",
        "2020-01-02T00:00:00Z,10.0,20.0,3,6.0,mb,,earthquake,",
        "2020-01-03T00:00:00Z,10.0,20.0,3,6.0,mb,,earthquake,",
    ]
    found = read_catalogue(written(tmp_path, HEADER + "\n".join(rows) + "\n"))
    assert [one.event_id for one in found.earthquakes] == [
        "a",
        "b",
        "too-small",
        "too-far",
        "too-late",
        "2020-01-02T00:00:00Z 10.00 20.00",
        "2020-01-03T00:00:00Z 10.00 20.00",
    ]
    assert found.repeated == 2


def test_comcat_geojson(tmp_path: Path) -> None:
    features = [
        feature(1_332_266_567_440, 7.4, "earthquake", -98.231, 16.493, 20.0),
        feature(1_332_300_000_000, None, "earthquake", -98.0, 16.0, 10.0),
        feature(1_332_400_000_000, 5.1, "Quarry Blast", -98.0, 16.0, 0.0),
        feature(1_332_500_000_000, 5.0, "earthquake", -98.0, 16.0, None),
    ]
    document = json.dumps({"type": "FeatureCollection", "features": features})
    found = read_catalogue(written(tmp_path, document, "query.geojson"))
    first, second = found.earthquakes
    assert first == Earthquake(
        utc_ms("2012-03-20T18:02:47.440"), 16.493, -98.231, 20.0, 7.4, "us1332266567440"
    )
    assert second.magnitude == 5.0
    assert found.left_out == 2


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("yesterday,1,2,3,5,,,,x", "line 2: time 'yesterday' is not like 2016"),
        ("2020-01-01,1,2,3,5,,,,x", "line 2: time '2020-01-01' .*a day is no origin time"),
        ("2020-01-01T00:00Z,91,2,3,5,,,,x", "line 2: latitude 91 is not within -90 to 90"),
        ("2020-01-01T00:00Z,nan,2,3,5,,,,x", "line 2: latitude nan is not within"),
        ("2020-01-01T00:00Z,1,361,3,5,,,,x", "line 2: longitude 361"),
        ("2020-01-01T00:00Z,1,,3,5,,,,x", "line 2: longitude nan"),
        ("2020-01-01T00:00Z,1,2,3000,5,,,,x", "line 2: depth 3000"),
        ("2020-01-01T00:00Z,1,2,3,99,,,,x", "line 2: magnitude 99"),
        ("2020-01-01T00:00Z,1,2,3,big,,,,x", "line 2: mag 'big' is no number"),
        ("2020-01-01T00:00Z,1,2,3", "line 2: it has not as many fields"),
        ("2020-01-01T00:00Z,1,2,3,5,,,,x,y", "line 2: it has not as many fields"),
        ("2020-01-01T00:00Z,1,2,3,,,,,x", "no earthquake with a magnitude"),
    ],
)
def test_an_impossible_row_is_refused_by_its_line(tmp_path: Path, row: str, told: str) -> None:
    path = written(tmp_path, HEADER + row + "\n")
    with pytest.raises(CatalogueRefused, match=told) as refusal:
        read_catalogue(path)
    assert str(refusal.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"time,latitude,longitude,mag\n", "line 1: no column depth, id"),
        ("a.csv", b"", "line 1: no column time"),
        ("a.csv", b"\xff\xfe\x00", "not readable as CSV"),
        ("a.csv.gz", b"time", "[Nn]ot a gzipped file"),
        ("a.csv.gz", gzip.compress(b"time" * 99, mtime=0)[:-9], "not readable as gzip"),
        ("a.txt", b"time", r"must end in \.csv"),
        ("a.json", b"[1", "not ComCat's GeoJSON"),
        ("a.json", b'{"features": [{"id": "x"}]}', r"\$\.features\[0\]"),
        (
            "a.json",
            json.dumps({"features": [feature(0, 5.0, "earthquake", 7.0)]}).encode(),
            "feature 1: it has no longitude and latitude",
        ),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    with pytest.raises(CatalogueRefused, match=told):
        read_catalogue(written(tmp_path, content, name))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueRefused, match=r"none\.csv: no such file"):
        read_catalogue(tmp_path / "none.csv")


@pytest.mark.skipif(find_spec("obspy") is None, reason="the extra `quakeml` is not installed")
def test_quakeml(tmp_path: Path) -> None:
    found = read_catalogue(written(tmp_path, QUAKEML, "a.quakeml"))
    assert found.earthquakes == (
        Earthquake(utc_ms("2012-03-20T18:02:47.440"), 16.493, -98.231, 20.0, 7.4, "smi:local/one"),
    )
    with pytest.raises(CatalogueRefused, match="not readable as QuakeML"):
        read_catalogue(written(tmp_path, b"<not-quakeml/>", "b.xml"))


def test_quakeml_without_obspy_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obspy", None)  # as if it were not there
    with pytest.raises(ExtraMissing, match=r"obspy is not installed; .*'\.\[quakeml\]'"):
        read_catalogue(written(tmp_path, QUAKEML, "a.xml"))


def test_the_shared_catalogue() -> None:
    found = read_catalogue(shared_data() / "earthquakes_unified_2000_2023.csv.gz")
    assert len(found.earthquakes) + found.repeated + found.left_out == 33_357
    assert list(found.earthquakes) == sorted(found.earthquakes)
    assert len({one.event_id for one in found.earthquakes}) == len(found.earthquakes)
    (tohoku,) = (one for one in found.earthquakes if one.magnitude > 8.9 and one.time_ms > 1.2e12)
    assert abs(tohoku.time_ms - utc_ms("2011-03-11T05:46:24")) <= 1000
