from importlib.resources import files
from pathlib import Path

import pytest

from tests.training.builders import write_recipe
from training.config import RecipeRefused, load_recipe


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("steps = 12", "stepz = 12", "stepz"),
        ("steps = 12", 'steps = "many"', r"\$\.training\.steps"),
        ("units = 6\n", "", "units"),
        ('kind = "log-error"', 'kind = "magic"', "magic"),
        ("[loss]", "[loss", "at line"),
        ('["2024-03-11"]', '["2024-03-12"]', "more than one of the three"),
        ('["2024-03-11"]', "[]", "must not be empty"),
        ("step = 2", "step = 3", "window.step"),
        ("group = 4", "group = 5", "network.group"),
        ("snr_low = 3.0", "snr_low = 30.0", "snr_low"),
        ("gain_low = 0.6", "gain_low = 3.0", "gain_low"),
        ("seeds = [1]", "seeds = []", "seeds"),
        ('["pulse"]', '["noise-burst"]', "both trained on and unseen"),
        ('["pulse"]', '["sonata"]', "sonata"),
    ],
)
def test_a_wrong_recipe_is_refused_by_name(tmp_path, old, new, reason):
    path = write_recipe(tmp_path, old, new)
    with pytest.raises(RecipeRefused, match=reason) as refused:
        load_recipe(path)
    assert str(path) in str(refused.value)


def test_a_missing_recipe_is_refused(tmp_path):
    with pytest.raises(RecipeRefused, match="No such file"):
        load_recipe(tmp_path / "none.toml")


def test_every_shipped_recipe_is_sound():
    recipes = sorted(Path(str(files("training.recipes"))).glob("*.toml"))
    assert recipes
    for path in recipes:
        recipe = load_recipe(path)
        assert recipe.name == path.stem
        assert recipe.skill.startswith("no skill shown")
