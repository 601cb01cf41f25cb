"""Real files, read as geomagpy reads them, sample for sample.

geomagpy's reading is right for all of these. Where it is not, its reader guesses: it labels columns
of unknown codes nT (HDZ with NUL or S), takes G for F, and sorts doubled times at random; the other
tests of this folder have our reading of such files.
"""

import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from archive.observatory import ArchiveRefused, read_file, station_of
from tests.data import conrad, shared_data
from tests.geomagpy_reader import differences


def test_120_observatories_are_read_as_geomagpy_reads_them(tmp_path: Path) -> None:
    with tarfile.open(shared_data() / "INTERMAGNET_1min_iaga2002_20220115_raw.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    found: Counter[str] = Counter()
    paths = sorted(tmp_path.rglob("*.min*"))
    for path in paths:
        recording = read_file(path)
        assert station_of(path) == recording.station
        assert (len(recording), recording.notes) == (1440, ())
        field_nt = recording.samples(0.0).field_nt
        known = ~np.isnan(field_nt).any(axis=1)
        assert (np.linalg.norm(field_nt[known], axis=1) < 70_000).all()  # no fill is among them
        found["".join(recording.elements) if known.any() else "filled"] += 1
        assert differences(recording, path) == []
    assert len(paths) == 120
    assert found == {"XYZF": 96, "HDZF": 21, "filled": 3}


@pytest.mark.parametrize(
    "name",
    [
        "BOU20180901vmin.min",
        "BOU20180901vsec.sec",
        "bou20141101vmin.min",
        "bou20181024_XYZF_vmin.min",
    ],
)
def test_samples_of_boulder_are_read_as_geomagpy_reads_them(name: str) -> None:
    path = shared_data() / "iaga2002" / name
    assert differences(read_file(path), path) == []


@pytest.mark.parametrize("name", ["BOU202005adj.min", "BOU202005vmin.min"])
def test_two_columns_of_nothing_leave_no_vector(name: str) -> None:
    with pytest.raises(ArchiveRefused, match="elements EH are not one of"):
        read_file(shared_data() / "iaga2002" / name)


def test_the_days_of_the_conrad_observatory_are_read_as_geomagpy_reads_them(
    tmp_path: Path,
) -> None:
    storm, hour = conrad("example4.cdf"), tmp_path / "hour.sec"
    lines = conrad("example5.sec").read_bytes().splitlines(keepends=True)
    hour.write_bytes(b"".join(lines[:3600]))  # of a day, for which geomagpy takes seconds
    for path in (storm, hour):
        assert differences(read_file(path), path) == []
