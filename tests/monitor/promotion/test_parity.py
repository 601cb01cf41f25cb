"""What a model must have published before it is put in charge."""

import pytest

from geofield.alerts.alert import AlertRules
from monitor.promotion.parity import Measured, ParityFinding, Published, Windows, compare
from monitor.records.scores_and_alerts import ModelFields

HOP_MS = 64_000


def published(sha256: str, **stations: Windows) -> Published:
    return Published(ModelFields("m", "1", sha256), 256_000, dict(stations))


def windows(begin: int, end: int, rmse: float = 0.5) -> Windows:
    return {number * HOP_MS: Measured(rmse, 1.0) for number in range(begin, end)}


def complaints(findings: list[ParityFinding]) -> dict[str, str]:
    return {one.what: one.complaint for one in findings if one.complaint}


def compared(old: Published, new: Published, least: int | None = 100) -> dict[str, str]:
    return complaints(compare(old, new, AlertRules(), least))


def test_a_model_that_did_the_same_work_has_nothing_against_it() -> None:
    old = published("aa", WIC=windows(0, 300), HON=windows(0, 200))
    new = published("bb", WIC=windows(100, 298), HON=windows(50, 200))
    assert compared(old, new) == {}


@pytest.mark.parametrize(
    ("new", "what", "says"),
    [
        ({"WIC": windows(0, 200)}, "stations", "no scores of HON"),
        ({"WIC": windows(0, 200), "HON": dict.fromkeys(windows(0, 200))}, "stations", "HON"),
        ({"WIC": windows(0, 200), "HON": windows(101, 200)}, "fewest of a station", "HON has 99"),
        ({"WIC": windows(0, 180), "HON": windows(0, 180)}, "newest window", "1,280 s behind"),
        (
            {"WIC": windows(0, 200) | dict.fromkeys(windows(50, 55)), "HON": windows(0, 200)},
            "same windows",
            "98.8%",
        ),
        ({"WIC": dict(list(windows(0, 200).items())[::2])}, "windows", "not the same"),
    ],
)
def test_each_lack_is_named(new: dict[str, Windows], what: str, says: str) -> None:
    old = published("aa", WIC=windows(0, 200), HON=windows(0, 200))
    found = compared(old, published("bb", **new))
    assert any(name.startswith(what) and says in text for name, text in found.items()), found


def test_a_day_of_windows_is_wanted_unless_told() -> None:
    old, new = published("aa", WIC=windows(0, 1349)), published("bb", WIC=windows(0, 1349))
    assert "1,349 of 1,350" in compared(old, new, least=None)["fewest of a station"]


def test_alerts_are_counted_by_the_rule_on_both_sides() -> None:
    loud = windows(0, 200) | windows(50, 56, rmse=2.0) | windows(120, 126, rmse=2.0)
    found = compare(
        published("aa", WIC=windows(0, 200) | windows(50, 56, rmse=2.0)),
        published("bb", WIC=loud),
        AlertRules(),
        100,
    )
    (alerts,) = [one for one in found if one.what.startswith("alerts")]
    assert (alerts.leading, alerts.new) == ("1", "2")
