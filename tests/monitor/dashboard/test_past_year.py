"""The calendar of a station's year."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec
import pytest

from archive.model import Model, default_model_path, load_model
from monitor.dashboard.past.folder import HistoryFolder, days_of_year
from monitor.dashboard.past.summary import DaySummary, Summaries
from monitor.dashboard.past.year_page import year_page
from monitor.history.store import FolderStore
from monitor.records.scores_and_alerts import PromiseFields
from tests.monitor.dashboard.builders import score_record
from tests.monitor.dashboard.kept import DAY, NEXT_DAY, history
from tests.monitor.history.stores import record, written

YEAR = days_of_year(2024)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(default_model_path())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Path:
    return history(tmp_path_factory.mktemp("year") / "history", model)


def test_days_are_summed_up(kept: Path) -> None:
    assert Summaries(HistoryFolder(kept)).of("WIC", YEAR) == {
        DAY: DaySummary((7200 - 600) / 86_400, ("local",), kept=True, damaged=False),
        NEXT_DAY: DaySummary(None, ("space-weather",), kept=None, damaged=False),
    }


def test_what_changes_is_read_again_and_damage_is_told(kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    shutil.copytree(kept, folder)
    summaries = Summaries(HistoryFolder(folder))
    assert summaries.of("WIC", YEAR)[DAY].kept is True
    broken = msgspec.structs.replace(
        score_record("WIC", 200), promise=PromiseFields(12.5, 0.4, 9, kept=False)
    )
    written(FolderStore(folder), ("scores", record(msgspec.json.encode(broken))))
    assert summaries.of("WIC", YEAR)[DAY].kept is False
    for path in folder.glob(f"*/**/day={DAY}/*.parquet"):
        path.write_bytes(path.read_bytes()[:-100])
    assert summaries.of("WIC", YEAR)[DAY] == DaySummary(None, (), kept=None, damaged=True)


def test_every_day_that_is_kept_leads_to_its_page() -> None:
    days = {
        "2024-02-28": DaySummary(1.0, (), kept=True, damaged=False),
        "2024-02-29": DaySummary(0.95, ("global", "local"), kept=False, damaged=False),
        "2024-12-31": DaySummary(None, ("data-quality",), kept=None, damaged=True),
    }
    page = year_page("WIC", 2024, days, [2023, 2024]).decode()
    cells = re.findall(
        r'<a href="\.\./WIC/(\d{4}-\d\d-\d\d)" class="cell (\w+)" title="([^"]*)"', page
    )
    assert cells == [
        ("2024-02-28", "whole", "2024-02-28; 100.0% of the samples; promise kept"),
        (
            "2024-02-29",
            "most",
            "2024-02-29; 95.0% of the samples; alerts: 1 global, 1 local; promise not kept",
        ),
        (
            "2024-12-31",
            "none",
            "2024-12-31; no samples; alerts: 1 data-quality; a file cannot be read",
        ),
    ]
    assert page.count("nothing kept</p>") == 10
    assert "kept on 1 days, not kept on 1" in page
    assert '<b class="class local">▲2</b>' in page  # in the colour of the worst
    assert 'href="../WIC/2023"' in page


def test_a_week_begins_on_monday() -> None:
    (day,) = ["2024-02-01"]  # a Thursday
    page = year_page("WIC", 2024, {day: DaySummary(1.0, (), None, damaged=False)}, [2024]).decode()
    assert f'{3 * "<span></span>"}<a href="../WIC/{day}"' in page


def test_years_have_their_days() -> None:
    assert (len(YEAR), YEAR[0], YEAR[-1]) == (366, "2024-01-01", "2024-12-31")
    assert len(days_of_year(1900)) == 365
