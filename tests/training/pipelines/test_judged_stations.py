"""A model judged at several small synthetic stations at once, and its own card made anew."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from archive.model import load_model
from geofield.calibration.living.rules import LivingRules, half_life_ms
from tests.training.builders import FIRST_DAY, RECIPE, SAMPLES_A_DAY
from tests.training.test_shipped import MODEL
from training.commands.evaluate import evaluate
from training.recipe.recipe import load_recipe, shipped_recipe
from training.results import NEGATIVE, decode

CALIBRATED, DAYS = 15, 32
TABLES = """
[[stations]]
use = "test"
files = ["cal.parquet"]
calibration_days = ["2024-01-01/2024-01-15"]
days = ["2024-01-16/2024-02-01"]
left_out = [{span = "2024-01-20T00:00/2024-01-20T06:00", why = "A car."}]

[[drift]]
files = ["lwd.parquet"]
calibration_days = ["2024-01-01/2024-01-15"]
days = ["2024-01-18/2024-02-01"]

[[man_made]]
name = "a pulse"
file = "cal.parquet"
marked = ["2024-01-09T00:00:00"]
"""


def write_station(folder, code, seed, days=DAYS, louder_from=None):
    """A correlated field, a sample a minute; from a day on with more noise."""
    rng = np.random.default_rng(seed)
    count = days * SAMPLES_A_DAY
    pulsation = np.cumsum(rng.normal(0, 0.02, count))
    field = pulsation[:, None] * [1.0, 0.4, 0.1] + rng.normal(0, 0.02, (count, 3))
    if louder_from is not None:
        loud = slice(louder_from * SAMPLES_A_DAY, None)
        field[loud] += rng.normal(0, 0.03, field[loud].shape)
    times = np.datetime64(FIRST_DAY, "ms") + 60_000 * np.arange(count)
    columns = dict(zip("HEZ", field.T + np.array([[27_000.0], [0.0], [21_000.0]]), strict=True))
    about = {"station": code, "components": "H nT, E nT, Z nT", "lat": "10.0", "lon": "20.0"}
    table = pa.table({"time": times, **columns}).replace_schema_metadata(about)
    pq.write_table(table, folder / f"{code.lower()}.parquet")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged") / "data"
    folder.mkdir()
    write_station(folder, "CAL", 1)
    write_station(folder, "LWD", 2, louder_from=CALIBRATED + 3)
    return folder


def run(model, data, output, *more):
    rules = data.parent / "rules.toml"
    text = RECIPE.replace("kp_max = 9.0", "kp_max = 1.5")  # some windows are disturbed
    rules.write_text(f"{text}\n[profile]\nhalf_life_windows = 200\n")  # four days and a half
    arguments = ["--model", str(model), "--recipe", str(rules), "--output", str(output)]
    return CliRunner().invoke(evaluate, [*arguments, "--data", *map(str, more)])


@pytest.fixture(scope="module")
def folder_judged(published, data):
    """Two stations of a folder, and one of a single day."""
    write_station(data, "DAY", 3, days=1)
    until = ("--inject", "--calibrate-until", "2024-01-16")
    result = run(published / "tiny.onnx", data, data.parent / "out", data, *until)
    (data / "day.parquet").unlink()
    assert result.exit_code == 0, result.output
    content = (data.parent / "out/tiny-stations.evaluation.json").read_bytes()
    return result.output, decode(content)


def model_alarms(known):
    rows = [row for row in known.false_alarms if row.method == NEGATIVE]
    return max(rows, key=lambda row: row.asked_per_month)


def test_every_station_of_a_folder_is_judged_and_one_that_cannot_be_is_told(folder_judged):
    output, evaluation = folder_judged
    assert "not judged: DAY: data from 2024-01-01 to 2024-01-01 cannot be divided" in output
    assert "What an operator gets at 2 stations on days that trained nothing (CAL, LWD)" in output
    assert [known.station for known in evaluation.injections] == ["CAL", "LWD"]
    for known in evaluation.injections:
        assert known.calibration_days == ["2024-01-01/2024-01-15"]
        assert known.days == ["2024-01-16/2024-02-01"]
        assert len({row.method for row in known.false_alarms}) == 6


def test_alarms_are_counted_as_made_and_with_the_profile_living_on(folder_judged):
    calm, loud = map(model_alarms, folder_judged[1].injections)
    assert calm.low <= calm.counted <= calm.high
    assert loud.counted > calm.counted
    assert 0 < loud.living <= loud.counted
    for known in folder_judged[1].injections:
        for curve in known.sensitivity:
            assert all(half.living_threshold > 0 for half in curve.half)
            promised, often = curve.half
            assert promised.living_threshold > often.living_threshold


def test_quiet_and_disturbed_windows_are_judged_against_their_own_kind(folder_judged):
    known = folder_judged[1].injections[0]
    rows = [row for row in known.by_activity if row.method == NEGATIVE]
    assert {row.activity for row in rows} == {"quiet", "disturbed"}
    assert sum(row.windows for row in rows) == known.windows
    for row in rows:
        assert row.snr == [2.0, 8.0]
        assert row.auc[1] > row.auc[0] > 0.4
        assert row.left_over is not None
    whole = np.mean([cell.auc for cell in known.cells if (cell.method, cell.snr, cell.polarization)
                     == (NEGATIVE, 8.0, "random")])  # fmt: skip
    assert min(row.auc[1] for row in rows) - 0.03 < whole < max(row.auc[1] for row in rows) + 0.03


@pytest.fixture
def own(published, tmp_path):
    """The model with its own evaluation, card and rivals."""
    return shutil.copytree(published, tmp_path / "own")


@pytest.fixture(scope="module")
def tables(data):
    path = data.parent / "tables.toml"
    path.write_text(TABLES)
    return path


def test_stations_drift_and_pulses_come_into_the_own_card_each_time_the_same(own, data, tables):
    model = own / "tiny.onnx"
    before = decode((own / "tiny.evaluation.json").read_bytes())
    written = []
    for _ in range(2):
        result = run(model, data, own, data, "--stations", tables, "--card")
        assert result.exit_code == 0, result.output
        names = ("tiny.evaluation.json", "tiny.html", "tiny.md")
        written.append([(own / name).read_bytes() for name in names])
    assert written[0] == written[1]
    after = decode(written[0][0])
    assert after.injections[0] == before.injections[0]
    assert [known.station for known in after.injections[1:]] == ["CAL"]
    (drift,) = after.drift
    assert (drift.station, drift.after_days) == ("LWD", (2.0, 17.0))
    assert {row.asked_per_month for row in drift.alarms} == {4.0, 30.0}
    assert all(row.living is not None for row in drift.alarms)
    assert max(row.counted for row in drift.alarms) > 0
    assert (after.man_made[0].marked, after.man_made[0].found) == (1, 0)
    assert "CAL, 2024-01-20T00:00:00/2024-01-20T06:00:00: A car." in after.left_out
    card = written[0][2].decode()
    (told,) = [line for line in card.splitlines() if line.startswith("What an operator gets")]
    assert told.startswith("What an operator gets at CAL, 2024-01-16 to 2024-02-01: ")
    assert told in result.output
    assert load_model(model).manifest.headline == told


def test_the_profile_rule_of_a_recipe_without_one_is_the_workers():
    recipe_rule = load_recipe(shipped_recipe("ulf-1hz.toml")).profile
    spec = load_model(MODEL).manifest.window.spec()
    assert recipe_rule.rules(spec, 3.0) == LivingRules(half_life_ms(spec))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--stations", "gone.toml"], "gone.toml"),
        (["--stations", "{tables}", "--station", "CAL"], "--station does not go with --stations"),
        (["--stations", "{tables}", "--data", "elsewhere"], "give one folder"),
        (["--inject", "--card"], "--card is for what --stations names"),
        (["--inject", "--station", "CAL"], "the files are of CAL, LWD"),
        (["--inject", "--leave-out", "2024-01-20"], "--leave-out is about one station"),
        (["--catalogue", "quakes.csv"], "judges one station, the files are of CAL, LWD"),
    ],
)
def test_a_mistake_of_the_user_is_one_line(published, data, tables, tmp_path, more, reason):
    given = [one.format(tables=tables) for one in more]
    result = run(published / "tiny.onnx", data, tmp_path, data, *given)
    assert result.exit_code in (1, 2)
    assert reason in result.output
    assert "Traceback" not in result.output


def test_an_evaluation_of_another_model_is_refused(own, data, tables):
    path = own / "tiny.evaluation.json"
    path.write_bytes(path.read_bytes().replace(b'"sha256": "', b'"sha256": "0', 1))
    result = run(own / "tiny.onnx", data, own, data, "--stations", tables, "--card")
    assert result.exit_code == 1
    assert "is of another model" in result.output
    path.write_text("{}")
    result = run(own / "tiny.onnx", data, own, data, "--stations", tables, "--card")
    assert "no evaluation" in result.output
