"""`magwatch calibrate` as a geophysicist uses it: memory, figure, honesty about its own promise."""

import re
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from archive.kp import observed_days
from archive.kp_file import KpFile
from archive.model import default_model_path, load_model
from archive.profile import load_profile, save_profile
from archive.recording import Recording, divided_at_gaps
from geofield.step import Rules, step
from geofield.types import Float64
from geofield.utc import DAY_MS, time_ms
from monitor.assembly import alert_rules, window_spec
from monitor.cli import main
from monitor.offline.calibration.calibrate import CalibrationPlan, calibrated
from monitor.offline.calibration.compact_recording import compact, piece
from monitor.offline.calibration.quiet_windows import QuietScorer, QuietSegment
from monitor.offline.calibration.text import without_kp
from monitor.offline.score import kp_history
from monitor.settings import load_settings
from tests.data import conrad, shared_data
from tests.data import quiet_day as day_once_read
from tests.geofield.builders import profile

READ_STATIONS = "monitor.offline.calibration.archive_parts.read_stations"
QUIET = conrad("example5.sec")
STORM = conrad("example4.cdf")
MODEL = load_model(default_model_path())
EIGHT_YEARS_MS = 2922 * DAY_MS


def magwatch(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture(scope="module")
def quiet_day() -> Recording:
    return day_once_read()


@pytest.fixture(scope="module")
def plan() -> CalibrationPlan:
    settings = load_settings()
    return CalibrationPlan(window_spec(settings, MODEL.manifest), alert_rules(settings), 30.4375)


def test_data_that_are_partly_newer_than_kp_are_told(plan: CalibrationPlan) -> None:
    end_ms = time_ms(observed_days()[1]) + 3 * DAY_MS
    (warning,) = without_kp(end_ms, plan)
    assert f"ends on {observed_days()[1]}, and what is newer is not used: give a newer" in warning
    assert without_kp(end_ms - 2 * DAY_MS, plan) == []
    assert without_kp(end_ms, replace(plan, max_kp=9.0)) == []
    kp_file = KpFile(np.array([end_ms - DAY_MS]), np.array([1.0]))
    assert without_kp(end_ms, replace(plan, kp_file=kp_file)) == []


def test_a_check_counts_alerts_in_days_that_the_fit_has_not_seen(tmp_path: Path) -> None:
    result = magwatch(
        "calibrate", str(QUIET), str(STORM), "--check-from", "2020-01-01", "--to", "2024-05-10",
        "--false-alarms", "30", "--verbose",
        "--profiles", str(tmp_path), "--plot", str(tmp_path / "fit.svg"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    later = re.search(
        r"later data.*asked ([\d.]+) in ([\d.]+) quiet days, (\d+) opened", result.output
    )
    assert later is not None
    assert float(later[2]) == pytest.approx(1.0, abs=0.05)
    assert float(later[1]) == pytest.approx(float(later[2]) * 30 / 30.4375, abs=0.1)
    assert "with the fit's own uncertainty): kept" in result.output
    assert "in sample" in result.output
    fitted = load_profile(tmp_path / "WIC.json")
    assert fitted.quiet_days == pytest.approx(1.0, abs=0.02)
    assert fitted.threshold_days is not None
    assert fitted.position_deg == pytest.approx((47.93, 15.87), abs=0.01)
    assert "<svg" in (tmp_path / "fit.svg").read_text()[:500]


def test_the_figure_stands_beside_the_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_day: Recording
) -> None:
    monkeypatch.setattr(READ_STATIONS, lambda *_: [quiet_day])
    result = magwatch("calibrate", str(QUIET), "--profiles", str(tmp_path))
    assert f"{tmp_path / 'WIC.png'}: the fit" in result.output
    content = (tmp_path / "WIC.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 50_000
    first, used, *_ = result.output.splitlines()
    assert re.fullmatch(
        r"WIC: one false alert a month: threshold [\d.]+ times the quiet background\. Rests on "
        r"1\.0 quiet days; that is short: such a promise needs 20; these can promise 21 false "
        r"alerts a month \(--false-alarms 21\)\. The true rate may be one in \d+(\.\d)? to more "
        r"than 99 days \(95 %\)\.",
        first,
    )
    assert re.fullmatch(r"100 % of 1,3\d\d windows used", used)
    assert "background" not in result.output.removeprefix(first)
    assert f"{tmp_path / 'WIC.json'}: used from the first sample on" in result.output


def test_without_matplotlib_there_is_a_profile_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_day: Recording
) -> None:
    monkeypatch.setattr(READ_STATIONS, lambda *_: [quiet_day])
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = magwatch("calibrate", str(QUIET), "--profiles", str(tmp_path))
    assert result.exit_code == 0
    assert "no figure of the fit: matplotlib" in result.output
    assert "pip install '.[demo]'" in result.output
    assert load_profile(tmp_path / "WIC.json").windows > 1300
    asked = magwatch(
        "calibrate", str(QUIET), "--profiles", str(tmp_path), "--plot", str(tmp_path / "fit.png")
    )
    assert asked.exit_code == 4


def test_matplotlib_is_loaded_only_to_draw() -> None:
    loaded = "import monitor.commands.calibrate, sys; print('matplotlib' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--plot", "fit.jpg"], "fit.jpg: a figure must end in .png or .svg"),
        (
            ["--false-alarms", "0.1"],
            "304 days cannot be stated from 1.0 quiet days: take 2.1 more, or ask for at least "
            "0.31 a month (--false-alarms 0.31); 100 % of 1,3",
        ),
        (["--false-alarms", "9000"], "independent peaks"),
        (["--check-from", "2018-08-30"], "no quiet window after --check-from"),
        (["--check-from", "2018-08-29"], "no samples, so there is no declination"),
        (["--leave-out", "2018-08"], "'2018-08' is not a span of time like 2024-"),
        (["--leave-out", "2018-08-29"], "low enough is complete: all have gaps or are left out"),
        (["--effective", "tomorrow"], "'tomorrow' is neither soon nor always nor a time like"),
        (["--effective", "9999-01-01"], "9999-01-01 is too far ahead"),
        (["--leave-out", "2018-08-29T12:00:00.2/2018-08-29T12:00:00.8"], "the files hold nothing"),
        (["--leave-out", "2019-01-01T00:00/2019-01-01T01:00"], "the files hold nothing then"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    arguments: list[str], complaint: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, quiet_day: Recording,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(READ_STATIONS, lambda *_: [quiet_day])
    result = magwatch("calibrate", str(QUIET), *arguments)
    assert result.exit_code != 0
    assert complaint in result.output
    assert not list(tmp_path.rglob("*.json"))


def test_files_of_two_orientations_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_day: Recording
) -> None:
    turned = dict(zip("XYZ", quiet_day.elements.values(), strict=False))
    both = [quiet_day, replace(quiet_day, elements=turned)]
    monkeypatch.setattr(READ_STATIONS, lambda *_: both)
    result = magwatch("calibrate", str(QUIET), "--profiles", str(tmp_path))
    assert result.exit_code == 5
    assert "these files do not belong together: WIC HEZ, WIC XYZ" in result.output


