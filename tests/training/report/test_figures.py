"""Every figure: it is XML, says what it shows, names its units, and is the same every time."""

import re
from itertools import pairwise

import matplotlib as mpl
import pytest
from msgspec.structs import replace

from tests.training.report.builders import injections, labelled
from tests.training.report.markup import drawing
from training.report.blocks import Plate
from training.report.figures.alerts import alarms_plate, half_plate, sensitivity_plates
from training.report.figures.earthquakes import real_plates
from training.report.figures.injections import auc_plates, found_plates
from training.report.select import in_any_direction
from training.report.style import PALETTE, method_styles
from training.report.svg import embed, keys
from training.results import CLASSIFIER, CONTROL, KP_ONLY, NEGATIVE


def all_plates() -> list[Plate]:
    known = in_any_direction(injections())
    return [
        *auc_plates(known),
        *found_plates(known),
        *sensitivity_plates(known),
        half_plate(known),
        alarms_plate(known.false_alarms),
        *real_plates(labelled()),
    ]


@pytest.fixture(scope="module")
def plates() -> list[Plate]:
    return all_plates()


def test_every_figure_is_xml_with_a_title_and_a_description(plates: list[Plate]) -> None:
    assert len(plates) == 3 + 3 + 3 + 1 + 1 + 5
    for plate in plates:
        found = drawing(plate.svg)
        assert found.tags[:3] == ["svg", "title", "desc"]
        assert plate.title
        assert plate.note


def test_every_axis_with_numbers_has_a_unit(plates: list[Plate]) -> None:
    of_categories = {
        "False alarms on quiet days",
        "AUC and placebo",
        "Reconstruction error by class",
    }
    for plate in plates:
        units = [text for text in drawing(plate.svg).texts if re.search(r"\[.+\]$", text)]
        assert len(units) == (1 if plate.title in of_categories else 2), (plate.title, units)


def test_figures_are_the_same_every_time_whatever_the_reader_has_set(plates: list[Plate]) -> None:
    with mpl.rc_context({"xtick.major.size": 20.0, "axes.xmargin": 0.4, "font.size": 30.0}):
        again = all_plates()
        assert mpl.rcParams["font.size"] == 30.0
    assert again == plates


def test_figures_are_small(plates: list[Plate]) -> None:
    assert max(len(plate.svg) for plate in plates) < 40_000
    assert not re.search(r'(?: d| x| y)="[^"]*\d\.\d{3}', "".join(plate.svg for plate in plates))


def test_no_two_embedded_figures_share_an_identifier(plates: list[Plate]) -> None:
    identifiers = [
        name
        for number, plate in enumerate(plates)
        for name in re.findall(r' id="([^"]+)"', embed(plate.svg, number))
    ]
    assert len(identifiers) == len(set(identifiers)) > len(plates)


def test_references_inside_a_figure_lead_somewhere(plates: list[Plate]) -> None:
    for plate in plates:
        svg = embed(plate.svg, 1)
        used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
        assert used <= set(re.findall(r' id="([^"]+)"', svg))


def test_colours_can_be_changed_for_the_night(plates: list[Plate]) -> None:
    for plate in plates:
        styles = " ".join(re.findall(r'style="([^"]*)"', plate.svg))
        fixed = re.findall(r"(?<!,)#[0-9a-f]{6}", styles)
        assert not fixed, (plate.title, set(fixed))


@pytest.mark.parametrize("theme", [0, 1])
def test_lines_and_words_stand_out_from_the_paper_by_day_and_night(theme: int) -> None:
    paper = PALETTE["paper"][theme]
    for name, colours in PALETTE.items():
        if name not in {"paper", "grid", "band"}:
            wanted = 4.5 if name in {"ink", "soft"} else 3.0
            assert _contrast(colours[theme], paper) >= wanted, name


@pytest.mark.parametrize("theme", [0, 1])
def test_steps_go_ever_further_from_the_paper(theme: int) -> None:
    paper = PALETTE["paper"][theme]
    steps = [_contrast(PALETTE[f"step{number}"][theme], paper) for number in range(5)]
    assert all(nearer < further for nearer, further in pairwise(steps))


def test_methods_are_told_apart_without_colour() -> None:
    methods = [NEGATIVE, CONTROL, CLASSIFIER, KP_ONLY, "polarization ratio", "peak", "window RMS"]
    drawn = method_styles(methods).values()
    assert len({(look.dashes, look.marker) for look in drawn}) == len(methods)
    assert max(drawn, key=lambda look: look.width) == method_styles(methods)[NEGATIVE]
    assert len({key.svg for key in keys(methods)}) == len(methods)


def test_a_method_looks_the_same_in_a_figure_that_lacks_another() -> None:
    known = in_any_direction(injections())
    lacking = [
        cell
        for cell in known.cells
        if (cell.family, cell.method) != ("chirp", "polarization ratio")
    ]
    whole = {plate.title: plate.svg for plate in auc_plates(known)}
    parts = {plate.title: plate.svg for plate in auc_plates(replace(known, cells=lacking))}
    dotted = re.compile(r"stroke-dasharray:[^;\"]*")
    title = "chirp (never seen in training)"
    assert set(dotted.findall(parts[title])) < set(dotted.findall(whole[title]))


def test_what_was_never_found_is_marked_open_at_the_edge() -> None:
    known = injections()
    missing = [one for one in known.sensitivity if one.half[0].snr is None]
    assert missing
    assert "open mark" in half_plate(known).note.lower()


def test_a_name_is_text_and_neither_markup_nor_mathematics() -> None:
    name = r'<b>$\frac{1}{0}$</b> & "so on"'
    known = injections()
    curves = [replace(curve, method=name) for curve in known.sensitivity[:2]]
    (plate,) = sensitivity_plates(replace(known, sensitivity=curves))
    assert plate.title == name
    assert "b" not in drawing(plate.svg).tags
    alarms = alarms_plate([replace(one, method=name) for one in known.false_alarms])
    assert any(text.startswith(name) for text in drawing(alarms.svg).texts)


def _contrast(one: str, other: str) -> float:
    """As the Web Content Accessibility Guidelines define it, 1-21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
