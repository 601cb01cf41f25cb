"""The report of a day and of a month, as the command writes it."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from tests.monitor.dashboard.browser import DESKTOP, LOW_CONTRAST, NAMELESS, PHONE, chromium, tab
from tests.monitor.dashboard.kept import FIRST, SECOND
from tests.monitor.report.kept import DAY, MONTH, ask


@pytest.fixture(scope="module")
def day(history: Path) -> Path:
    path = history.parent / "day.html"
    result = ask(history, "--day", DAY, "-o", path, "--network", "Lower <Austria>")
    assert result.exit_code == 0, result.output
    assert result.output == f"{DAY}: 1 station, 1 alert: {path}\n"
    return path


@pytest.fixture(scope="module")
def month(history: Path) -> Path:
    path = history.parent / "month.html"
    result = ask(history, "--month", MONTH, "-o", path)
    assert result.exit_code == 0, result.output
    return path


class Content(HTMLParser):
    """Ids, links and cells of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self._cell = False
        self.feed(path.read_text())

    def handle_starttag(self, name: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = dict(pairs)
        self.tags.add(name)
        self.ids.add(attributes.get("id") or "")
        self.links += [value or "" for key, value in pairs if key in ("href", "src")]
        if name == "tr":
            self.rows.append([])
        if name in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, name: str) -> None:
        self._cell = self._cell and name not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[-1][-1] += data


def test_the_summary_has_the_figures_of_the_day(day: Path) -> None:
    row = next(row for row in Content(day).rows if row[0] == "WIC")
    # 2 hours without 10 minutes, of 24
    assert row == ["WIC", "7.64%", "22 h 0 min of 2 gaps", "107", "60 s, 60 s", "1 local", "kept",
                   "2 step"]  # fmt: skip


def test_gaps_and_trouble_are_listed_with_their_times(day: Path) -> None:
    rows = Content(day).rows
    assert ["2024-05-09 01:40:00", "2024-05-09 01:50:00", "10 min"] in rows
    assert ["2024-05-09 02:00:00", "2024-05-10 00:00:00", "22 h 0 min"] in rows
    assert ["2024-05-09 00:02:08", "2024-05-09 00:08:32", "step", "H", "3",
            "step of 20 nT in 1 s"] in rows  # fmt: skip
    assert ["2024-05-09 00:17:04", "2024-05-09 00:21:20", "step", "H", "1",
            "step of 20 nT in 1 s"] in rows  # fmt: skip


def test_the_alert_has_facts_charts_and_all_versions(day: Path) -> None:
    text = day.read_text()
    part = text[text.index(f'id="alert/{FIRST}"') :]
    assert part.count("<figure") >= 4
    assert "12 min after its begin" not in part
    assert "Versions" in part
    assert "&lt;b&gt;no&lt;/b&gt; skill shown" in part
    assert "<b>no</b>" not in text


