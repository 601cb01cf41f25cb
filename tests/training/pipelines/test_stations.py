"""A recipe with other stations: in training, held out for validation, and kept for the test."""

import hashlib
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from archive.model import load_manifest
from tests.training.builders import RECIPE
from tests.training.conftest import run_train
from training.pipelines.prepared_data import prepare
from training.recipe.recipe import load_recipe
from training.results import NEGATIVE, decode

LOUDER = 10.0
STATIONS = """
[[stations]]
use = "train"
files = ["loud.parquet"]
days = ["2024-01-01/2024-01-10"]

[[stations]]
use = "validation"
files = ["loud.parquet"]
days = ["2024-01-20/2024-01-24"]

[[stations]]
use = "test"
files = ["loud.parquet"]
calibration_days = ["2024-01-25/2024-02-08"]
days = ["2024-02-09/2024-02-29"]
left_out = [{span = "2024-02-10T00:00/2024-02-10T01:00", why = "A car."}]
"""


@pytest.fixture(scope="module")
def several(folder, tmp_path_factory):
    """The small archive, another station with ten times its field, and their recipe."""
    path = tmp_path_factory.mktemp("several")
    shutil.copy(folder / "tiny.parquet", path)
    table = pq.read_table(path / "tiny.parquet")
    for name in "HEZ":
        column = table.column_names.index(name)
        field = table[name].to_numpy()
        louder = field.mean() + LOUDER * (field - field.mean())
        table = table.set_column(column, name, [louder])
    about = {**table.schema.metadata, b"station": b"LWD"}
    pq.write_table(table.replace_schema_metadata(about), path / "loud.parquet")
    (path / "tiny.toml").write_text(RECIPE + STATIONS)
    return path


@pytest.fixture(scope="module")
def bench(several):
    return prepare(load_recipe(several / "tiny.toml"), several, "cpu")


def test_windows_of_every_training_station_are_in_units_of_its_own_scale(bench):
    material = bench.material
    ratio = material.signal_unit_nt / np.array(material.scale_nt)
    loud = ratio[:, 0] > LOUDER / 2
    assert 0 < loud.sum() < (~loud).sum()
    np.testing.assert_allclose(ratio[~loud], 1.0)
    np.testing.assert_allclose(ratio[loud], LOUDER, rtol=0.2)
    np.testing.assert_array_equal(material.signal_unit_nt, material.row_scale_nt)
    rms = material.analytic.real.square().mean(dim=(1, 2)).sqrt().numpy()
    assert np.median(rms[loud]) == pytest.approx(np.median(rms[~loud]), rel=0.2)


def test_a_held_out_station_is_validated_on_in_its_own_scale(bench):
    (held_out,) = bench.validation_elsewhere
    ratio = np.array(held_out.injection.scale_nt) / np.array(bench.material.scale_nt)
    np.testing.assert_allclose(ratio, LOUDER, rtol=0.2)
    seen = []

    class Spy:
        """A network that notes what it is shown; every score is the loudness."""

        def parameters(self):
            yield bench.material.analytic.real

        def misses(self, scaled):
            seen.append(float(scaled.square().mean().sqrt()))
            error = scaled.square().mean(dim=(1, 2)).log()
            return type("Shown", (), {"error": error})

    auc = bench.judge()(Spy())
    assert 0.5 < auc < 1
    assert max(seen) < 30  # in nT over the scale of the first station it would be ten times that


def test_the_evaluation_and_the_card_say_what_each_station_was_for(several):
    result = run_train(several, several / "out")
    assert result.exit_code == 0, result.output
    evaluation = decode((several / "out/tiny.evaluation.json").read_bytes())
    first, kept = evaluation.injections
    assert (first.station, kept.station) == ("TST", "LWD")
    assert kept.days == ["2024-02-09/2024-02-29"]
    assert {row.station for row in kept.false_alarms} == {"LWD"}
    assert "2024-02-10T00:00:00/2024-02-10T01:00:00: A car." in evaluation.left_out
    manifest = load_manifest(several / "out/tiny.json")
    sha256 = hashlib.sha256((several / "loud.parquet").read_bytes()).hexdigest()
    assert manifest.provenance.files_sha256["loud.parquet"] == sha256
    card = (several / "out/tiny.md").read_text()
    assert "- train LWD: 2024-01-01/2024-01-10" in card
    assert "calibrated on 2024-01-25/2024-02-08" in card
    alarms = next(
        row
        for row in kept.false_alarms
        if row.method == NEGATIVE and row.asked_per_month == kept.false_alarms_per_month
    )
    told = re.search(r"- LWD, 2024-02-09 to 2024-02-29: (\d+) false alarms", card)
    assert told is not None, card[:600]
    assert int(told[1]) == alarms.opened
    assert "In short: other stations and seasons" in (several / "out/tiny.html").read_text()
