"""`magwatch evaluate`: what is planted in an archive has to be found, and nothing else."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from archive.kp_file import KpFile
from archive.recording import Recording
from geofield.alerts.alert import AlertRules
from geofield.indices import KP
from geofield.series.samples import Samples
from geofield.utc import DAY_MS, time_ms
from tests.training.builders import (
    DAYS,
    ON_EARTHQUAKES,
    RECIPE,
    SAMPLES_A_DAY,
    write_catalogue,
    write_field,
)
from training.commands.evaluate import evaluate
from training.data.windows import DayWindows, non_seismic
from training.evaluation.data_split import divided
from training.pipelines.station_cases import third_ms
from training.recipe.recipe import load_recipe
from training.recipe.section import RecipeRefused
from training.results import decode

QUAKES = np.arange(22.4, 58.0, 4.5)
SEED = 3


def background():
    rng = np.random.default_rng(SEED)
    count = DAYS * SAMPLES_A_DAY
    pulsation = np.cumsum(rng.normal(0, 0.02, count))
    return pulsation[:, None] * [1.0, 0.4, 0.1] + rng.normal(0, 0.02, (count, 3))


def with_bursts_before(days):
    """Bursts of noise ten times the background through the day before each of `days`."""
    field = background()
    rng = np.random.default_rng(SEED + 1)
    for day in days:
        lead = slice(round((day - 1) * SAMPLES_A_DAY), round((day - 0.1) * SAMPLES_A_DAY))
        field[lead] += rng.normal(0, 0.3, field[lead].shape)
    return field


def recipe(folder):
    path = folder / "rules.toml"
    path.write_text(RECIPE.replace('beat = ["window RMS"]', 'beat = ["Kp alone"]') + ON_EARTHQUAKES)
    return path


def run(published, folder, *more):
    return run_by(recipe(folder), published, folder, *more)


def run_by(rules, published, folder, *more):
    arguments = ["--model", str(published / "tiny.onnx"), "--data", str(folder / "tiny.parquet")]
    arguments += ["--output", str(folder / "out"), "--recipe", str(rules), *more]
    return CliRunner().invoke(evaluate, arguments)


def judged(published, folder, quakes, *more):
    catalogue = write_catalogue(folder, quakes)
    result = run(published, folder, "--catalogue", str(catalogue), *more)
    assert result.exit_code == 0, result.output
    return decode((folder / "out/tiny-TST.evaluation.json").read_bytes()), result.output


def test_transients_planted_before_each_earthquake_are_skill_shown(published, tmp_path):
    write_field(tmp_path, with_bursts_before(QUAKES))
    evaluation, output = judged(published, tmp_path, QUAKES)
    assert evaluation.verdict.shown, evaluation.verdict.words
    assert "skill shown" in output
    assert "no skill" not in output
    (real,) = evaluation.labelled
    assert real.events >= 5
    assert real.methods[0].auc > 0.9
    page = (tmp_path / "out/tiny-TST.html").read_text()
    assert "predict" not in page.replace("does not predict", "")


def test_the_same_transients_with_the_catalogue_shuffled_are_no_skill(published, tmp_path):
    write_field(tmp_path, with_bursts_before(QUAKES))
    moved = np.sort(np.random.default_rng(SEED).uniform(22, 58, len(QUAKES)))
    evaluation, output = judged(published, tmp_path, moved)
    assert not evaluation.verdict.shown
    assert "no skill shown" in output


def test_without_an_effect_no_skill_is_shown_and_the_papers_p_stands_beside_the_other(
    published, tmp_path
):
    write_field(tmp_path, background())
    evaluation, _ = judged(published, tmp_path, QUAKES)
    assert evaluation.verdict.words.startswith("no skill shown: ")
    (real,) = evaluation.labelled
    names = [method.method for method in real.methods]
    assert names[0] == "negative learning"
    assert {"plain autoencoder", "window RMS", "polarization ratio", "Kp alone"} <= set(names)
    assert all(len(method.shuffled_auc) >= 200 for method in real.methods)
    assert real.windows[0] > real.windows[1] > 0
    first = real.methods[0]
    page = (tmp_path / "out/tiny-TST.html").read_text()
    assert f"{first.event_p:.2f}" in page
    assert first.placebo_auc is not None


def test_transients_and_earthquakes_can_be_asked_for_at_once(published, tmp_path):
    write_field(tmp_path, background())
    catalogue = write_catalogue(tmp_path, QUAKES)
    more = ("--inject", "--station", "NEW")
    result = run(published, tmp_path, "--catalogue", str(catalogue), *more)
    assert result.exit_code == 0, result.output
    evaluation = decode((tmp_path / "out/tiny-NEW.evaluation.json").read_bytes())
    assert evaluation.injections[0].station == "NEW"
    assert len(evaluation.labelled) == 1


def test_what_is_not_the_field_is_left_out_of_what_is_judged(published, tmp_path):
    span = "2024-01-21T00:00:00/2024-02-20T00:00:00"  # of forty judged days ten are left
    write_field(tmp_path, background())
    until = ("--calibrate-until", "2024-01-21")
    result = run(published, tmp_path, "--inject", "--leave-out", span, *until)
    assert result.exit_code == 0, result.output
    found = decode((tmp_path / "out/tiny-TST.evaluation.json").read_bytes())
    assert found.left_out == [span]
    assert 9 * SAMPLES_A_DAY < 32 * found.injections[0].windows < 10 * SAMPLES_A_DAY
    assert span in (tmp_path / "out/tiny-TST.html").read_text()


def with_a_gap(begin_day, end_day, days=DAYS):
    field_nt = background()[: days * SAMPLES_A_DAY]
    field_nt[begin_day * SAMPLES_A_DAY : end_day * SAMPLES_A_DAY] = np.nan
    return field_nt


def test_a_third_of_the_data_calibrates_whatever_the_calendar():
    field_nt = with_a_gap(8, 36)  # of 32 days of data 10.7 are a third
    station = Recording("TST", 0, 60_000, dict(zip("HEZ", field_nt.T, strict=True)))
    assert third_ms(station) == pytest.approx(38.67 * DAY_MS, abs=0.01 * DAY_MS)


def test_few_transients_are_warned_of_and_none_is_a_refusal(published, tmp_path):
    field_nt = with_a_gap(15, 29, days=30)
    write_field(tmp_path, field_nt)
    rules = recipe(tmp_path)
    rules.write_text(rules.read_text().replace("apart = 720", "apart = 720\npackets = 5"))
    more = ("--inject", "--calibrate-until", "2024-01-16")
    result = run_by(rules, published, tmp_path, *more)
    assert result.exit_code == 0, result.output
    assert "few transients could be tried, of some duration 2 at each" in result.output
    assert "no transient of" not in result.output
    rules.write_text(rules.read_text().replace("durations = [64]", "durations = [64, 600]"))
    field_nt[29 * SAMPLES_A_DAY + 725] = np.nan  # between two short transients, within the long one
    write_field(tmp_path, field_nt)
    result = run_by(rules, published, tmp_path, *more)
    assert "no transient of 36,000 s could be tried: the curves leave this" in result.output
    field_nt[15 * SAMPLES_A_DAY :: 100] = np.nan
    write_field(tmp_path, field_nt)
    result = run_by(rules, published, tmp_path, *more)
    assert result.exit_code == 1
    assert "none can be tried" in result.output
    assert "Traceback" not in result.output


def test_the_recipe_says_when_alerts_open(published, tmp_path):
    write_field(tmp_path, background()[: 25 * SAMPLES_A_DAY])

    def alarms(**rule):
        path = recipe(tmp_path)
        lines = [f"{name} = {value}" for name, value in rule.items()]
        path.write_text("\n".join([path.read_text(), "[alert]", *lines]))
        return path

    ruled = load_recipe(alarms(k=1, n=1, clear=1, cooldown_s=0.0))
    samples = Samples("TST", 0, 60_000, np.zeros((2000, 3)))
    ground = divided(samples, ["1970-01-01"], ["1970-01-02"], ruled.window.model_window(), ruled)
    assert ground.stream.alert == AlertRules(k=1, n=1, clear=1, cooldown_ms=0)
    with pytest.raises(RecipeRefused, match=r"alert: k of n needs 1 <= k <= n, not 3 of 2"):
        load_recipe(alarms(k=3, n=2))


def test_a_kp_file_tells_which_new_days_are_quiet(tmp_path):
    recipe_of = load_recipe(recipe(tmp_path))
    start_ms = time_ms("2048-08-29")
    samples = Samples("TST", start_ms, 60_000, np.zeros((2880, 3)))
    days = ["2048-08-29"], ["2048-08-30"]
    ends_ms = np.array([start_ms + DAY_MS // 2, start_ms + 3 * DAY_MS // 2])
    windows = DayWindows(ends_ms, np.zeros((2, 1, 3), np.float32))
    starts_ms = np.arange(start_ms, start_ms + 2 * DAY_MS, KP.interval_ms)
    kp_file = KpFile(starts_ms, np.where(np.arange(16) < 8, 1.0, 7.0))
    window = recipe_of.window.model_window()
    with_file = divided(samples, *days, window, recipe_of, kp_file).stream.history
    quiet = non_seismic(windows, window.spec(), 3.0, with_file)
    assert quiet.tolist() == [True, False]
    without = divided(samples, *days, window, recipe_of).stream.history
    with pytest.raises(RecipeRefused, match="no training window has a known Kp"):
        non_seismic(windows, window.spec(), 3.0, without)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ([], "nothing to judge on"),
        (["--inject", "--calibrate-until", "2031-01-01"], "cannot be divided"),
        (["--inject", "--latitude", "3"], "go together"),
        (["--inject", "--model", "gone.onnx"], "no such model"),
        (["--inject", "--data", "gone.sec"], "no such file"),
        (["--catalogue", "gone.csv"], "gone.csv"),
        (["--inject", "--leave-out", "yesterday"], "not a span of time"),
        (
            ["--inject", "--leave-out", "1999-01-01T00:00/1999-01-02T00:00"],
            "the files hold nothing",
        ),
    ],
)
def test_a_mistake_of_the_user_is_one_line(published, tmp_path, more, reason):
    write_field(tmp_path, background()[: 6 * SAMPLES_A_DAY])
    result = run(published, tmp_path, *more)
    assert result.exit_code in (1, 2)
    assert reason in result.output
    assert "Traceback" not in result.output


@pytest.fixture
def alone(published, tmp_path):
    """The model without its rivals, as an installed package has it."""
    folder = tmp_path / "alone"
    folder.mkdir()
    for suffix in (".onnx", ".json"):
        shutil.copy(published / f"tiny{suffix}", folder)
    return folder


def test_without_rivals_a_model_is_judged_on_transients_and_what_is_missing_is_said(
    alone, tmp_path
):
    write_field(tmp_path, background()[: 25 * SAMPLES_A_DAY])
    result = run(alone, tmp_path, "--inject")
    assert result.exit_code == 0, result.output
    assert f"without the plain autoencoder: no {alone}/rivals/tiny-control.onnx" in result.output
    assert "pip install --editable" in result.output


def test_a_verdict_that_has_to_beat_a_missing_rival_is_refused_at_once(alone, tmp_path):
    rules = recipe(tmp_path)
    rules.write_text(rules.read_text().replace('["Kp alone"]', '["plain autoencoder"]'))
    arguments = ["--model", str(alone / "tiny.onnx"), "--recipe", str(rules)]
    result = CliRunner().invoke(evaluate, [*arguments, "--data", "gone", "--catalogue", "gone"])
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert "no such file" not in line
    assert "pip install --editable" in line
    assert "verdict.beat" in line


def test_earthquakes_too_far_away_are_a_refusal_with_the_step(published, tmp_path):
    write_field(tmp_path, background())
    catalogue = write_catalogue(tmp_path, QUAKES)
    far = run(
        published, tmp_path, "--catalogue", str(catalogue), "--latitude", "-60", "--longitude", "0"
    )
    assert far.exit_code == 1
    assert "within 300 km: 0 earthquakes" in far.output.replace("\n", " ")


def test_days_that_trained_the_model_are_said_to_be_no_test(published, tmp_path):
    write_field(tmp_path, background()[: 25 * SAMPLES_A_DAY])
    result = run(published, tmp_path, "--inject")
    assert "is no test" in result.output


def test_a_model_whose_recipe_is_not_shipped_asks_for_it(published, tmp_path):
    write_field(tmp_path, background()[: 6 * SAMPLES_A_DAY])
    arguments = ["--model", str(published / "tiny.onnx"), "--data", str(tmp_path / "tiny.parquet")]
    result = CliRunner().invoke(evaluate, [*arguments, "--inject"])
    assert result.exit_code == 1
    assert "--recipe" in result.output


def test_the_command_does_not_wait_for_pytorch():
    code = "import sys, training.commands.evaluate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
