"""The headline and the tables over several stations say what was measured where nothing trained."""

import re

import numpy as np
import pytest
from msgspec.structs import replace

from tests.training.report.builders import full, injections, manifest
from tests.training.report.markup import Walk
from tests.training.report.several import elsewhere, several
from tests.training.report.test_card import table
from training.report.card import render_card
from training.report.format import decimal
from training.report.page import render_page
from training.report.sections.summary import headline
from training.report.select import unseen, was_seen
from training.results import NEGATIVE, decode, encode


@pytest.fixture(scope="module")
def evaluation():
    return decode(encode(several()))


@pytest.fixture(scope="module")
def card(evaluation):
    return render_card(manifest(), evaluation)


def test_the_headline_is_of_the_stations_that_trained_nothing(evaluation, card):
    told = headline(evaluation, manifest())
    assert "2 stations on days that trained nothing (BSL, NEW)" in told
    assert "12 false alarms in 82 quiet days where 11.7 were promised (1 in a month)" in told
    curves = [curve for curve in elsewhere("BSL", 0).sensitivity if curve.method == NEGATIVE]
    half = [curve.half[0].living_snr for curve in curves]
    assert f"once they are {min(half):.1f} to {max(half):.1f} times the background" in told
    assert card.splitlines()[6] == told
    (shown,) = [
        one.text
        for one in Walk(render_page(evaluation, manifest())).of("p")
        if one.attributes.get("class") == "headline"
    ]
    assert shown == told


def test_a_strength_that_a_living_profile_never_finds_is_not_replaced_by_another(evaluation):
    known = elsewhere("BSL", 0)
    never = [
        replace(curve, half=[replace(half, living_snr=None) for half in curve.half])
        for curve in known.sensitivity
    ]
    judged = replace(evaluation, injections=[replace(known, sensitivity=never)])
    assert "once they are more than 32 times the background" in headline(judged, manifest())


def test_days_that_trained_are_in_no_headline():
    stations = "train BSL: 2014-04-08\nvalidation NEW: 2014-04-07\ntest DED: 2014-04-08"
    about = manifest(stations=stations)
    assert was_seen("BSL", ["2014-04-01/2014-04-30"], about)
    assert not was_seen("NEW", ["2014-04-08"], about)
    assert not was_seen("DED", ["2014-04-08"], about)
    assert was_seen("HON", ["2024-03-08"], about)
    assert [known.station for known in unseen(several(), about)] == ["NEW"]
    own = replace(elsewhere("HON", 1), days=["2024-03-13", "2024-03-14"])
    only_own = replace(several(), injections=[own])
    assert [known.station for known in unseen(only_own, about)] == ["HON"]
    assert "gets on the test days of its own station, HON, 2024-03-13" in headline(only_own, about)


def test_without_transients_there_is_no_headline():
    assert headline(replace(full(), injections=[]), manifest()) == ""


def test_means_over_the_stations_stand_beside_each_station(evaluation, card):
    mean = table(card, "Mean, 2 stations on days that trained nothing")
    cells = [cell for cell in injections().cells if cell.polarization == "random"]
    for method, row in mean.items():
        aucs = [cell.auc for cell in cells if (cell.method, cell.snr) == (method, 4.0)]
        assert row["AUC at S/N 4"] == decimal(float(np.mean(aucs)))
    assert (mean[NEGATIVE]["alarms promised"], mean[NEGATIVE]["opened"]) == ("82", "12")
    assert table(card, "\nBSL, 2014-04-08:")[NEGATIVE]["opened"] == "3"
    assert table(card, "\nHON, 2024-03-13, 2024-03-14:")[NEGATIVE]["opened"] == "44"


def test_quiet_and_disturbed_windows_have_tables_of_their_own(card):
    quiet, disturbed = (table(card, f"Only the {kind} windows, 600 of 2 stations") for kind in
                        ("quiet", "disturbed"))  # fmt: skip
    assert quiet[NEGATIVE]["AUC at S/N 4"] == "0.600"
    assert disturbed[NEGATIVE]["AUC at S/N 4"] == "0.550"
    assert quiet[NEGATIVE]["left over"] == "0.310"
    assert quiet["window RMS"]["left over"] == "-"


def test_counts_after_a_calibration_are_added_up_in_their_group(card):
    rows = table(card, "Alerts on quiet days")
    assert rows["BSL, 2014-04-07"]["living"] == "2"
    assert rows["BSL, 2014-04-07"]["days later"] == "0-1"
    together = rows["two stations, together"]
    assert (together["promised"], together["as made"], together["living"]) == ("1.96", "8", "2")
    assert (together["95 %"], together["kept"]) == ("0-5", "yes")


def test_man_made_pulses_found_and_missed_are_counted(card):
    assert "4 of 5 known pulses were found; 2 of 100 fast windows of natural records were" in card
    rows = table(card, "Records searched")
    assert (rows["lightning"]["found"], rows["lightning"]["wrong"]) == ("4", "-")
    assert rows["storm"]["of fast, %"] == "2.0"


def test_only_the_own_test_days_are_shown_in_detail(card):
    titles = re.findall(r"^## What opens an alert at (\w+)$", card, re.MULTILINE)
    assert titles == ["HON"]
