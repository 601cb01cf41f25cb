"""What a reconstruction leaves of a window."""

from dataclasses import dataclass

import numpy as np
import pytest

from training.evaluation.reconstruction_error import left_over, shares_left

SCALE_NT = (0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Rebuilding:
    """The window itself as the filtered field, and a share of it rebuilt: one for each window."""

    share: np.ndarray

    def traces(self, field_nt, _scale_nt):
        begin = int(field_nt[0, 0, 0])
        return field_nt, field_nt * self.share[begin : begin + len(field_nt), None, None]


def numbered(count):
    field_nt = np.random.default_rng(0).normal(size=(count, 8, 3)).astype(np.float32)
    field_nt[:, 0, 0] = np.arange(count)
    return field_nt


@pytest.mark.parametrize("count", [5, 700])
@pytest.mark.parametrize(("rebuilt", "median"), [(1.0, 0.0), (0.0, 1.0), (0.25, 0.75), (-1.0, 2.0)])
def test_the_share_left_is_that_of_the_error(count, rebuilt, median):
    left = left_over(
        "any", shares_left(Rebuilding(np.full(count, rebuilt)), numbered(count), SCALE_NT)
    )
    assert left.median == pytest.approx(median, abs=1e-6)
    assert left.worse == (rebuilt < 0)


def test_windows_to_which_zeros_are_nearer_are_counted():
    share = np.array([1.0, 0.9, 0.8, -0.5])
    left = left_over("any", shares_left(Rebuilding(share), numbered(4), SCALE_NT))
    assert left.worse == 0.25
    assert left.median == pytest.approx(0.15, abs=1e-6)


def test_a_sensor_that_stands_still_is_no_division_by_zero():
    field_nt = numbered(4)
    field_nt[1:] = 0
    left = left_over("any", shares_left(Rebuilding(np.full(4, 0.5)), field_nt, SCALE_NT))
    assert (left.median, left.worse) == (0.0, 0.0)


def test_components_count_in_units_of_their_scale():
    field_nt = numbered(3)

    class OnlyZ:
        def traces(self, field_nt, _scale_nt):
            return field_nt, field_nt * np.array([0, 0, 1], np.float32)

    quiet_z = field_nt * np.array([1, 1, 0.001], np.float32)
    assert left_over("any", shares_left(OnlyZ(), quiet_z, SCALE_NT)).median == pytest.approx(
        1.0, abs=1e-3
    )
    noisy_z = field_nt * np.array([0.001, 0.001, 1], np.float32)
    assert left_over("any", shares_left(OnlyZ(), noisy_z, SCALE_NT)).median == pytest.approx(
        0.0, abs=0.02
    )
