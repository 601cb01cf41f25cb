"""Files of a station that overlap: the later one counts, however they are read, and it is told."""

import logging
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from archive.lazy_recording import open_stations
from archive.model import default_model_path, load_manifest
from archive.observatory import read_archive, read_file, read_stations
from archive.recording import Recording, joined
from geofield.types import Float64
from monitor.offline.calibration.archive_parts import read_parts
from monitor.offline.calibration.compact_recording import piece
from support.spans import Span
from tests.archive.builders import iaga2002

Rows = list[tuple[float, ...]]


def file(path: Path, level_nt: float, seconds: range) -> Path:
    rows: Rows = [(level_nt, 12.0, 44_000.0) for _ in seconds]
    iaga2002(path, "HEZ", rows)
    text = path.read_text()
    for second in reversed(range(len(rows))):
        text = text.replace(f"00:00:{second:02}.000", f"00:00:{second + seconds.start:02}.000")
    path.write_text(text)
    return path


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return file(tmp_path / "a.sec", 21_000.0, range(10, 40))


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """Begins before and ends within the other one."""
    return file(tmp_path / "b.sec", 22_000.0, range(20))


def by_calibrate(paths: Sequence[Path]) -> Recording:
    manifest = load_manifest(default_model_path().with_suffix(".json"))
    parts = read_parts(paths, None, Span(), [], manifest)
    return piece(parts, parts[0].start_ms, max(part.end_ms for part in parts))


READERS = {
    "whole": read_archive,
    "stations": lambda paths: read_stations(paths)[0],
    "lazy": lambda paths: joined(list(open_stations(paths)[0].records(7))),
    "calibrate": by_calibrate,
}


def h_nt(recording: Recording) -> Float64:
    return np.round(recording.elements["H"])


@pytest.mark.parametrize("reader", READERS)
def test_the_file_given_later_counts_and_it_is_told(
    reader: str, first: Path, corrected: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        later = h_nt(READERS[reader]([first, corrected]))
        earlier = h_nt(READERS[reader]([corrected, first]))
    np.testing.assert_array_equal(later, np.where(np.arange(40) < 20, 22_000, 21_000))
    np.testing.assert_array_equal(earlier, np.where(np.arange(40) < 10, 22_000, 21_000))
    assert caplog.messages == 2 * ["XXX: 10 samples in several files: the later file counts"]


@pytest.mark.parametrize("reader", READERS)
def test_a_gap_replaces_no_value_and_is_no_collision(
    reader: str, first: Path, corrected: Path, caplog: pytest.LogCaptureFixture
) -> None:
    corrected.write_text(corrected.read_text().replace("22000.00", "99999.00"))
    corrected.write_text(corrected.read_text().replace("99999.00", "22000.00", 12))
    with caplog.at_level(logging.WARNING):
        read = h_nt(READERS[reader]([first, corrected]))
    assert read.tolist() == 12 * [22_000.0] + 28 * [21_000.0]
    assert "XXX: " in caplog.text


@pytest.mark.parametrize("reader", READERS)
def test_files_that_follow_each_other_are_not_told(
    reader: str, tmp_path: Path, first: Path, caplog: pytest.LogCaptureFixture
) -> None:
    after = file(tmp_path / "c.sec", 22_000.0, range(40, 55))
    with caplog.at_level(logging.WARNING):
        assert len(READERS[reader]([after, first])) == 45
    assert not caplog.messages


def test_the_later_of_a_packed_file_counts_and_a_third_counts_above_all(
    tmp_path: Path, first: Path, corrected: Path, caplog: pytest.LogCaptureFixture
) -> None:
    third = file(tmp_path / "c.sec", 23_000.0, range(15, 18))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (first, corrected, third):
            archive.write(path, path.name)
    with caplog.at_level(logging.WARNING):
        read = h_nt(read_file(tmp_path / "all.zip"))
    assert read.tolist() == 15 * [22_000.0] + 3 * [23_000.0] + 2 * [22_000.0] + 20 * [21_000.0]
    assert caplog.messages == ["XXX: 13 samples in several files: the later file counts"]
