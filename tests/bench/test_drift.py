"""The table of drift says which counts of alerts a promise explains."""

import pytest

from bench.drift import CASES, Case, Count
from tests.data import shared_data


def test_a_count_is_within_what_was_asked_or_outside() -> None:
    kept = Count(asked=8.1, made=26, living=13).row("HON", 1.0)
    assert (kept["95 %"], kept["as made"], kept["living, verdict"]) == ("3-14", 26, "within")
    assert Count(8.1, 26, 15).row("HON", 1.0)["living, verdict"] == "outside"
    assert Count(8.1, 26, 2).row("HON", 1.0)["living, verdict"] == "outside"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_its_files_are_there(case: Case) -> None:
    assert all((shared_data() / name).exists() for name in case.files)
