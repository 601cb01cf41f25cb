"""The measurement of day files runs, and keeps what it measures."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from archive.day_samples import DaySamples, from_parquet
from bench.history import ENCODINGS, content_of, days, main
from tests.data import conrad


@pytest.fixture(scope="module")
def day() -> DaySamples:
    (found,) = days([conrad("example5.sec")])
    return found


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_keeps_every_value(day: DaySamples, encoding: str) -> None:
    read = from_parquet(day.key, content_of(day, *ENCODINGS[encoding]))
    for name, values in day.elements.items():
        np.testing.assert_array_equal(read.elements[name], values)


def test_the_history_has_the_first_of_them(day: DaySamples) -> None:
    sizes = [len(content_of(day, *encoding)) for encoding in ENCODINGS.values()]
    kept = day.to_parquet()
    assert kept is not None
    assert len(kept) == pytest.approx(sizes[0], rel=0.02)
    assert len(kept) < 1_500_000


def test_a_line_for_each_encoding() -> None:
    result = CliRunner().invoke(main, [str(Path(conrad("example5.sec")))], catch_exceptions=False)
    assert [line.partition("  ")[0].strip() for line in result.output.splitlines()] == list(
        ENCODINGS
    )
