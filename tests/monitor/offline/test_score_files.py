"""Scores are written as they come, and a file is complete or is not there."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from geofield.utc import utc
from monitor.offline.score_files import ScoreFormat, row, write_scores
from monitor.records.scores_and_alerts import (
    ComponentFields,
    ContextFields,
    ModelFields,
    ScoreRecord,
)

MODEL = ModelFields("ulf-1hz", "2.1.0", "a" * 64)
HOP_MS = 64_000


def record(number: int, scored: bool = True) -> ScoreRecord:
    return ScoreRecord(
        schema_version=2,
        station="WIC",
        window_start=utc(number * HOP_MS),
        window_end=utc(number * HOP_MS + 256_000),
        decided=utc(number * HOP_MS + 508_000),
        model=MODEL,
        quality="ok" if scored else "insufficient",
        completeness=1.0,
        rmse=0.5 if scored else None,
        mae=0.4 if scored else None,
        error=ComponentFields(0.1, 0.2, 0.3) if scored else None,
        threshold=1.5 if scored else None,
        return_period_days=0.01 if scored else None,
        context=ContextFields(None, kp_complete=False),
    )


def test_parquet_does_not_depend_on_where_the_columns_begin_to_be_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [record(number, scored=number > 700) for number in range(1000)]
    whole = tmp_path / "whole.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row(one) for one in records]), whole)
    monkeypatch.setattr("monitor.offline.score_files._CHUNK", 256)
    write_scores(iter(records), tmp_path / "scores.parquet", ScoreFormat.PARQUET)
    read = pyarrow.parquet.read_table(tmp_path / "scores.parquet")
    assert read.equals(pyarrow.parquet.read_table(whole))


@pytest.mark.parametrize("kind", ScoreFormat)
def test_no_windows_are_a_file_all_the_same(kind: ScoreFormat, tmp_path: Path) -> None:
    write_scores([], tmp_path / f"scores{kind.value}", kind)
    assert [path.name for path in tmp_path.iterdir()] == [f"scores{kind.value}"]


def test_lines_and_rows_come_in_order(tmp_path: Path) -> None:
    records = [record(number) for number in range(3)]
    write_scores(iter(records), tmp_path / "scores.jsonl", ScoreFormat.JSONL)
    write_scores(iter(records), tmp_path / "scores.csv", ScoreFormat.CSV)
    ends = [one.window_end for one in records]
    lines = (tmp_path / "scores.jsonl").read_text().splitlines()
    assert [json.loads(line)["window_end"] for line in lines] == ends
    with (tmp_path / "scores.csv").open(encoding="utf-8") as stream:
        assert [line["window_end_utc"] for line in csv.DictReader(stream)] == ends


@pytest.mark.parametrize("kind", ScoreFormat)
def test_what_fails_on_the_way_leaves_the_file_of_before(kind: ScoreFormat, tmp_path: Path) -> None:
    path = tmp_path / f"scores{kind.value}"
    path.write_bytes(b"before")

    def records() -> Iterator[ScoreRecord]:
        yield record(0)
        raise RuntimeError("a broken archive")

    with pytest.raises(RuntimeError, match="a broken archive"):
        write_scores(records(), path, kind)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(path.name, b"before")]
