"""The real command on a small archive: files, determinism, refusals."""

import numpy as np
import pytest
from click.testing import CliRunner

from archive.model import load_manifest, load_model
from tests.training.builders import write_archive, write_recipe
from training.card import render_card
from training.commands import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    write_archive(folder)
    write_recipe(folder)
    return folder


def run(folder, output, *more):
    arguments = [str(folder / "tiny.toml"), "--data", str(folder), "--output", str(output), *more]
    return CliRunner().invoke(train, arguments)


@pytest.fixture(scope="module")
def published(folder):
    result = run(folder, folder / "one")
    assert result.exit_code == 0, result.output
    return folder / "one"


def test_the_model_loads_where_it_is_served_and_scores(published):
    model = load_model(published / "tiny.onnx")
    spec = model.manifest.window.spec()
    field_nt = np.random.default_rng(0).normal(0, 0.1, (3, spec.span, 3)).astype(np.float32)
    errors = model.reconstruct(field_nt, np.full((3, 3), 0.03, np.float32))
    assert errors.rmse.shape == (3,)
    assert np.isfinite(errors.rmse).all()


def test_the_same_recipe_gives_the_same_weights_again(folder, published):
    assert run(folder, folder / "two").exit_code == 0
    assert (folder / "two/tiny.onnx").read_bytes() == (published / "tiny.onnx").read_bytes()
    assert (folder / "two/tiny.json").read_bytes() == (published / "tiny.json").read_bytes()


def test_another_seed_gives_other_weights(folder, published):
    assert run(folder, folder / "other", "--seed", "7").exit_code == 0
    assert (folder / "other/tiny.onnx").read_bytes() != (published / "tiny.onnx").read_bytes()
    assert load_manifest(folder / "other/tiny.json").recipe["seed"] == "7"


def test_the_manifest_says_what_the_model_was_made_of_and_what_it_showed(published):
    manifest = load_manifest(published / "tiny.json")
    assert manifest.skill == "no skill shown: a test"
    assert "synthetic" in manifest.provenance.seismic
    assert manifest.provenance.station == "TST"
    for method in ("negative learning", "plain autoencoder", "window RMS"):
        for family in ("damped-oscillation", "noise-burst", "pulse"):
            assert 0 <= manifest.metrics[f"{method}.{family}.snr8.auc"] <= 1
    assert manifest.recipe["file"] == "tiny.toml"


def test_the_card_is_the_manifest_in_words(published):
    manifest = load_manifest(published / "tiny.json")
    card = (published / "tiny.md").read_text()
    assert card == render_card(manifest)
    assert "does not predict earthquakes" in card
    assert manifest.sha256 in card
    assert "- Made in haste." in card


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("tiny.parquet", "gone.parquet", "no such file"),
        ("2024-03-12", "2024-03-29", "no complete window on 2024-03-29"),
        ("2024-03-12", "yesterday", "not a date"),
        ("kp_max = 3.0", "kp_max = -1.0", "Kp"),
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
