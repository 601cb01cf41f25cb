"""`magwatch evaluate`: what is planted in an archive has to be found, and nothing else."""

import numpy as np
import pytest
from click.testing import CliRunner

from tests.training.builders import (
    DAYS,
    ON_EARTHQUAKES,
    RECIPE,
    SAMPLES_A_DAY,
    write_catalogue,
    write_field,
)
from training.commands.evaluate import evaluate
from training.evaluation import decode

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
    arguments = ["--model", str(published / "tiny.onnx"), "--data", str(folder / "tiny.parquet")]
    arguments += ["--output", str(folder / "out"), "--recipe", str(recipe(folder)), *more]
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
    result = run(published, tmp_path, "--inject", "--leave-out", span)
    assert result.exit_code == 0, result.output
    found = decode((tmp_path / "out/tiny-TST.evaluation.json").read_bytes())
    assert found.left_out == [span]
    assert 9 * SAMPLES_A_DAY < 32 * found.injections[0].windows < 10 * SAMPLES_A_DAY
    assert span in (tmp_path / "out/tiny-TST.html").read_text()


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
