"""Byte-identical replay rests on this: a window's score does not depend on its companions."""

from pathlib import Path

import numpy as np
import pytest

from archive.model import load_model


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 31])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_score_is_the_same_in_every_batch(model_path: Path, size: int, threads: int) -> None:
    """onnxruntime takes another path for a batch of one when it reduces over a middle axis."""
    model = load_model(model_path, threads)
    span = model.manifest.window.spec().span
    field_nt = np.random.default_rng(0).normal(0, 0.1, (32, span, 3)).astype(np.float32)
    scale_nt = np.full((32, 3), 0.1, np.float32)
    together = load_model(model_path, 1).reconstruct(field_nt, scale_nt)
    for begin in range(0, 32, size):
        part = slice(begin, begin + size)
        alone = model.reconstruct(field_nt[part], scale_nt[part])
        np.testing.assert_array_equal(alone.rmse, together.rmse[part])
        np.testing.assert_array_equal(alone.mae, together.mae[part])
        np.testing.assert_array_equal(alone.error, together.error[part])
