"""A recipe with a catalogue: classes from earthquakes, and a leak that is refused."""

import numpy as np
import pytest

from tests.training.builders import ON_EARTHQUAKES, RECIPE, write_archive, write_catalogue
from tests.training.conftest import run_train
from training.labels import split as splitting
from training.labels.split import Sides
from training.pipelines.prepared_data import prepare
from training.recipe.recipe import load_recipe
from training.results import decode

# Five in the days of training, two in those of validation, five in those of the test.
QUAKES = [5.0, 9.5, 14.0, 18.5, 22.0, 29.0, 32.4, 40.0, 44.5, 49.0, 53.5, 57.0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earthquakes")
    write_archive(folder)
    write_catalogue(folder, QUAKES)
    text = RECIPE.replace('source = "synthetic"', 'source = "catalogue"') + ON_EARTHQUAKES
    (folder / "tiny.toml").write_text(text)
    return folder


def test_both_classes_are_real_windows_of_their_own_sides(folder):
    bench = prepare(load_recipe(folder / "tiny.toml"), folder, "cpu")
    assert bench.labelled is not None
    assert bench.material.seismic is not None
    assert len(bench.labelled.validation.seismic_nt) > 20
    seismic, controls = len(bench.material.seismic), len(bench.material.analytic)
    assert seismic > 100
    assert 0.5 * seismic < controls <= 2 * seismic


def test_such_a_model_is_trained_and_judged_on_earthquakes(folder):
    result = run_train(folder, folder / "out")
    assert result.exit_code == 0, result.output
    evaluation = decode((folder / "out/tiny.evaluation.json").read_bytes())
    (real,) = evaluation.labelled
    assert real.events >= 3
    assert evaluation.verdict == real.verdict
    assert evaluation.verdict.words.startswith("no skill shown: ")
    card = (folder / "out/tiny.md").read_text()
    assert evaluation.verdict.words in card
    assert "No labelled" not in card


def test_a_planted_leak_is_refused_by_name(folder, monkeypatch):
    """As if the windows of one earthquake had been divided between training and validation."""
    real_split = splitting.split

    def leaking(labels, rules):
        train, validation, test = real_split(labels, rules)
        own = np.flatnonzero(labels.block == 2)
        train, validation = train.copy(), validation.copy()
        train[own], validation[own] = False, False
        train[own[::2]], validation[own[1::2]] = True, True
        return Sides(train, validation, test)

    monkeypatch.setattr("training.data.earthquake_windows.split", leaking)
    result = run_train(folder, folder / "leak")
    assert result.exit_code == 1
    assert "made-up-2" in result.output
    assert "Traceback" not in result.output
    assert not (folder / "leak").exists()


def test_days_out_of_order_are_refused(folder, tmp_path):
    text = (folder / "tiny.toml").read_text()
    swapped = text.replace('train_days = ["2024-01-01/2024-01-25"]', 'train_days = ["2024-03-01"]')
    (tmp_path / "tiny.toml").write_text(swapped)
    for name in ("tiny.parquet", "quakes.csv"):
        (tmp_path / name).symlink_to(folder / name)
    result = run_train(tmp_path, tmp_path / "out")
    assert result.exit_code == 1
    assert "must follow" in result.output