@pytest.mark.parametrize("which", ["day", "month"])
def test_the_page_needs_nothing_else(which: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(which)
    content, text = Content(path), path.read_text()
    assert all(link[0] == "#" and link[1:] in content.ids for link in content.links), content.links
    assert not content.tags & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in text
    assert "@import" not in text
    assert "magwatch does not predict earthquakes." in text


def test_the_name_of_the_network_is_escaped(day: Path) -> None:
    assert (
        "<h1>Lower &lt;Austria&gt;: geomagnetic bulletin, <span>2024-05-09</span></h1>"
        in day.read_text()
    )


def test_a_month_has_a_strip_totals_and_all_alerts(month: Path) -> None:
    text, rows = month.read_text(), Content(month).rows
    assert text.count('title="2024-05-09; 7.6% of the samples; alerts: 1 local; promise kept"') == 1
    row = next(row for row in rows if row[0] == "WIC")
    assert row[5:] == ["2: 1 local, 1 space-weather", "kept on 1 day", "2 step"]
    begins = [row[0] for row in rows if len(row) == 8 and row[0].startswith("2024-05")]
    assert begins == ["2024-05-09 00:50:00", "2024-05-10 01:05:00"]
    assert f'id="alert/{SECOND}"' in text


def test_the_same_history_gives_the_same_bytes_wherever_it_is(
    history: Path, month: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(history, tmp_path / "elsewhere")
    assert ask(copy, "--month", MONTH, "-o", tmp_path / "again.html").exit_code == 0
    assert (tmp_path / "again.html").read_bytes() == month.read_bytes()


def test_it_says_which_files_it_was_made_from(history: Path, day: Path) -> None:
    names = [row[0] for row in Content(day).rows if row[0].endswith(".parquet")]
    assert f"scores/station=WIC/day={DAY}/WIC-{DAY}-scores.parquet" in names
    assert all((history / name).is_file() for name in names)


@pytest.mark.parametrize("topic", ["samples", "scores", "alerts"])
def test_a_damaged_file_is_named_and_the_rest_is_reported(
    history: Path, tmp_path: Path, topic: str
) -> None:
    copy, path = shutil.copytree(history, tmp_path / "damaged"), tmp_path / "report.html"
    (spoilt,) = (copy / topic).rglob(f"*{DAY}*.parquet")
    spoilt.write_bytes(spoilt.read_bytes()[:-100])
    result = ask(copy, "--day", DAY, "-o", path)
    assert result.exit_code == 5
    said, line = result.output.strip().splitlines()
    assert said.endswith(str(path))
    name = spoilt.relative_to(copy)
    begin = f"magwatch: the report is made, but without what cannot be read: {name}"
    assert line.startswith(begin)
    assert f"<li>{name}" in path.read_text()
    row = next(row for row in Content(path).rows if row[0] == "WIC")
    missing = {"samples": "none kept", "scores": "none kept", "alerts": "none"}
    figures = {"samples": row[1], "scores": row[3], "alerts": row[5]}
    assert figures == {"samples": "7.64%", "scores": "107", "alerts": "1 local"} | {
        topic: missing[topic]
    }


def test_records_that_are_none_are_counted(history: Path, tmp_path: Path) -> None:
    copy, path = shutil.copytree(history, tmp_path / "strange"), tmp_path / "report.html"
    (spoilt,) = (copy / "scores").rglob(f"*{DAY}*.parquet")
    table = pyarrow.parquet.read_table(spoilt)
    records = ["[" * 5000, None, "{}", *table["record"].to_pylist()[3:]]
    place = table.column_names.index("record")
    pyarrow.parquet.write_table(table.set_column(place, "record", pyarrow.array(records)), spoilt)
    assert ask(copy, "--day", DAY, "-o", path).exit_code == 5
    assert "3 records are no scores" in path.read_text()
    row = next(row for row in Content(path).rows if row[0] == "WIC")
    assert row[3] == "104"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["{}/none", "--day", DAY], 1, "no such folder: `magwatch history"),
        (["{}/history/samples", "--day", DAY], 1, "no files of `magwatch history` are there"),
        (["{}/history", "--day", "2024-05-12"], 1,
         "has nothing of 2024-05-12: it has 2 days from 2024-05-09 to 2024-05-10"),
        (["{}/history", "--month", "2023-01"], 1, "nearest: 2024-05-09"),
        (["{}/history", "--day", DAY, "--station", "NCK"], 1, "nothing of NCK; it has WIC"),
        (["{}/history", "--day", DAY, "-o", "{}/none/r.html"], 5, "cannot write"),
        (["{}/history", "--day", DAY, "-o", "{}"], 2, "is a directory"),
        (["{}/history", "--day", DAY, "--month", MONTH], 2, "either --day or --month"),
        (["{}/history"], 2, "either --day or --month"),
        (["{}/history", "--day", "2024-02-30"], 2, "is not a day like 2026-01-04"),
        (["{}/history", "--month", "May"], 2, "is not a month like 2026-01"),
        (["s3://bucket", "--day", DAY], 1, "copy the days to one first"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_a_line(
    history: Path, arguments: list[str], code: int, words: str
) -> None:
    result = ask(*(text.format(history.parent) for text in arguments))
    assert result.exit_code == code, result.output
    assert words in result.output
    assert isinstance(result.exception, SystemExit)


def test_it_is_readable_in_the_dark_on_a_phone_and_on_paper(day: Path, month: Path) -> None:
    with chromium() as browser:
        with tab(browser, day.as_uri(), DESKTOP, "dark") as opened:
            assert opened.run(LOW_CONTRAST) == []
            assert opened.run(NAMELESS) == []
            opened.page.emulate_media(media="print")
            assert opened.run("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
            assert opened.asked == [day.as_uri()]
            assert opened.complaints == []
        with tab(browser, month.as_uri(), PHONE) as phone:
            assert phone.run("document.documentElement.scrollWidth") == PHONE[0]
            assert phone.run(LOW_CONTRAST) == []
            assert phone.complaints == []
