"""Days of a history over HTTP: what is kept, what is not, and what cannot be read."""

from __future__ import annotations

import asyncio
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from archive.model import Model, default_model_path, load_model
from monitor.cli import main
from monitor.dashboard.answers import Refusal
from monitor.dashboard.past.folder import HistoryFolder, open_history
from monitor.dashboard.past.work import KeptBodies, PageWork
from monitor.errors import SettingsRefused
from tests.monitor.dashboard.builders import NOW_MS, board
from tests.monitor.dashboard.kept import DAY, FIRST, GAP, NEXT_DAY, history
from tests.monitor.dashboard.network import Served, served
from tests.monitor.feeds import station


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(default_model_path())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Path:
    return history(tmp_path_factory.mktemp("kept") / "history", model)


@pytest.fixture(scope="module")
def past(kept: Path, model: Model) -> Iterator[Served]:
    with served(board(), model, kept) as running:
        yield running


def asked(running: Served, path: str) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(running.url + path, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_day_has_the_field_the_scores_and_the_alerts(past: Served) -> None:
    status, text = asked(past, f"/api/past/WIC/{DAY}?pixels=4000")
    day = json.loads(text)
    assert (status, day["cadence_ms"], day["columns"], day["faults"]) == (200, 1000, 22, [])
    assert day["complete"] == round((7200 - 600) / 86_400, 5)
    feed = station("WIC", 120, seed=1, burst=slice(3000, 4500)).elements["H"]
    feed[GAP] = np.nan
    drawn = dict(zip(day["field"]["H"]["at"], day["field"]["H"]["nt"], strict=True))
    for begin in range(0, 5940, 22):
        column = [value for at, value in drawn.items() if begin <= at < begin + 22]
        assert min(column) == feed[begin : begin + 22].min()
        assert max(column) == feed[begin : begin + 22].max()
    assert all(drawn[at] is None for at in drawn if GAP.start <= at < GAP.stop)
    scores = day["scores"]["ulf-1hz"]
    assert scores["end_ms"] == [NOW_MS + number * 64_000 for number in range(5, 112)]
    assert set(scores["rmse"]) == {0.5, 4.0}
    assert [(one["alert_id"], one["status"], one["version"]) for one in day["alerts"]] == [
        (FIRST, "resolved", 2)
    ]


def test_the_page_of_a_day_leads_to_its_alerts_and_to_other_days(past: Served) -> None:
    status, text = asked(past, f"/station/WIC/{DAY}")
    assert status == 200
    assert f'href="../../alert/{FIRST}"' in text
    assert f'href="../WIC/{NEXT_DAY}"' in text
    assert "does not predict earthquakes" in text
    assert "107 windows by ulf-1hz" in text
    assert text.count("<figure") == 4
    assert asked(past, f"/station/WIC/{DAY}?part=4")[1].count("no data") > 3


def test_the_choice_of_a_day_leads_to_its_page(past: Served) -> None:
    status, text = asked(past, f"/station/WIC?day={DAY}")
    assert status == 200
    assert f"<h1>WIC, {DAY}</h1>" in text
    assert f"<h1>WIC, {NEXT_DAY}</h1>" in asked(past, "/station/WIC")[1]  # the newest


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/past/WIC/2024-05-12", 404, "2 days from 2024-05-09 to 2024-05-10; the nearest are"),
        ("/api/past/BOU/2024-05-09", 404, "history has nothing of BOU; it has WIC"),
        ("/api/past/WIC/2024-02-30", 404, "a date is written as 2026-01-04"),
        ("/api/past/wic/2024-05-09", 404, "no such station"),
        ("/api/past/WIC/..%2f..%2fWIC", 404, "a date is written as"),
        ("/api/past/..%2fsecret/2024-05-09", 404, "no such station"),
        ("/api/past/WIC/2024-05-09?pixels=many", 400, "pixels must be a whole number"),
        ("/station/WIC?day=%3Cscript%3E", 400, "day must be a date"),
        ("/station/BOU", 404, "History has nothing of BOU; it has WIC."),
        ("/station/WIC/2024-05-12", 404, "History has nothing of WIC for 2024-05-12"),
        ("/station/W%3Cb%3E/2024-05-09", 404, "no such station"),
    ],
)
def test_what_is_not_there_is_said(past: Served, path: str, status: int, words: str) -> None:
    found, text = asked(past, path)
    assert (found, words in text) == (status, True), text
    assert "<script" not in text
    assert "Traceback" not in text


