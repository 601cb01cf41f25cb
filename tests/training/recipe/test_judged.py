"""The tables that `magwatch evaluate --stations` judges are checked before anything is read."""

from pathlib import Path

import pytest

from tests.data import shared_data
from tests.training.builders import RECIPE
from training.recipe.judged import load_judged
from training.recipe.recipe import load_recipe, shipped_recipe
from training.recipe.section import RecipeRefused

STATION = """
[[stations]]
use = "test"
files = ["a.parquet"]
calibration_days = ["2024-01-01"]
days = ["2024-01-02"]
"""
DRIFT = """
[[drift]]
files = ["a.parquet"]
calibration_days = ["2024-01-01/2024-01-03"]
days = ["2024-01-04"]
"""
PULSES = """
[[man_made]]
name = "a"
file = "a.parquet"
marked = ["2024-01-01T12:00:00"]
span = "2024-01-01"
"""


def loaded(folder, text):
    path = folder / "judged.toml"
    path.write_text(text)
    return load_judged(path)


def test_the_tables_of_a_file_and_of_a_recipe_are_the_same(tmp_path):
    training = STATION.replace('"test"', '"train"').replace('calibration_days = ["2024-01-01"]', "")
    alone = loaded(tmp_path, STATION + DRIFT + PULSES)
    within = loaded(tmp_path, RECIPE + training.replace("a.", "b.") + STATION + DRIFT + PULSES)
    assert alone == within
    assert [station.use for station in within.stations] == ["test"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[stations", "judged.toml"),
        (STATION + "dais = 3", "dais"),
        ("", "nothing to judge"),
        (STATION.replace('"test"', '"train"'), "calibration_days are for use"),
        (STATION.replace("2024-01-02", "2024-01-01"), "a judged day must not calibrate"),
        (STATION.replace("2024-01-02", "soon"), "'soon' is not a date"),
        (DRIFT.replace("2024-01-04", "2023-01-04"), "must lie after those that calibrate"),
        (DRIFT.replace("2024-01-04", "2024-01-02"), "a judged day must not calibrate"),
        (DRIFT + 'left_out = [{span = "noon", why = ""}]', "'noon' is not a span of time"),
        (PULSES.replace("T12:00:00", "T25:00:00"), "man_made, a: "),
        (PULSES.replace('span = "2024-01-01"', 'span = "noon"'), "'noon' is not a span of time"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path, text, reason):
    with pytest.raises(RecipeRefused, match=r"judged\.toml") as refused:
        loaded(tmp_path, text)
    assert reason in str(refused.value)


@pytest.mark.parametrize("rule", ["half_life_windows = 0", "guard_s = -1.0", "rise = 1.0"])
def test_the_rule_of_living_profiles_is_in_the_recipe(tmp_path, rule):
    path = tmp_path / "tiny.toml"
    path.write_text(f"{RECIPE}\n[profile]\n{rule}\n")
    with pytest.raises(RecipeRefused, match=f"profile.{rule.partition(' ')[0]} must"):
        load_recipe(path)
    path.write_text(f"{RECIPE}\n[profile]\nhalf_life_windows = 100\nguard_s = 60.0\n")
    recipe = load_recipe(path)
    spec = recipe.window.spec()
    rules = recipe.profile.rules(spec, 2.0)
    assert (rules.half_life_ms, rules.guard_ms) == (100 * spec.hop_ms, 60_000)
    assert (rules.max_kp, rules.rise) == (2.0, 1.1)
    path.write_text(f"{RECIPE}\n[profile]\nliving = false\n")
    assert load_recipe(path).profile.rules(spec, 2.0) is None


@pytest.mark.parametrize("name", ["ulf-1hz", "minute-teo"])
def test_the_shipped_tables_name_files_that_are_there(name):
    tables = load_judged(shipped_recipe(f"judged/{name}.toml"))
    files = {file for table in (*tables.stations, *tables.drift) for file in table.files}
    files |= {case.file for case in tables.man_made if not case.file.startswith("magpy/")}
    assert files
    assert [file for file in files if not Path(shared_data() / file).is_file()] == []
