"""What is not examined would have shown no trouble."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from archive.observatory import read_file
from geofield.quality.faults import examine
from geofield.quality.prefilter import needs_full_check
from geofield.series.windows import Due, WindowSpec, cut_out, side_by_side
from geofield.types import Float64
from tests.data import conrad, quiet_day
from tests.geofield.quality.test_faults import (
    SPEC,
    WIC_NT,
    clipped,
    dead,
    noisy,
    parked,
    passing,
    repeated,
    spikes,
    step,
    stuck,
)

Spoil = Callable[[Float64], None]


@pytest.fixture(scope="module")
def day_nt() -> Float64:
    return quiet_day().samples(0.0).field_nt


def due(field_nt: Float64, apart: int, spec: WindowSpec = SPEC) -> list[Due]:
    """All windows, a few in a stretch, as if the stretches were of several stations."""
    ends = np.arange(spec.first_end(0), len(field_nt) - spec.half + 1, spec.hop)
    return [Due(0, field_nt, ends[begin : begin + apart]) for begin in range(0, len(ends), apart)]


@pytest.mark.parametrize(
    "spoil", [step, spikes, stuck, clipped, repeated, noisy, dead, passing, parked]
)
@pytest.mark.parametrize(("apart", "hop"), [(1, 64), (3, 64), (100, 64), (5, 50), (5, 256)])
def test_every_window_with_trouble_is_doubtful(
    day_nt: Float64, spoil: Spoil, apart: int, hop: int
) -> None:
    field_nt = day_nt[20_000:36_000].copy()
    for begin in range(500, len(field_nt) - 700, 2300):
        spoil(field_nt[begin : begin + 700])
    spec = replace(SPEC, hop=hop)
    groups = due(field_nt, apart, spec)
    windows_nt = cut_out(side_by_side(groups, spec), spec).field_nt
    found = np.array([bool(one) for one in examine(windows_nt, WIC_NT, spec.cadence_ms)])
    doubt = needs_full_check(side_by_side(groups, spec), np.array([WIC_NT] * len(groups)), spec)
    assert found.any()
    assert doubt[found].all()


def test_few_windows_of_a_quiet_day_are_doubtful(day_nt: Float64) -> None:
    doubt = [
        needs_full_check(side_by_side([one], SPEC), np.array([WIC_NT]), SPEC)
        for one in due(day_nt, 20)
    ]
    assert np.concatenate(doubt).mean() < 0.02


def test_few_windows_of_a_storm_are_doubtful() -> None:
    """Its differences are as large as those of a step, but none of them stands out."""
    storm_nt = read_file(conrad("example4.cdf")).samples(0.0).field_nt
    doubt = [
        needs_full_check(side_by_side([one], SPEC), np.array([WIC_NT]), SPEC)
        for one in due(storm_nt, 20)
    ]
    assert np.concatenate(doubt).mean() < 0.05


def test_the_windows_with_a_gap_are_doubtful(day_nt: Float64) -> None:
    field_nt = day_nt[:5000].copy()
    field_nt[[1500, 3000], 1] = np.nan
    groups = due(field_nt, 4)
    gappy = cut_out(side_by_side(groups, SPEC), SPEC).completeness < 1
    doubt = needs_full_check(side_by_side(groups, SPEC), np.array([WIC_NT] * len(groups)), SPEC)
    assert gappy.any()
    assert doubt[gappy].all()


def test_stations_that_measure_the_same_repeat_nothing(day_nt: Float64) -> None:
    (one,) = due(day_nt[:2000], 100)
    assert not needs_full_check(side_by_side([one, one], SPEC), np.array([WIC_NT] * 2), SPEC).any()


def test_no_windows_are_not_in_doubt() -> None:
    assert needs_full_check(side_by_side([], SPEC), np.empty((0, 3)), SPEC).tolist() == []
