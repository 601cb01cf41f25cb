"""Samples of past days, across midnight and at other cadences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archive.decimation import whole_at_cadence
from archive.recording import Recording
from geofield.utc import HOUR_MS, MINUTE_MS
from monitor.dashboard.past.folder import HistoryFolder
from monitor.dashboard.past.samples import Faults, read_samples
from monitor.history.store import FolderStore
from tests.monitor.feeds import station
from tests.monitor.history.stores import sample_record, written


@pytest.fixture(scope="module")
def feed() -> Recording:
    """Two hours about midnight."""
    made = station("WIC", 120, seed=1)
    return replace(made, start_ms=made.start_ms - HOUR_MS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, feed: Recording) -> HistoryFolder:
    root = tmp_path_factory.mktemp("samples") / "history"
    other = station("WIC", 30, seed=2, elements="XYZ")
    records = [*feed.records(3600), replace(other, start_ms=feed.end_ms + HOUR_MS)]
    written(FolderStore(root), *(("samples", sample_record(one)) for one in records))
    return HistoryFolder(root)


def test_a_time_across_midnight_is_whole(folder: HistoryFolder, feed: Recording) -> None:
    faults = Faults()
    samples = read_samples(folder, "WIC", (feed.start_ms, feed.end_ms), 0.0, faults)
    assert samples is not None
    assert faults.words == []
    np.testing.assert_array_equal(samples.field_nt, feed.samples(0.0).field_nt)


def test_minutes_are_filtered_across_midnight_as_in_an_archive(
    folder: HistoryFolder, feed: Recording
) -> None:
    span_ms = (feed.start_ms, feed.end_ms)
    samples = read_samples(folder, "WIC", span_ms, 0.0, Faults(), MINUTE_MS)
    assert samples is not None
    expected = whole_at_cadence(feed, MINUTE_MS).samples(0.0)
    begin = (expected.start_ms - samples.start_ms) // MINUTE_MS
    found_nt = samples.field_nt[begin : begin + len(expected)]
    np.testing.assert_allclose(found_nt, expected.field_nt, rtol=0, atol=1e-9)
    assert np.isfinite(found_nt[55:65]).all()


def test_another_orientation_is_turned_into_the_same_frame(
    folder: HistoryFolder, feed: Recording
) -> None:
    begin_ms = feed.end_ms + HOUR_MS
    samples = read_samples(folder, "WIC", (begin_ms, begin_ms + HOUR_MS), 90.0, Faults())
    assert samples is not None
    _, east_nt, _ = samples.field_nt[:1800].T
    assert abs(np.mean(east_nt) + 20_900) < 1  # magnetic north is east, so east is south


def test_a_cadence_that_cannot_be_made_is_none(folder: HistoryFolder, feed: Recording) -> None:
    span_ms = (feed.start_ms, feed.end_ms)
    assert read_samples(folder, "WIC", span_ms, 0.0, Faults(), 100) is None
    assert read_samples(folder, "BOU", span_ms, 0.0, Faults()) is None
