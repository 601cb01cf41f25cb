"""The page as a reader's browser takes it."""

import re

import pytest
from msgspec.structs import replace

from tests.training.report.builders import (
    STRENGTH,
    full,
    injections,
    labelled,
    manifest,
    minimal,
)
from tests.training.report.markup import Walk
from training.report.format import decimal
from training.report.page import render_page
from training.results import Evaluation, Verdict

HOSTILE = """<script>alert("1")</script>'&<img src=x onerror=y>"""


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(full(), manifest(remarks="Thirty recipes were tried.\nNone was lucky."))


@pytest.fixture(scope="module")
def walk(page: str) -> Walk:
    return Walk(page)


def hostile() -> Evaluation:
    known, real = injections(HOSTILE), labelled()
    cells = [replace(cell, method=f"{cell.method} {HOSTILE}") for cell in known.cells]
    methods = [replace(one, method=f"{one.method} {HOSTILE}") for one in real.methods]
    criteria = [replace(one, rule=HOSTILE, measured=HOSTILE) for one in real.verdict.criteria]
    verdict = Verdict(shown=False, words=f"no skill shown: {HOSTILE}", criteria=criteria)
    return replace(
        full(),
        verdict=verdict,
        injections=[replace(known, cells=cells)],
        labelled=[replace(real, methods=methods, catalogue=HOSTILE, station=HOSTILE)],
        facts={HOSTILE: 1.0},
    )


def test_the_verdict_comes_first(walk: Walk) -> None:
    (first,) = walk.of("h1")
    assert first.text == "No skill shown on real earthquakes"
    headings = walk.of("h1", "h2", "p")
    assert headings.index(first) == 1  # after the name of the model
    assert "does not predict earthquakes" in headings[3].text


@pytest.mark.parametrize("words", ["nothing was judged", "No skill shown: nothing was judged."])
def test_a_verdict_without_skill_says_so_before_anything_else(words: str) -> None:
    walk = Walk(render_page(minimal(words), manifest()))
    (first,) = walk.of("h1")
    assert first.text == "No skill shown"
    assert "Nothing was judged." in walk.of("p")[1].text


def test_every_method_and_criterion_is_there(walk: Walk) -> None:
    heads = {element.text for element in walk.of("th")}
    assert set(STRENGTH) <= heads
    assert {method.method for method in labelled().methods} <= heads
    outcomes = [cell.text for cell in walk.of("td") if cell.text.endswith("met")]
    assert outcomes == ["✗ not met", "✗ not met", "✗ not met", "✓ met"]


def test_every_figure_of_the_benchmark_is_in_a_table(walk: Walk) -> None:
    cells = {element.text for element in walk.of("td")}
    for cell in injections().cells:
        assert decimal(cell.auc) in cells


def test_the_two_p_values_stand_in_one_sentence(walk: Walk) -> None:
    (told,) = [one.text for one in walk.of("p") if "earthquake by earthquake" in one.text]
    sentence = told.removeprefix("Two p values, TEO. ").partition(". ")[0]
    assert "p = 0.0035" in sentence
    assert "p = 0.27" in sentence
    assert "41,210 windows" in sentence
    assert "20 earthquakes" in sentence


def test_it_needs_nothing_but_itself(page: str, walk: Walk) -> None:
    assert not walk.of("script", "link", "img", "iframe", "object", "embed")
    for element in walk.elements:
        for name, value in element.attributes.items():
            assert not name.startswith("on"), name
            if name in {"src", "href", "xlink:href", "data", "action"}:
                assert value is not None
                assert value.startswith("#") or (
                    element.tag == "a" and value.startswith("https://doi.org/")
                )
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_tables_are_for_everyone(walk: Walk) -> None:
    tables, captions = walk.of("table"), walk.of("caption")
    assert len(tables) == len(captions) > 10
    scopes = {element.attributes.get("scope") for element in walk.of("th")}
    assert scopes == {"col", "row", "rowgroup"}


def test_identifiers_are_single_and_links_lead_somewhere(walk: Walk) -> None:
    identifiers = [one.attributes["id"] for one in walk.elements if "id" in one.attributes]
    assert len(identifiers) == len(set(identifiers))
    inner = [one.attributes["href"] for one in walk.of("a")]
    assert {href[1:] for href in inner if href and href.startswith("#")} <= set(identifiers)
    for element in walk.elements:
        for name in (element.attributes.get("aria-labelledby") or "").split():
            assert name in identifiers


def test_hostile_names_are_shown_and_do_nothing() -> None:
    about = manifest(name=HOSTILE, remarks=HOSTILE, file=HOSTILE)
    walk = Walk(render_page(hostile(), about))
    assert not walk.of("script", "img")
    assert any(HOSTILE in cell.text for cell in walk.of("td"))
    assert HOSTILE in walk.of("title")[0].text
    assert HOSTILE in walk.of("code")[0].text


def test_what_was_not_measured_is_said_in_one_line() -> None:
    walk = Walk(render_page(minimal(), manifest()))
    absent = [one.text for one in walk.of("p") if one.text.startswith("Absent: ")]
    assert len(absent) == 4
    assert not walk.of("svg")
    lacking = replace(injections(), cells=[], sensitivity=[], false_alarms=[])
    walk = Walk(render_page(replace(minimal(), injections=[lacking]), manifest()))
    assert sum(one.text.startswith("Absent: ") for one in walk.of("p")) == 5


def test_figures_without_data_are_left_out_with_a_reason() -> None:
    real = labelled()
    bare = [
        replace(
            one,
            shuffled_auc=[],
            alarm_share=[],
            miss_share=[],
            alarm_hours=[0] * 24,
            placebo_auc=None,
        )
        for one in real.methods
    ]
    walk = Walk(render_page(replace(full(), labelled=[replace(real, methods=bare)]), manifest()))
    titles = {one.text for one in walk.of("span") if one.attributes.get("class") == "title"}
    assert not titles & {
        "Against shuffled catalogues",
        "Molchan diagram",
        "Local time of the alerts",
    }
    (reasons,) = [one.text for one in walk.of("p") if one.text.startswith("No histogram")]
    assert "No Molchan diagram" in reasons
    assert "No placebo" in reasons


def test_it_is_the_same_every_time(page: str) -> None:
    again = render_page(full(), manifest(remarks="Thirty recipes were tried.\nNone was lucky."))
    assert again == page


def test_it_is_small_enough_to_send(page: str) -> None:
    assert len(page.encode()) < 750_000


def test_it_follows_the_reader_into_the_night_and_onto_paper(page: str) -> None:
    assert "@media screen and (prefers-color-scheme: dark)" in page
    assert "@media print" in page
    assert 'name="viewport"' in page


def test_it_never_says_that_it_predicts(page: str) -> None:
    assert re.findall(r"[^.]*predict[^.]*", page) == [" It does not predict earthquakes"]


def test_provenance_and_the_command_are_there(walk: Walk) -> None:
    cells = {element.text for element in walk.of("td")}
    assert {"ab" * 32, "cd" * 32, "ef" * 32} <= cells
    (command,) = walk.of("code")
    assert command.text == "magwatch train training/recipes/ulf-1hz.toml --data FOLDER"
