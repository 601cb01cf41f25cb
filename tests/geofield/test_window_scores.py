"""The batches the model is given, and the work beside it, change nothing."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import geofield.window_scores
from geofield.indices import IndexHistory
from geofield.scoring.score import Errors, Reconstruct, WindowScore
from geofield.series.samples import Samples
from geofield.step import step
from geofield.types import Float32
from geofield.window_scores import Start, at_once
from monitor.worker.executors import on_threads
from tests.geofield.builders import field_nt, rules, samples, spread

SETUP = rules("AAA", "BBB")


def records() -> list[Samples]:
    gappy_nt = field_nt(400, 2)
    gappy_nt[100:140] = np.nan
    return [
        samples(field_nt(400, 1), station="AAA"),
        samples(gappy_nt, station="BBB"),
        samples(field_nt(400, 3), station="NEW"),
    ]


def scores(reconstruct: Reconstruct, start: Start = at_once) -> list[WindowScore]:
    return step({}, records(), reconstruct, SETUP, IndexHistory(), start)[1].scores


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
def test_the_size_of_a_batch_changes_nothing(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = scores(spread)
    sizes = []

    def counted(field_nt: Float32, scale_nt: Float32) -> Errors:
        sizes.append(len(field_nt))
        return spread(field_nt, scale_nt)

    monkeypatch.setattr(geofield.window_scores, "BATCH", batch)
    assert scores(counted) == expected
    assert max(sizes) <= batch
    assert sum(sizes) == sum(one.score is not None for one in expected)


def test_looking_on_another_thread_gives_the_same() -> None:
    with ThreadPoolExecutor(1) as executor:
        assert scores(spread, on_threads(executor)) == scores(spread)


def test_its_failure_is_the_failure_of_the_step() -> None:
    def broken(_: Float32, __: Float32) -> Errors:
        raise RuntimeError("no memory")

    with ThreadPoolExecutor(1) as executor, pytest.raises(RuntimeError, match="no memory"):
        scores(broken, on_threads(executor))
