"""The real commands on a small archive: files, determinism, verdicts, refusals."""

import os
from unittest.mock import patch

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from archive.model import load_manifest, load_model
from support.spans import span_of
from tests.training.builders import RECIPE, write_recipe
from tests.training.conftest import run_train as run
from training.data.windows import open_archive, windows_of
from training.pipelines.publish import train, write_models
from training.recipe.recipe import load_recipe
from training.report.card import render_card
from training.results import CLASSIFIER, CONTROL, NEGATIVE, decode

LEFT_OUT = "2024-01-11T06:00/2024-01-11T07:00"


@pytest.fixture(scope="module")
def evaluation(published):
    return decode((published / "tiny.evaluation.json").read_bytes())


@pytest.mark.parametrize("name", ["tiny", "rivals/tiny-control", "rivals/tiny-classifier"])
def test_every_model_loads_where_it_is_served_and_scores(published, name):
    model = load_model(published / f"{name}.onnx")
    spec = model.manifest.window.spec()
    field_nt = np.random.default_rng(0).normal(0, 0.1, (3, spec.span, 3)).astype(np.float32)
    errors = model.reconstruct(field_nt, np.full((3, 3), 0.03, np.float32))
    assert errors.rmse.shape == (3,)
    assert (errors.rmse > 0).all()


def test_the_same_recipe_gives_the_same_files_on_more_cores(folder, published):
    assert run(folder, folder / "two", cores=2).exit_code == 0
    for path in (one for one in published.rglob("*.*") if one.is_file()):
        assert (folder / "two" / path.relative_to(published)).read_bytes() == path.read_bytes()


def test_another_seed_gives_another_model(folder, published):
    recipe = load_recipe(folder / "tiny.toml")
    recipe = replace(recipe, training=replace(recipe.training, seeds=[7]))
    with patch.object(os, "cpu_count", return_value=1):
        candidates = train(recipe, folder, "cpu", lambda *_: lambda *_: None)
    write_models(candidates, folder / "tiny.toml", folder / "other")
    assert (folder / "other/tiny.onnx").read_bytes() != (published / "tiny.onnx").read_bytes()
    assert load_manifest(folder / "other/tiny.json").recipe["seed"] == "7"


def test_the_manifest_says_what_the_model_was_made_of(published):
    manifest = load_manifest(published / "tiny.json")
    assert manifest.skill.startswith("no skill shown on real earthquakes")
    assert "synthetic" in manifest.provenance.seismic
    assert manifest.provenance.station == "TST"
    assert manifest.recipe["file"] == "tiny.toml"


def test_what_is_left_out_is_not_trained_on_and_the_card_says_why(folder, published):
    recipe = load_recipe(folder / "tiny.toml")
    samples = open_archive(recipe.data, folder).samples
    span = span_of(LEFT_OUT)
    begin, stop = ((at - samples.start_ms) // 60_000 for at in (span.start_ms, span.end_ms))
    missing = np.flatnonzero(np.isnan(samples.field_nt).any(axis=1))
    assert missing.tolist() == list(range(begin, stop))
    windows = windows_of(samples, recipe.data.train_days, recipe.window.spec())
    assert not ((windows.end_ms > span.start_ms) & (windows.end_ms <= span.end_ms)).any()
    card = (published / "tiny.md").read_text()
    assert "- 2024-01-11T06:00:00/2024-01-11T07:00:00: Somebody mowed the lawn." in card
    assert "are not the natural field" in card


def test_a_rival_cannot_pass_for_a_monitor(published):
    for suffix in ("control", "classifier"):
        manifest = load_manifest(published / f"rivals/tiny-{suffix}.json")
        assert "not a monitor" in manifest.skill


def test_every_method_is_judged_on_every_family_and_at_the_promised_rate(evaluation):
    (known,) = evaluation.injections
    methods = {NEGATIVE, CONTROL, CLASSIFIER, "polarization ratio", "peak amplitude", "window RMS"}
    random = [cell for cell in known.cells if cell.polarization == "random"]
    assert {cell.method for cell in random} == methods
    assert {cell.family for cell in random} == {"damped-oscillation", "noise-burst", "z-pulse"}
    assert {cell.polarization for cell in known.cells} == {"random", "horizontal", "vertical"}
    assert {row.method for row in known.sensitivity} == methods
    assert {row.method for row in known.false_alarms} == methods
    assert {row.asked_per_month for row in known.false_alarms} == {4.0, 30.0}
    for row in known.sensitivity:
        assert row.packets > 10
        assert row.found == sorted(row.found)
        assert [half.asked_per_month for half in row.half] == [4.0, 30.0]
    assert [one.method for one in known.left_over] == [NEGATIVE, CONTROL]
    assert all(0 < one.median < 2 for one in known.left_over)


def test_the_card_and_the_page_are_made_of_manifest_and_evaluation(published, evaluation):
    manifest = load_manifest(published / "tiny.json")
    card = (published / "tiny.md").read_text()
    assert card == render_card(manifest, evaluation)
    assert "does not predict earthquakes" in card
    assert manifest.sha256 in card
    assert "Made in haste." in card
    page = (published / "tiny.html").read_text()
    assert "No skill shown" in page
    assert manifest.sha256 in page


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("tiny.parquet", "gone.parquet", "no such file"),
        ("2024-02-05/2024-02-29", "2025-02-05", "no complete window on 2025-02-05"),
        ("2024-02-05/2024-02-29", "yesterday", "not a date"),
        ("2024-02-05/2024-02-29", "2024-02-29/2024-02-05", "ends before it begins"),
        ("kp_max = 9.0", "kp_max = -1.0", "Kp"),
        ("2024-01-11T07:00", "2024-01-11T06:00", "data.left_out: "),
        (LEFT_OUT, "2025-01-11T06:00/2025-01-11T07:00", "the files hold nothing in 2025-01-11"),
    ],
)
def test_a_mistake_of_the_user_is_one_line(tmp_path, folder, old, new, reason):
    write_recipe(tmp_path, old, new)
    (tmp_path / "tiny.parquet").symlink_to(folder / "tiny.parquet")
    result = run(tmp_path, tmp_path / "out")
    assert result.exit_code == 1
    assert reason in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_an_unknown_device_is_refused(folder):
    result = run(folder, folder / "no", "--device", "abacus")
    assert result.exit_code == 1
    assert "abacus" in result.output


def test_an_ablation_without_a_grid_says_what_is_missing(folder):
    result = run(folder, folder / "no", "--ablation")
    assert result.exit_code == 1
    assert "[ablation]" in result.output


def test_an_ablation_tries_every_arm_of_the_grid_and_the_card_shows_it(folder):
    grid = """
[ablation]
kinds = [{kind = "hinge", weight = 1.0, margin = 1.0}]
weights = [1.0]
margins = []
policies = ["trailing", "window"]
trailing_samples = 720
steps = 4
elsewhere = []
"""
    own = folder / "ablated"
    own.mkdir()
    (own / "tiny.toml").write_text(RECIPE + grid)
    (own / "tiny.parquet").symlink_to(folder / "tiny.parquet")
    result = run(own, own / "out", "--ablation")
    assert result.exit_code == 0, result.output
    rows = msgspec.json.decode((own / "out/tiny.ablation.json").read_bytes())
    assert [(row["loss"], row["weight"], row["scale_policy"]) for row in rows] == [
        ("log-error", 10.0, "station"),
        ("log-error", 0.0, "station"),
        ("hinge", 1.0, "station"),
        ("log-error", 1.0, "station"),
        ("log-error", 10.0, "trailing"),
        ("log-error", 10.0, "window"),
    ]
    assert "hinge" in result.output
