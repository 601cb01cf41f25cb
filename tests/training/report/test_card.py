"""The card says what the evaluation says, and nothing else."""

import re

import pytest
from msgspec.structs import replace

from tests.training.report.builders import (
    SNR,
    STRENGTH,
    TRAINED,
    UNSEEN,
    full,
    labelled,
    manifest,
    minimal,
)
from training.recipe.transients import FAMILIES
from training.report.card import render_card
from training.report.format import decimal, figure, p_value, percent
from training.results import CONTROL, NEGATIVE, Evaluation, decode, encode


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return decode(encode(full()))  # what stands in the document, not what was in memory


@pytest.fixture(scope="module")
def card(evaluation: Evaluation) -> str:
    return render_card(manifest(remarks="Thirty recipes were tried."), evaluation)


def table(card: str, caption: str) -> dict[str, dict[str, str]]:
    """Cells of a table by the name of its row and column."""
    lines = card[card.index(caption) :].splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("*") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    head, _, *body = rows
    return {name: dict(zip(head[1:], cells, strict=True)) for name, *cells in body}


def test_the_verdict_comes_first(card: str) -> None:
    lines = [line for line in card.splitlines() if line]
    assert lines[0] == "# ulf-1hz 1.1.0"
    assert lines[1].startswith("**Verdict: no skill shown")
    assert "does not predict earthquakes" in lines[2]
    assert len(re.findall("predict", card)) == 1


def test_a_verdict_without_skill_begins_with_it() -> None:
    card = render_card(manifest(), minimal("nothing was judged"))
    assert "**Verdict: no skill shown: nothing was judged.**" in card


@pytest.mark.parametrize(
    ("caption", "written"),
    [
        ("AUC, at signal/noise", lambda cell: decimal(cell.auc)),
        ("Share of transients found", lambda cell: percent(cell.found)),
        ("Two-sided p at", lambda cell: p_value(cell.p_value)),
    ],
)
def test_the_tables_hold_the_figures_of_the_document(card, evaluation, caption, written) -> None:
    read = table(card, caption)
    seen = 0
    for cell in evaluation.injections[0].cells:
        if cell.polarization == "random" and not (cell.snr > 2 and "Two-sided" in caption):
            sides = read[cell.family][cell.method].split(" / ")
            assert sides[SNR.index(cell.snr)] == written(cell)
            seen += 1
    assert seen >= len([*TRAINED, *UNSEEN]) * len(STRENGTH)


def test_the_range_over_seeds_is_of_the_methods_that_have_seeds(card, evaluation) -> None:
    read = table(card, "Lowest-highest AUC")
    assert set(read["chirp"]) == {NEGATIVE, "plain autoencoder"}
    (cell,) = [
        cell
        for cell in evaluation.injections[0].cells
        if (cell.method, cell.family, cell.snr) == (NEGATIVE, "chirp", 8.0)
    ]
    assert read["chirp"][NEGATIVE].split(" / ")[2] == (
        f"{decimal(cell.auc_low)}-{decimal(cell.auc_high)}"
    )


def test_transients_of_another_direction_have_a_table_of_their_own(card, evaluation) -> None:
    read = table(card, "by direction")
    assert set(read) == set(TRAINED)
    assert all(len(row[NEGATIVE].split(" / ")) == 3 for row in read.values())


def test_sensitivity_and_false_alarms_are_those_of_the_document(card, evaluation) -> None:
    titles = ("Signal/noise at which half", "The same where 4.35 false alarms")
    for number, title in enumerate(titles):
        read = table(card, title)
        for curve in evaluation.injections[0].sensitivity:
            one = curve.half[number]
            assert_half(read[curve.method][f"{curve.duration_s:,g} s"], one.snr, one.interval)
    assert "| window RMS | HON | 30.4 | 41 | 41 | 29-54 | 71 | - | no |" in card


