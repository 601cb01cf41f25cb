"""Windows that are known are not scored again, and come to what they came to."""

import numpy as np

from geofield.scoring.score import Errors
from training.evaluation.methods import Method
from training.evaluation.score_cache import ScoreCache

SCALE_NT = np.ones((8, 3), np.float32)


def test_only_new_windows_are_scored_again_and_all_come_to_the_same():
    asked: list[int] = []

    def reconstruct(field_nt, scale_nt):
        asked.append(len(field_nt))
        error = np.abs(field_nt).mean(axis=1) / scale_nt
        return Errors(error.max(axis=1), error.mean(axis=1), error)

    rng = np.random.default_rng(0)
    quiet_nt = rng.normal(size=(8, 40, 3)).astype(np.float32)
    disturbed_nt = quiet_nt[[5, 1, 3, 2]]  # in another order, as where a window has dropped out
    disturbed_nt[2, 7, 1] += 1
    cache = ScoreCache(Method("mean", reconstruct, is_error=True))
    cache.storing.reconstruct(quiet_nt, SCALE_NT)
    found = cache.reusing.reconstruct(disturbed_nt, SCALE_NT[:4])
    assert asked == [8, 1]
    wanted = reconstruct(disturbed_nt, SCALE_NT[:4])
    for one, other in zip(
        (found.rmse, found.mae, found.error), (wanted.rmse, wanted.mae, wanted.error), strict=True
    ):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float32
    cache.reusing.reconstruct(quiet_nt, SCALE_NT)
    assert asked == [8, 1, 4]