def test_without_a_history_nothing_of_it_is_there(model: Model) -> None:
    with served(board(), model) as running:
        assert asked(running, f"/station/WIC/{DAY}")[0] == 404
        assert json.loads(asked(running, "/api/snapshot")[1])["past"] is False


def test_a_damaged_file_is_named_and_the_rest_is_shown(
    kept: Path, model: Model, tmp_path: Path
) -> None:
    folder = tmp_path / "history"
    shutil.copytree(kept, folder)
    with served(board(), model, folder) as running:
        assert json.loads(asked(running, f"/api/past/WIC/{DAY}")[1])["faults"] == []
        for path in folder.glob(f"s*/**/day={DAY}/*.parquet"):  # samples and scores
            path.write_bytes(path.read_bytes()[:-300])
        stranger = folder / f"samples/cadence_ms=1000/station=WIC/day={DAY}/<b>.parquet"
        stranger.write_bytes(b"PAR1")
        day = json.loads(asked(running, f"/api/past/WIC/{DAY}")[1])
        page = asked(running, f"/station/WIC/{DAY}")[1]
    assert len(day["faults"]) == 3
    assert any(f"scores/station=WIC/day={DAY}" in words for words in day["faults"])
    assert str(tmp_path) not in page
    assert "&lt;b&gt;.parquet: no file of" in page
    assert "<b>" not in page
    assert [alert["alert_id"] for alert in day["alerts"]] == [FIRST]


def test_a_correction_of_a_past_day_is_shown(kept: Path, model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    shutil.copytree(kept, folder)
    with served(board(), model, folder) as running:
        before = asked(running, f"/station/WIC/{DAY}")[1]
        assert asked(running, f"/station/WIC/{DAY}")[1] == before
        shutil.rmtree(folder / "scores")
        assert "windows by" not in asked(running, f"/station/WIC/{DAY}")[1]


def test_many_at_once_are_answered(past: Served) -> None:
    paths = [f"/api/past/WIC/{DAY}?pixels={pixels}" for pixels in range(500, 512)]
    with ThreadPoolExecutor(len(paths)) as pool:
        assert {status for status, _ in pool.map(lambda path: asked(past, path), paths)} == {200}


def test_more_than_may_wait_are_refused() -> None:
    async def play() -> list[object]:
        work = PageWork(at_once=1, most_waiting=2)
        tasks = [work.run(lambda: 1) for _ in range(5)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(play())
    assert answers[:3] == [1, 1, 1]
    assert [type(one) for one in answers[3:]] == [Refusal, Refusal]


def test_answers_are_kept_within_a_limit() -> None:
    bodies = KeptBodies(most_bytes=10)
    for key in "abc":
        bodies.put(key, b"12345")
    assert [bodies.get(key) for key in "abc"] == [None, b"12345", b"12345"]


def test_a_folder_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="MAGWATCH_HISTORY: no such folder"):
        open_history(tmp_path / "none")
    with pytest.raises(SettingsRefused, match="no bucket"):
        open_history(Path("s3://field/history"))
    assert HistoryFolder(tmp_path).stations() == []


def test_the_command_takes_the_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["dashboard", "--history", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert result.output.startswith("magwatch: MAGWATCH_HISTORY: no such folder")
    assert "`magwatch history" in result.output


def test_a_year_is_a_calendar(past: Served) -> None:
    status, text = asked(past, "/station/WIC/2024")
    assert status == 200
    assert f'href="../WIC/{DAY}" class="cell part"' in text
    assert "2 of 366" in text
    status, text = asked(past, "/station/WIC/2023")
    assert (status, "History has nothing of WIC for 2023" in text) == (404, True)
    assert asked(past, "/station/WIC/3000")[0] == 404
