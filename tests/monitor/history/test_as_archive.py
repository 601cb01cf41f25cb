"""A history is an archive: the commands read it as they read the files it came from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.dataset
import pytest
from click.testing import CliRunner, Result

from archive.observatory import read_file
from archive.profile import load_profile
from archive.recording import Recording
from geofield.utc import DAY_MS, HOUR_MS
from monitor.cli import main
from monitor.history.store import FolderStore
from tests.data import conrad, quiet_day
from tests.monitor.feeds import station
from tests.monitor.history.stores import sample_record, written
from tests.monitor.workers import Site, received

QUIET = str(conrad("example5.sec"))


def magwatch(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def kept(folder: Path, *recordings: Recording) -> Path:
    records = [("samples", sample_record(part)) for one in recordings for part in one.records(3600)]
    written(FolderStore(folder), *records)
    return folder


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real day, one like it after it, a minute a day before, and another station."""
    day = quiet_day()
    before = replace(day, start_ms=day.start_ms - DAY_MS).between(0, day.start_ms - 23 * HOUR_MS)
    after = replace(day, start_ms=day.start_ms + DAY_MS).between(0, day.end_ms + HOUR_MS)
    other = station("HON", 60, 1)
    return kept(tmp_path_factory.mktemp("kept") / "history", before, day, after, other)


DAYS = ("--station", "WIC", "--from", "2018-08-29", "--to", "2018-08-30")


def test_calibrate_makes_the_profile_of_the_file(history: Path, tmp_path: Path) -> None:
    made = []
    for archive in ((QUIET,), (history, *DAYS)):
        folder = tmp_path / str(len(made))
        result = magwatch("calibrate", *archive, "--profiles", folder)
        assert result.exit_code == 0, result.output
        # the file states a position, records of the topic do not
        made.append(replace(load_profile(folder / "WIC.json"), position_deg=None))
    assert made[0] == made[1]


def test_score_writes_the_scores_of_the_file(history: Path, tmp_path: Path) -> None:
    contents = []
    for archive in ((QUIET,), (history, *DAYS)):
        output = tmp_path / "scores.jsonl"
        result = magwatch("score", *archive, "-o", output)
        assert result.exit_code == 0, result.output
        contents.append(output.read_bytes())
    assert contents[0].count(b"\n") > 1300
    assert contents[0] == contents[1]


def test_replay_sends_the_days(
    history: Path, tansu_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAGWATCH_TOPIC_PREFIX", tansu_site.settings.topic_prefix)
    result = magwatch(
        "replay", history, "--station", "HON", "--speed", "max", "--no-kp",
        "--broker", tansu_site.settings.broker,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert {record.key for record in received(tansu_site, "samples")} == {b"HON"}


def test_it_is_a_table_as_it_is(history: Path) -> None:
    table = pyarrow.dataset.dataset(history / "samples", partitioning="hive").to_table(
        filter=pyarrow.dataset.field("station") == "HON"
    )
    assert table.column_names == ["time", "H", "E", "Z", "cadence_ms", "station", "day"]
    assert table["cadence_ms"].unique().to_pylist() == [1000]
    np.testing.assert_array_equal(table["H"], station("HON", 60, 1).elements["H"])
    assert str(table["time"][0]) == "2024-05-09 00:00:00+00:00"


def test_days_of_files_are_not_selected(tmp_path: Path) -> None:
    result = magwatch("score", QUIET, "--from", "2018-08-29", "-o", tmp_path / "scores.csv")
    assert result.exit_code == 5
    assert "example5.sec: --from and --to select days of a history, and it is none" in result.output


def test_what_the_history_lacks_is_one_line(history: Path, tmp_path: Path) -> None:
    result = magwatch("score", history, "--station", "BOU", "-o", tmp_path / "scores.csv")
    assert result.exit_code == 5
    assert result.output == f"magwatch: {history}: no samples of BOU; has HON, WIC\n"


@pytest.mark.parametrize("ending", ["sec", "csv"])
def test_export_writes_a_day_that_is_read_back(history: Path, tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"wic20180829vsec.{ending}"
    result = magwatch("export", "wic", "2018-08-29", "--history", history, "-o", output)
    assert result.exit_code == 0, result.output
    assert result.output == f"86,400 samples of WIC: {output}\n"
    read = read_file(output)
    for name, values in quiet_day().elements.items():
        np.testing.assert_array_equal(read.elements[name], values)


def test_without_a_history_export_says_so(tmp_path: Path) -> None:
    result = magwatch("export", "WIC", "2018-08-29", "--history", tmp_path)
    assert result.exit_code == 1
    assert "no files of `magwatch history` are there" in result.output


def test_export_names_the_file_and_takes_the_position(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stations.csv").write_text("code,lat,lon,name\nHON,21.3,-158,Honolulu\n")
    result = magwatch(
        "export", "HON", "2024-05-09", "--history", history, "--stations", "stations.csv"
    )
    assert result.exit_code == 0, result.output
    read = read_file(tmp_path / "hon20240509vsec.sec")
    assert read.position_deg == (21.3, -158)
    assert np.isfinite(read.elements["H"]).sum() == 3600
