"""The table of man-made pulses counts what is known to be in a record."""

from bench.pulses import CASES, judged
from tests.data import shared_data


def test_a_natural_day_has_no_wrong_window_and_no_pulse() -> None:
    quiet = next(case for case in CASES if case.file == "example5.sec")
    row = judged(quiet, quiet.path(shared_data()))
    assert (row["windows"], row["called"], row["other episodes"]) == (1341, 0, 0)
    assert row["wrong, windows"] == 0


def test_marked_lightning_is_found_and_is_no_other_episode() -> None:
    lightning = next(case for case in CASES if "lightning" in case.name)
    row = judged(lightning, lightning.path(shared_data()))
    assert (row["marked"], row["found"]) == (5, 5)
    assert row["wrong, windows"] is None
