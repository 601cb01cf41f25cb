from importlib.resources import files
from pathlib import Path

import pytest

from tests.training.builders import write_recipe
from training.recipe.recipe import load_recipe
from training.recipe.section import RecipeRefused

BACKWARDS = "2024-01-03T12:00/2024-01-03T11:00"
LEFT_OUT = '[[data.left_out]]\nspan = "{span}"\nwhy = "a car"\n[window]'
STATION = """[[stations]]
use = "{use}"
files = ["{file}"]
days = ["{days}"]
{more}
[window]"""
VALIDATION = '["2024-01-26/2024-02-04"]'
DAYS = '["2024-02-01/2024-02-03"]'
LEFT_OUT_BACKWARDS = f'left_out = [{{span = "{BACKWARDS}", why = "a car"}}]'


def station(use="train", file="a.parquet", days="2024-02-01", more=""):
    return STATION.format(use=use, file=file, days=days, more=more)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("steps = 12", "stepz = 12", "stepz"),
        ("steps = 12", 'steps = "many"', r"\$\.training\.steps"),
        ("units = 6\n", "", "units"),
        ('kind = "log-error"', 'kind = "magic"', "magic"),
        ("[loss]", "[loss", "at line"),
        (VALIDATION, '["2024-02-05/2024-02-29"]', "more than one of the three"),
        (VALIDATION, '["2024-02-20/2024-03-05"]', "more than one of the three"),
        (VALIDATION, '["2024-02-30"]', "not a date"),
        (VALIDATION, "[]", "must not be empty"),
        ("[window]", LEFT_OUT.format(span="2024-01"), r"data\.left_out: '2024-01' is not"),
        ("[window]", LEFT_OUT.format(span=BACKWARDS), r"data\.left_out: .* does not end after"),
        ("step = 2", "step = 3", "window.step"),
        ("group = 4", "group = 5", "network.group"),
        ("snr_low = 3.0", "snr_low = 30.0", "snr_low"),
        ("gain_low = 0.6", "gain_low = 3.0", "gain_low"),
        ("seeds = [1]", "seeds = []", "seeds"),
        ('["z-pulse"]', '["noise-burst"]', "both trained on and unseen"),
        ('["z-pulse"]', '["sonata"]', "sonata"),
        ('source = "synthetic"', 'source = "catalogue"', r"needs a table \[catalogue\]"),
        ("guard_days = 1.5", "guard_days = 0.5", r"labels\.guard_days"),
        ("knee = 3.0", "knee = 0.0", "network.knee"),
        ("knee = 3.0", "knee = 3.0\nfloor = -1.0", "network.floor"),
        ("softness = 0.3", "softness = 0.0", "loss.softness"),
        ("event_p_max = 0.05", "event_p_max = 5.0", "event_p_max"),
        ("snr = [4.0, 32.0]", "snr = [32.0, 4.0]", "promise.snr"),
        ("month = 4.0", "month = 0.0", r"promise\.false_alarms_per_month"),
        ("month = [30.0]", "month = [30.0, -1.0]", r"promise\.checked_per_month"),
        ("durations = [64]", "durations = [64, 0]", r"promise\.durations"),
        ("apart = 720", "apart = 0", r"promise\.apart"),
        ("apart = 720", "apart = 720\npackets = 0", r"promise\.packets"),
        ("apart = 720", "apart = 720\ndraws = 0", r"promise\.draws"),
        ("[window]", station(use="testing"), "testing"),
        ("[window]", station(use="test"), "calibration_days are for"),
        ("[window]", station(more='calibration_days = ["2024-01-01"]'), "calibration_days are for"),
        ("[window]", station(use="test", more=f"calibration_days = {DAYS}"), "must not calibrate"),
        ("[window]", station(days="2024-02-30"), "not a date"),
        ("[window]", station(more=LEFT_OUT_BACKWARDS), r"stations\.left_out: .* does not end"),
        ("[window]", station().replace("[window]", station(use="validation")), "has a day that"),
    ],
)
def test_a_wrong_recipe_is_refused_by_name(tmp_path, old, new, reason):
    path = write_recipe(tmp_path, old, new)
    with pytest.raises(RecipeRefused, match=reason) as refused:
        load_recipe(path)
    assert str(path) in str(refused.value)


def test_a_missing_recipe_is_refused(tmp_path):
    with pytest.raises(RecipeRefused, match="no such file"):
        load_recipe(tmp_path / "none.toml")


def test_every_shipped_recipe_is_sound():
    recipes = sorted(Path(str(files("training.recipes"))).glob("*.toml"))
    assert recipes
    for path in recipes:
        assert load_recipe(path).name == path.stem
