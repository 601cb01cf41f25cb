"""Which files of a history are read."""

from pathlib import Path

import pytest

from archive.history import is_history, with_day_files
from archive.observatory import ArchiveRefused
from support.spans import span_of

FILES = [
    "samples/cadence_ms=1000/station=HON/day=2026-01-04/HON.parquet",
    "samples/cadence_ms=1000/station=WIC/day=2026-01-03/WIC-3.parquet",
    "samples/cadence_ms=1000/station=WIC/day=2026-01-04/WIC-4.parquet",
    "samples/cadence_ms=60000/station=WIC/day=2026-01-04/WIC-minutes.parquet",
    "samples/cadence_ms=60000/station=KAK/day=2026-01-04/KAK.parquet",
]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    others = [
        "scores/station=WIC/day=2026-01-04/scores.parquet",
        "samples/cadence_ms=1000/station=WIC/day=2026-01-04/.0badcafe.part",
        "_offsets.json",
    ]
    for name in FILES + others:
        path = tmp_path / "history" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "history"


def names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def test_a_station_has_its_days_in_order_at_its_fastest_cadence(history: Path) -> None:
    assert names(with_day_files([history], "wic")) == ["WIC-3", "WIC-4"]
    assert names(with_day_files([history])) == ["HON", "KAK", "WIC-3", "WIC-4"]


def test_a_span_selects_days(history: Path) -> None:
    assert names(with_day_files([history], "WIC", span_of("2026-01-04"))) == ["WIC-4"]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("samples", ["HON", "KAK", "WIC-3", "WIC-4"]),
        ("samples/cadence_ms=60000", ["KAK", "WIC-minutes"]),
        ("samples/cadence_ms=1000/station=WIC", ["WIC-3", "WIC-4"]),
        ("samples/cadence_ms=1000/station=WIC/day=2026-01-03", ["WIC-3"]),
    ],
)
def test_a_part_is_a_history_too(history: Path, part: str, expected: list[str]) -> None:
    assert names(with_day_files([history / part])) == expected


def test_files_and_other_folders_stay(history: Path, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    others = [tmp_path / "wic.sec", tmp_path / "samples", history / "scores"]
    assert with_day_files(others) == others
    assert not is_history(tmp_path / "samples")


def test_what_is_missing_is_named(history: Path) -> None:
    with pytest.raises(ArchiveRefused, match=r"no samples of BOU; has HON, KAK, WIC$"):
        with_day_files([history], "BOU")
    with pytest.raises(ArchiveRefused, match="no samples of WIC on these days; has HON, KAK, WIC"):
        with_day_files([history], "WIC", span_of("2027-01-04"))
