import numpy as np
import pytest

from tests.training.statistics.builders import HOP_MS, LEAD, ends, labels
from training.statistics.units import TooFewUnits, Units, gather, mean_ranks, substantial


def test_only_scored_windows_with_a_class_count() -> None:
    made = labels(ends(10 * LEAD), np.array([300]) * HOP_MS)
    scores = np.arange(10.0 * LEAD)
    scores[made.non_seismic.argmax()] = np.nan
    units = gather(scores, made)
    assert len(units.scores) == made.seismic.sum() + made.non_seismic.sum() - 1
    assert units.windows[units.seismic].tolist() == [LEAD]
    assert np.array_equal(np.sort(units.scores[units.is_seismic]), scores[made.seismic])


def test_mean_ranks_do_not_care_how_the_score_is_scaled() -> None:
    scores = np.random.default_rng(0).lognormal(size=60)
    unit, seismic = np.arange(60) // 10, np.arange(6) < 2
    plain, logarithm = (mean_ranks(Units(one, unit, seismic)) for one in (scores, np.log(scores)))
    assert np.array_equal(plain, logarithm)
    assert plain.mean() == pytest.approx(61 / 120)


def test_units_that_were_hardly_recorded_are_left_out() -> None:
    unit = np.repeat([0, 1, 2, 3], [10, 4, 10, 12])
    units = Units(np.arange(36.0), unit, np.array([True, True, False, False]))
    kept = substantial(units, 0.5)
    assert kept.windows.tolist() == [10, 10, 12]
    assert kept.seismic.tolist() == [True, False, False]
    assert kept.scores[kept.unit == 1].tolist() == list(np.arange(14.0, 24.0))


def test_a_class_without_windows_is_refused_with_what_to_do() -> None:
    end_ms = ends(10 * LEAD)
    with pytest.raises(TooFewUnits, match="no scored window lies before an earthquake: take a"):
        gather(np.zeros(len(end_ms)), labels(end_ms, np.array([10**12])))
    made = labels(end_ms, np.array([300]) * HOP_MS)
    with pytest.raises(TooFewUnits, match="left to compare with: take a longer record"):
        gather(np.where(made.seismic, 1.0, np.nan), made)
