"""The bench of the scoreboard scores what it says."""

from click.testing import CliRunner

from bench.scoreboard import main


def test_a_small_year() -> None:
    ran = CliRunner().invoke(main, ["--stations", "3", "--earthquakes", "60"])
    assert ran.exit_code == 0, ran.output
    assert "3 stations, 60 earthquakes of which" in ran.output
    assert "36 alarms; not yet decidable" in ran.output