def test_days_in_files_of_their_own_give_what_one_file_gives(
    quiet_day: Recording, plan: CalibrationPlan
) -> None:
    noon_ms = quiet_day.start_ms + DAY_MS // 2
    halves = [
        compact(quiet_day.between(quiet_day.start_ms, noon_ms)),
        compact(quiet_day.between(noon_ms, quiet_day.end_ms)),
    ]
    whole, parted = calibrated([compact(quiet_day)], MODEL, plan), calibrated(halves, MODEL, plan)
    np.testing.assert_array_equal(parted.scores.end_ms, whole.scores.end_ms)
    np.testing.assert_allclose(parted.scores.rmse, whole.scores.rmse, rtol=0.002)
    assert parted.profile.threshold == pytest.approx(whole.profile.threshold, rel=0.002)


def test_the_scores_are_those_of_the_worker(quiet_day: Recording, plan: CalibrationPlan) -> None:
    found = calibrated([compact(quiet_day)], MODEL, plan)
    rules = Rules(plan.window, plan.alert, MODEL.ref, {"WIC": (found.profile,)})
    records = [quiet_day.between(0, quiet_day.start_ms + DAY_MS // 4).samples(0.0)]
    _, outcome = step({}, records, MODEL.reconstruct, rules, kp_history([quiet_day]))
    scored = [one.score.rmse for one in outcome.scores if one.score]
    np.testing.assert_allclose(found.scores.rmse[: len(scored)], scored, rtol=0.002)


def test_a_day_more_costs_only_its_samples(quiet_day: Recording, plan: CalibrationPlan) -> None:
    one = peak_bytes([quiet_day], plan)
    later = replace(quiet_day, start_ms=quiet_day.start_ms + EIGHT_YEARS_MS)
    two = peak_bytes([quiet_day, later], plan)
    assert one < 30e6
    assert two - one < 3e6


def peak_bytes(days: list[Recording], plan: CalibrationPlan) -> int:
    """Most memory held at once while the scores of days are made."""
    scorer = QuietScorer(MODEL, plan.window, 0.0)
    parts = [compact(day) for day in days]
    tracemalloc.start()
    segments = [QuietSegment(run, ends_ms(run[0].start_ms, plan)) for run in divided_at_gaps(parts)]
    scorer.scores(segments, scorer.background_nt(segments))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def ends_ms(start_ms: int, plan: CalibrationPlan) -> np.ndarray:
    hop_ms = plan.window.hop_ms
    first = -(-start_ms // hop_ms) * hop_ms
    return np.arange(first + 600_000 // hop_ms * hop_ms + hop_ms, first + DAY_MS - 600_000, hop_ms)


def test_half_the_memory_keeps_more_than_archives_print() -> None:
    rng = np.random.default_rng(0)
    field_nt = {
        "X": 21_000 + rng.normal(0, 100, 5000).round(2),
        "Y": rng.normal(0, 100, 5000).round(2),
        "Z": 44_000 + rng.normal(0, 100, 5000).round(2),
        "F": np.full(5000, 48_750.0),
    }
    field_nt["X"][7], field_nt["Z"][9] = 99_999.0, np.nan
    kept = compact(Recording("WIC", 0, 1000, field_nt)).between(0, 5_000_000)
    assert set(kept.elements) == set("XYZ")
    assert np.isnan(kept.elements["X"][7])
    known = ~np.isnan(kept.elements["X"])
    np.testing.assert_allclose(kept.elements["X"][known], field_nt["X"][known], atol=3e-5, rtol=0)


def test_what_is_missing_between_files_is_missing_in_a_piece() -> None:
    def part(start_ms: int) -> Recording:
        return Recording("WIC", start_ms, 1000, {name: np.ones(10) for name in "HEZ"})

    parts = [compact(part(0)), compact(part(15_000)), compact(part(3 * DAY_MS))]
    assert [len(run) for run in divided_at_gaps(parts)] == [2, 1]
    values = piece(parts[:2], -2000, 20_000).elements["H"]
    assert np.flatnonzero(np.isnan(values)).tolist() == [0, 1, 12, 13, 14, 15, 16]


def test_profiles_made_before_the_interval_was_stated_are_read(tmp_path: Path) -> None:
    stated = replace(profile("WIC"), threshold_days=(0.5, 90.0))
    path = save_profile(stated, tmp_path)
    assert load_profile(path) == stated
    assert "95 % interval 0.5 to 90" in load_profile(path).promise
    old = msgspec.json.decode(path.read_bytes())
    del old["threshold_days"]
    path.write_bytes(msgspec.json.encode(old))
    assert "interval" not in load_profile(path).promise


def test_what_is_no_background_can_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_day: Recording
) -> None:
    """Works that shake the sensor for a minute, on the only day there is."""
    pulsed = {name: values.copy() for name, values in quiet_day.elements.items()}
    pulsed["Z"][43_200:43_260] += 4.0 * np.sin(np.arange(60) / 3.0)
    monkeypatch.setattr(
        READ_STATIONS,
        lambda *_: [replace(quiet_day, elements=pulsed)],
    )
    noon, asked = "2018-08-29T12:0", ("--effective", "always", "--profiles", str(tmp_path))

    def threshold(*more: str) -> tuple[float, str]:
        result = magwatch("calibrate", str(QUIET), *asked, *more, "--replace")
        assert result.exit_code == 0, result.output
        return load_profile(tmp_path / "WIC.json").threshold, result.output

    with_it, said = threshold()
    named = re.search(r"disturbance within (\S+) UTC stands.* would be ([\d.]+) without it", said)
    assert named is not None
    start, _, end = named[1].partition("/")
    assert start < f"{noon}0:00" < f"{noon}1:00" < end
    without, said = threshold("--leave-out", f"{noon}0/{noon}2")
    assert f"left out: {noon}0:00/{noon}2:00" in said
    assert "stands far above" not in said
    assert with_it > 1.2 * without
    reviews = tmp_path / "reviews.csv"
    reviews.write_text(
        "station,start,end,verdict\n"
        f"WIC,{noon}0:00Z,{noon}2:00Z,man-made\n"
        "WIC,2018-08-29T13:00:00Z,2018-08-29T14:00:00Z,natural\n"
        "WIC,2019-01-01T00:00:00Z,2019-01-01T01:00:00Z,instrument\n"  # not in these files
        "HON,2018-08-29T15:00:00Z,2018-08-29T16:00:00Z,man-made\n"
    )
    reviewed, said = threshold("--reviews", str(reviews))
    assert reviewed == without
    assert "left out by reviews of WIC: 2" in said
    assert float(named[2]) == pytest.approx(without, rel=0.05)
    monkeypatch.setattr(READ_STATIONS, lambda *_: [quiet_day])
    assert without == pytest.approx(threshold()[0], rel=0.1)


def test_a_car_beside_the_sensor_raises_no_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_day: Recording
) -> None:
    asked = ("--effective", "always", "--profiles", str(tmp_path), "--replace")

    def threshold(elements: dict[str, Float64]) -> tuple[float, str]:
        recording = replace(quiet_day, elements=elements)
        monkeypatch.setattr(READ_STATIONS, lambda *_: [recording])
        result = magwatch("calibrate", str(QUIET), *asked)
        assert result.exit_code == 0, result.output
        return load_profile(tmp_path / "WIC.json").threshold, result.output

    visited = {name: values.copy() for name, values in quiet_day.elements.items()}
    visited["Z"][43_200:43_220] += 7.0
    with_it, said = threshold(visited)
    without, _ = threshold(quiet_day.elements)
    assert with_it == pytest.approx(without, rel=0.03)
    assert re.search(r"not used: .*0\.\d+ % instrument faults or man-made pulses", said)


def test_the_promise_is_kept_at_honolulu(tmp_path: Path) -> None:
    archive = shared_data() / "HON_1s_202402-20240316.parquet"
    result = magwatch(
        "calibrate", str(archive), "--from", "2024-03-07", "--to", "2024-03-13",
        "--check-from", "2024-03-09", "--false-alarms", "13", "--profiles", str(tmp_path),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    later = [line for line in result.output.splitlines() if line.startswith("later data")]
    assert len(later) == 1
    assert later[0].endswith(": kept"), later[0]


def test_a_living_profile_keeps_its_promise_two_months_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fixed one opens 5 where 1.2 are asked, and 14 where 5 are."""
    monkeypatch.setenv("MAGWATCH_PROFILES_LIVE", "true")
    files = ("HON_1s_202402-20240316.parquet", "1s/HON_1s_20240317-20240508.parquet")
    result = magwatch(
        "calibrate", *(str(shared_data() / name) for name in files), "--from", "2024-03-10",
        "--check-from", "2024-03-17", "--false-alarms", "4.35", "--profiles", str(tmp_path),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = re.findall(
        r"asked ([\d.]+) in 8\.\d quiet days, (\d+) opened.*: kept$", result.output, re.MULTILINE
    )
    assert len(found) == 2, result.output
    assert float(found[0][0]) == pytest.approx(1.2, abs=0.1)
