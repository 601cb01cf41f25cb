import msgspec
import pytest

from tests.training.labels.builders import RULES, rules
from training.recipe.labels import LabelRules, check_rules, rule_problems
from training.recipe.section import RecipeRefused


def test_rules_from_a_recipe() -> None:
    table = """
    radius = "dobrovolsky-or-fixed"
    radius_km = 300.0
    magnitude_min = 5.0
    lead_begin_days = 7.0
    guard_days = 14.0
    local_hours = [22.0, 4.0]
    """
    found = msgspec.toml.decode(table, type=LabelRules)
    check_rules(found)
    assert found.aftershock_km == 100.0
    assert not found.limits_kp


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"guard_days": 6.0},
            r"labels\.guard_days is 6 but must be at least lead_begin_days \(7\)",
        ),
        ({"guard_days": float("nan")}, r"labels\.guard_days"),
        ({"lead_end_days": 7.0}, r"labels\.lead_end_days"),
        ({"lead_end_days": -1.0}, r"labels\.lead_end_days"),
        ({"magnitude_max": 5.0}, r"labels\.magnitude_min must be below magnitude_max"),
        ({"depth_max_km": 0.0}, r"labels\.depth_max_km"),
        ({"local_hours": [22.0]}, r"labels\.local_hours must be empty or two"),
        ({"local_hours": [4.0, 4.0]}, r"labels\.local_hours must differ"),
        ({"local_hours": [-2.0, 4.0]}, r"labels\.local_hours"),
        ({"kp_max": 10.0}, r"labels\.kp_max"),
        ({"aftershock_hours": -1.0}, r"labels\.aftershock_km and aftershock_hours"),
        ({"swarm_km": 30.0}, r"labels\.swarm_km and swarm_days must both"),
        ({"radius_km": 0.0}, r'labels\.radius_km must be positive with radius = "fixed"'),
        (
            {"radius": "kls"},
            r"labels\.radius_km has no effect .*; labels\.kls_min must be positive",
        ),
        ({"radius": "dobrovolsky"}, r"labels\.radius_km has no effect"),
        ({"covered_from_utc": "2007"}, r"labels\.covered_from_utc must be a UTC date"),
        ({"covered_from_utc": "2031-01-01"}, r"labels\.covered_from_utc must be before"),
    ],
)
def test_a_contradiction_is_refused_by_its_key(changes: dict[str, object], told: str) -> None:
    with pytest.raises(RecipeRefused, match=told):
        check_rules(rules(**changes))


def test_good_rules_have_no_problems() -> None:
    assert rule_problems(RULES) == []
    assert rule_problems(rules(radius="kls", radius_km=0.0, kls_min=10.0)) == []
