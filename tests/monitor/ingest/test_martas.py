"""MARTAS as its format is written, over a real mosquitto."""

from pathlib import Path

import numpy as np
import pytest

from archive.files import FileRefused
from archive.recording import Recording
from geofield.utc import datetime_of
from monitor.ingest.martas import MOST_WAITING, MartasMeta, parse_martas
from monitor.ingest.source import SourceMessage
from monitor.ingest.stations import StationPlan, read_plans
from tests.monitor.feeds import station
from tests.monitor.ingest.mosquitto import Mosquitto, publish, publisher
from tests.monitor.ingest.running import expected, ingest, rows_of, wait_for_rows
from tests.monitor.workers import Site

SENSOR = "LEMI036_1_0002"
META = (
    f"# MagPyBin {SENSOR} [x,y,z,t1,sectime] [X,Y,Z,Te,sec] [nT,nT,nT,degC,] "
    "[0.001,0.001,0.001,1,1] 6hLlllL 48"
)
RECORDING = station("WIC", 1, 1, elements="XYZ")


def plan(folder: Path, more: str = "") -> StationPlan:
    file = folder / "stations.toml"
    file.write_text(f'[WIC]\nfrom = "martas+mqtt://127.0.0.1/wic/{SENSOR}/+"\n{more}')
    (found,) = read_plans(file)
    return found


def line(recording: Recording, number: int, late_ms: int = 3) -> str:
    """A line in thousandths of a nT, with a temperature and a second clock behind."""
    at = datetime_of(recording.start_ms + 1000 * number + late_ms)
    values = [round(float(column[number]) * 0.001, 6) for column in recording.elements.values()]
    clock = [at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond]
    return ",".join(map(str, [*clock, *values, 21.5, 1715212800]))


def data(recording: Recording) -> bytes:
    return ";".join(line(recording, number) for number in range(len(recording))).encode()


def test_lines_become_samples_in_nt(tmp_path: Path) -> None:
    (read,) = parse_martas(plan(tmp_path), "wic/x/data", META.encode() + b"\n" + data(RECORDING))
    assert read.start_ms == RECORDING.start_ms
    for name, column in RECORDING.elements.items():
        assert np.allclose(read.elements[name], column, rtol=0, atol=1e-6)


def test_elements_are_taken_by_the_stations_channels(tmp_path: Path) -> None:
    named = META.replace("[X,Y,Z,", "[Bx,By,Z,")
    mapped = plan(tmp_path, 'channels = {Bx = "H", By = "E"}')
    (read,) = parse_martas(mapped, "wic/x/data", named.encode() + b"\n" + data(RECORDING))
    assert set(read.elements) == {"H", "E", "Z"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (data(RECORDING), "no meta of wic/x"),
        (META.replace("X,Y,Z", "A,B,C").encode() + b"\n" + data(RECORDING), "set `channels`"),
        (META.replace("nT,nT,nT", "V,V,V").encode() + b"\n" + data(RECORDING), "no unit of it"),
        (META.encode() + b"\n", "0 lines"),
        (META.encode() + b"\n2024,5,9,0,0,0,0,x,1,2", "could not convert"),
        (META.encode() + b"\n2024,5,9,0,0,0,500000,20,1,40", "not at a multiple"),
        (META.encode() + b"\n2024,13,9,0,0,0,0,20,1,40", "month"),
        (
            META.encode() + b"\n2024,5,9,0,0,1,0,20,1,40;2024,5,9,0,0,0,0,20,1,40",
            "not in the order of time",
        ),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_martas(plan(tmp_path), "wic/x/data", body)


def test_data_wait_for_their_meta_and_do_not_use_up_what_the_broker_hands_over(
    tmp_path: Path,
) -> None:
    station_plan, acknowledged, keeper = plan(tmp_path), [], MartasMeta()

    def message(kind: str, body: bytes) -> SourceMessage:
        return SourceMessage(
            station_plan, f"wic/{SENSOR}/{kind}", body, lambda: acknowledged.append(kind)
        )

    assert keeper.passed(message("data", b"1")) == []
    assert keeper.passed(message("dict", b"x")) == []
    (passed,) = keeper.passed(message("meta", META.encode()))
    assert passed.body == META.encode() + b"\n1"
    assert acknowledged == ["dict", "meta"]  # data once their samples are in Kafka
    other = MartasMeta()
    ways = [other.passed(message("data", b"1")) for _ in range(MOST_WAITING + 1)]
    assert [len(way) for way in ways] == [0] * MOST_WAITING + [1]


def test_a_sensor_must_be_named(tmp_path: Path) -> None:
    file = tmp_path / "stations.toml"
    file.write_text('[WIC]\nfrom = "martas+mqtt://127.0.0.1/wic/+/+"')
    with pytest.raises(FileRefused, match="names no sensor"):
        read_plans(file)


def test_data_that_came_before_their_meta_are_published_too(
    tansu_site: Site, tmp_path: Path
) -> None:
    with Mosquitto(tmp_path / "mosquitto") as mosquitto:
        toml = f'[WIC]\nfrom = "martas+mqtt://127.0.0.1:{mosquitto.port}/wic/{SENSOR}/+"\n'
        with publisher(mosquitto.port, "martas") as client, ingest(tansu_site, toml) as running:
            running.wait_for("/readyz", 200)
            parts = list(RECORDING.records(10))
            sent = [(f"wic/{SENSOR}/data", data(part)) for part in parts]
            publish(client, sent[:2])
            publish(client, [(f"wic/{SENSOR}/meta", META.encode()), *sent[2:]])
            wait_for_rows(tansu_site, 60)
    rounded = [
        (code, at, tuple(round(value or 0.0, 2) for value in row))
        for code, at, row in rows_of(tansu_site)
    ]
    assert rounded == expected(RECORDING)
