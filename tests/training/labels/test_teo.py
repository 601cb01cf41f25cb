"""The real catalogue at a real station: what the rules leave of it."""

from time import perf_counter

import numpy as np
import pytest

from archive.catalogue import read_catalogue
from geofield.earthquakes.types import Site
from geofield.indices import IndexHistory
from tests.data import shared_data
from tests.training.labels.builders import DAY_MS, utc_ms
from training.labels.build import prepare
from training.labels.labeller import Labelling
from training.labels.split import Split, check_no_leak, check_sides, split
from training.recipe.labels import LabelRules

TEO = Site("TEO", 19.746, -99.193)
MINUTE_MS = 60_000
WINDOW_MS, SPAN_MS, HOP_MS = 128 * MINUTE_MS, 256 * MINUTE_MS, 32 * MINUTE_MS
RULES = LabelRules(
    radius="dobrovolsky-or-fixed",
    radius_km=300.0,
    magnitude_min=5.0,
    lead_begin_days=7.0,
    guard_days=14.0,
)


@pytest.fixture(scope="module")
def labelling() -> Labelling:
    """As if TEO had recorded without a gap in the years that it recorded at all."""
    catalogue = read_catalogue(shared_data() / "earthquakes_unified_2000_2023.csv.gz")
    years = [("2002-01-01", "2009-01-01"), ("2014-01-01", "2017-01-01")]
    end_ms = np.concatenate(
        [np.arange(utc_ms(begin) + SPAN_MS, utc_ms(until), HOP_MS) for begin, until in years]
    )
    margin_ms = (SPAN_MS - WINDOW_MS) // 2
    return prepare(end_ms, WINDOW_MS, TEO, catalogue, RULES, IndexHistory(), margin_ms=margin_ms)


def test_what_the_rules_leave(labelling: Labelling) -> None:
    labels = labelling.labels()
    assert [one.events for one in labels.steps[1:5]] == [61, 61, 61, 58]
    assert 20 <= len(labels.events) < len(labelling.events)
    oaxaca = [one for one in labels.events if one.event_id == "usb000pq41"]
    assert [one.magnitude for one in oaxaca] == [7.2]  # Guerrero, 18 April 2014
    days = labels.non_seismic.sum() * HOP_MS / DAY_MS
    assert 2500 < days < 3650


def test_a_shuffled_catalogue_takes_milliseconds(labelling: Labelling) -> None:
    rng = np.random.default_rng(0)
    begin_ms, until_ms = labelling.end_ms[0], labelling.end_ms[-1]
    elapsed_s = []
    for _ in range(20):
        times_ms = rng.integers(begin_ms, until_ms, len(labelling.events))
        begun = perf_counter()
        labelling.relabel(times_ms)
        elapsed_s.append(perf_counter() - begun)
    assert np.median(elapsed_s) < 0.05  # a few milliseconds on an idle machine


def test_it_can_be_divided_without_a_leak(labelling: Labelling) -> None:
    labels = labelling.labels()
    rule = Split(train_until="2007-07-01", validation_until="2014-06-01", embargo_days=14.0)
    sides = split(labels, rule)
    check_sides(labels, sides)
    check_no_leak(labels, sides, SPAN_MS, 14 * DAY_MS)