def test_durations_together_count_each_packet_once(card, evaluation) -> None:
    own = [one for one in evaluation.injections[0].sensitivity if one.method == NEGATIVE]
    opened = sum(one.packets * one.found[2] for one in own)
    shown = table(card, "Share of the transients of all durations together")[NEGATIVE]
    assert shown[f"S/N {own[0].snr[2]:g}"] == percent(opened / sum(one.packets for one in own))
    half = float(shown["half found at"])
    assert min(one.half[0].snr for one in own) <= half <= max(one.half[0].snr for one in own)


def test_durations_of_which_nothing_could_be_tried_break_no_table(evaluation) -> None:
    (known, *others) = evaluation.injections
    curves = [replace(one, packets=0, found=[0.0] * len(one.snr)) for one in known.sensitivity]
    untried = replace(evaluation, injections=[replace(known, sensitivity=curves), *others])
    shown = table(render_card(manifest(), untried), "Share of the transients of all durations")
    assert shown[NEGATIVE]["half found at"] == "> 32"


def assert_half(shown, snr, interval) -> None:
    low, high = interval
    if low is None:
        assert shown == "> 32"
        return
    half, ends = shown.strip(")").split(" (")
    assert half == ("> 32" if snr is None else figure(snr))
    assert ends == f"{figure(low)} to {'> 32' if high is None else figure(high)}"


def test_the_card_tells_whether_windows_are_reconstructed(card) -> None:
    read = table(card, "Root mean square of the reconstruction error")
    assert read[NEGATIVE]["median window"] == "0.420"
    assert read[NEGATIVE]["windows nearer to zeros (%)"] == "2.0"
    assert CONTROL in read


def test_real_labels_are_those_of_the_document(card, evaluation) -> None:
    real = evaluation.labelled[0]
    read = table(card, "Are scores higher before earthquakes?")
    for method in real.methods:
        row = read[method.method]
        assert row["AUC"] == decimal(method.auc)
        assert row["p, by earthquake"] == p_value(method.event_p)
        assert row["p, by window (the paper's)"] == p_value(method.window_p)
    assert "a prevalence of 5.4 %" in card
    rules = table(card, "Rules of the verdict")
    assert [rule["outcome"] for rule in rules.values()].count("✗ not met") == 3
    assert list(table(card, "Steps of the labelling"))[-1] == "data in the week before"


def test_every_family_is_defined_by_its_own_docstring(card) -> None:
    for family in (*TRAINED, *UNSEEN):
        first = (FAMILIES[family].__doc__ or "").strip().splitlines()[0]
        assert f"- {family}: {first}" in card


def test_limitations_follow_from_what_was_measured(card) -> None:
    assert "rests on 20 earthquakes" in card
    assert "signal/noise 2 / 4 at HON are mostly missed" in card
    bare = render_card(manifest(), minimal())
    assert "No earthquake was evaluated" in bare
    assert "mostly missed" not in bare


def test_sections_without_data_are_left_out() -> None:
    bare = render_card(manifest(), minimal())
    headings = re.findall(r"^## (.*)$", bare, re.MULTILINE)
    assert headings == ["What it is", "Data", "Classes", "Limitations", "Made again"]


def test_a_bar_or_a_tag_in_a_name_breaks_no_table() -> None:
    real = labelled()
    name = "a | b <i>"
    named = [replace(real.methods[0]), replace(real.methods[1], method=name)]
    card = render_card(manifest(), replace(minimal(), labelled=[replace(real, methods=named)]))
    assert table(card, "Are scores higher")["a \\| b &lt;i>"]["AUC"] == decimal(named[1].auc)


def test_a_method_that_broke_its_promise_is_named_beside_what_it_found() -> None:
    evaluation = full()
    (known, *others) = evaluation.injections
    row = known.false_alarms[0]
    broken = replace(row, counted=row.high + 1)
    known = replace(known, false_alarms=[broken])
    card = render_card(manifest(), replace(evaluation, injections=[known, *others]))
    assert f"{row.method} ({broken.counted:,} where" in card
    kept = replace(known, false_alarms=[replace(row, counted=row.high)])
    card = render_card(manifest(), replace(evaluation, injections=[kept, *others]))
    assert "than they had promised" not in card
