"""The table of man-made pulses counts what is known to be in a record."""

import numpy as np
import pytest

from archive.model import load_model
from geofield.series.samples import Samples
from tests.data import shared_data
from tests.training.test_shipped import MODEL
from training.evaluation.man_made import man_made, quieter_background_nt
from training.pipelines.judged_tables import man_made_of
from training.recipe.judged import load_judged
from training.recipe.recipe import shipped_recipe

START_MS = 1_700_000_000_000 // 64_000 * 64_000
HOUR = 3600


@pytest.fixture(scope="module")
def model():
    return load_model(MODEL)


def noise(hours=4):
    """Correlated noise in which a component moves a hundredth of a nanotesla in a second."""
    rng = np.random.default_rng(5)
    field_nt = np.cumsum(rng.normal(0, 0.01, (hours * HOUR, 3)), axis=0)
    return Samples("WIC", START_MS, 1000, field_nt)


def with_pulse(samples, at):
    """A pulse of 20 nT in half a minute in all components at once, as a car makes it."""
    samples.field_nt[at : at + 30] += 20.0
    return START_MS + 1000 * at


def searched(model, samples, marked_ms=(), *, natural=False):
    window = model.manifest.window
    scale_nt = quieter_background_nt(samples, window)
    return man_made("made up", samples, scale_nt, window.spec(), marked_ms, natural=natural)


def test_a_marked_pulse_is_found_and_is_no_other_episode(model):
    samples = noise()
    marked_ms = with_pulse(samples, 2 * HOUR)
    row = searched(model, samples, [marked_ms])
    assert (row.marked, row.found, row.other_episodes, row.wrong) == (1, 1, 0, None)
    assert 0 < row.called <= row.fast < row.windows
    assert row.days == pytest.approx(row.windows * 64 / 86_400)


def test_a_pulse_that_nobody_marked_is_an_episode_and_wrong_where_all_else_is_natural(model):
    samples = noise()
    with_pulse(samples, HOUR)
    with_pulse(samples, 3 * HOUR)
    row = searched(model, samples, natural=True)
    assert (row.marked, row.found, row.other_episodes) == (0, 0, 2)
    assert row.wrong == row.called > 0


def test_a_calm_moment_marked_by_mistake_is_missed(model):
    row = searched(model, noise(), [START_MS + 1000 * 2 * HOUR], natural=True)
    assert (row.marked, row.found, row.called, row.wrong) == (1, 0, 0, 0)


def judged(model, name):
    tables = load_judged(shipped_recipe("judged/ulf-1hz.toml"))
    case = next(case for case in tables.man_made if name in case.name)
    return man_made_of([case], shared_data(), model, lambda *_: lambda: None)[0]


def test_a_natural_day_has_no_wrong_window_and_no_pulse(model):
    row = judged(model, "29 Aug 2018")
    assert (row.windows, row.called, row.other_episodes, row.wrong) == (1341, 0, 0, 0)


def test_marked_lightning_is_found_and_is_no_other_episode(model):
    row = judged(model, "lightning")
    assert (row.marked, row.found, row.wrong) == (5, 5, None)
