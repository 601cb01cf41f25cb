import json
from pathlib import Path

import pytest

from bench.report import publish, spread


def test_a_spread_says_how_far_repetitions_were_apart() -> None:
    found = spread([3.0, 1.0, 2.0])
    assert (found.median, found.low, found.high, found.runs) == (2.0, 1.0, 3.0, 3)
    assert str(spread([1200.0, 1000.0, 1100.0])) == "1,100 (1,000-1,200)"


def test_what_is_printed_is_also_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [
        {"system": "one", "windows/s": spread([1.0, 2.0]), "peak, MB": None},
        {"system": "another", "windows/s": 12345.6, "peak, MB": 7},
    ]
    path = publish("trial", rows, {"repeats": 2}, "A note.")
    printed = capsys.readouterr().out.splitlines()
    assert printed[2:] == [
        " system  windows/s  peak, MB",
        "    one  1.5 (1-2)         -",
        "another     12,346         7",
        "A note.",
    ]
    written = json.loads(path.read_text())
    assert written["rows"][0]["windows/s"] == {"median": 1.5, "low": 1.0, "high": 2.0, "runs": 2}
    assert written["asked"] == {"repeats": 2}
