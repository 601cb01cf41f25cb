"""Every Python block of the page "From Python" runs, in order, on real data and a real history."""

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from archive.files import FileRefused
from archive.observatory import ArchiveRefused, read_file
from archive.profile import load_profile
from monitor import notebook
from monitor.errors import Refused
from monitor.history.store import FolderStore
from monitor.settings import Settings
from tests.chaos.workload import EXPORTS
from tests.data import conrad
from tests.deploy.printed_commands import code_blocks
from tests.monitor.feeds import calibrated
from tests.monitor.history.stores import record, sample_record, written
from tests.monitor.outcomes import THRESHOLD, offline
from tests.monitor.workers import Site

MODEL = EXPORTS / "ulf-1hz.onnx"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quiet day, hours of a storm, and a history of these hours."""
    folder = tmp_path_factory.mktemp("python")
    quiet = conrad("example5.sec").read_text(encoding="ascii")
    (folder / "wic20240401.sec").write_text(quiet)
    storm = read_file(conrad("example4.cdf"))
    begin_ms = storm.start_ms + 41 * HOUR_MS  # the sudden commencement of 10 May 2024
    hours = storm.between(begin_ms, begin_ms + 4 * HOUR_MS)
    calibrated(folder / "profiles", MODEL, "WIC", THRESHOLD)
    settings = Settings(profiles=folder / "profiles", model=MODEL)
    scores, alerts = offline(Site(settings, folder), [hours])
    written(
        FolderStore(folder / "history"),
        *(("samples", sample_record(part)) for part in hours.records(3600)),
        *(("scores", record(value)) for value in scores),
        *(("alerts", record(value)) for value in alerts),
    )
    (folder / "wic20240510.sec").write_text(quiet[: quiet.index(" 03:00:00")].rpartition("\n")[0])
    return folder


def test_every_block_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    blocks = [block for block in code_blocks("docs/from-python.md") if block.language == "python"]
    with redirect_stdout(io.StringIO()) as said:
        for block in blocks:
            exec(block.text, names)  # noqa: S102 - the document's own
    assert len(blocks) == 4
    assert (len(names["field"]), len(names["samples"])) == (86_400, 3600)
    assert names["scores"]["rmse"].notna().sum() > 100
    highest = max(names["week"]["rmse"].drop_null().to_pylist())
    assert names["highest"]["rmse"][0] == highest
    assert f"{highest:.6f}"[:8] in said.getvalue()  # of DuckDB
    storms = names["storms"].to_pylist()
    assert len({storm["alert_id"] for storm in storms}) == len(storms) > 0
    assert {storm["status"] for storm in storms} <= {"open", "resolved"}


def test_scores_are_those_of_magwatch_score(folder: Path) -> None:
    """The history holds what `magwatch score` makes of these hours."""
    hours = "2024-05-10T17:00/2024-05-10T21:00"
    scored = notebook.score(
        conrad("example4.cdf"), load_profile(folder / "profiles" / "WIC.json"), days=hours
    )
    kept = notebook.history(folder / "history", "scores", "WIC")
    columns = ["window_end_utc", "rmse", "threshold", "quality", "trouble"]
    assert scored.scores.select(columns) == kept.select(columns)
    alerts = notebook.history(folder / "history", "alerts", "WIC")
    assert scored.alerts["alert_id"] == alerts["alert_id"]


def test_what_is_missing_or_damaged_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no scores of HON"):
        notebook.history(folder / "history", "scores", "HON")
    with pytest.raises(Refused, match="no alerts of WIC on 2020-01-01"):
        notebook.history(folder / "history", "alerts", "WIC", "2020-01-01")
    with pytest.raises(ValueError, match="is not a span of time"):
        notebook.read(folder / "wic20240401.sec", days="yesterday")
    with pytest.raises(ArchiveRefused, match="no samples of HON"):
        notebook.read(folder / "history", station="HON")
    with pytest.raises(ArchiveRefused, match="no samples on 2001-01-01"):
        notebook.read(folder / "wic20240401.sec", days="2001-01-01")
    day = tmp_path / "scores" / "station=WIC" / "day=2024-05-10"
    day.mkdir(parents=True)
    (day / "x.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(FileRefused, match="not readable"):
        notebook.history(tmp_path, "scores", "WIC")
