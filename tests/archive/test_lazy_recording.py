"""An archive read piece by piece gives the records of one that is read at once."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from archive.lazy_recording import open_stations
from archive.observatory import ArchiveRefused, read_file, read_stations
from archive.recording import Recorded, Recording
from tests.data import conrad

START_MS = 1_715_212_800_000
HOUR = 3600


def write(
    path: Path, begin_s: int, seconds: int, group: int, station: str = "TST", gap: range = range(0)
) -> Path:
    """Samples numbered from the same moment in all files, those of `gap` left out."""
    number = np.array([one for one in range(begin_s, begin_s + seconds) if one not in gap])
    columns = {name: number + offset for offset, name in enumerate("HEZ")}
    times = (START_MS + 1000 * number).astype("datetime64[ms]")
    table = pyarrow.table({"time": times, **columns})
    table = table.replace_schema_metadata({"station": station, "lat": "10.0", "lon": "20.0"})
    pyarrow.parquet.write_table(table, path, row_group_size=group)
    return path


def told(recordings: list[Recorded], length: int) -> list[tuple[object, ...]]:
    """Everything that the records say."""
    return [
        (one.station, one.start_ms, one.cadence_ms, [(k, v.tobytes()) for k, v in elements(one)])
        for recording in recordings
        for one in recording.records(length)
    ]


def elements(record: Recording) -> list[tuple[str, np.ndarray]]:
    return sorted(record.elements.items())


@pytest.mark.parametrize("length", [1, 60, HOUR, 2 * HOUR])
def test_records_do_not_depend_on_row_groups_and_files(tmp_path: Path, length: int) -> None:
    paths = [
        write(tmp_path / "b.parquet", 3 * HOUR + 7, 2 * HOUR, group=999),
        write(tmp_path / "a.parquet", 11, 3 * HOUR - 100, group=HOUR, gap=range(3000, 4000)),
        write(tmp_path / "other.parquet", 5, HOUR, group=HOUR, station="TWO"),
        write(tmp_path / "overlap.parquet", 4 * HOUR, 2 * HOUR, group=500),
        write(tmp_path / "later.parquet", 80 * HOUR, HOUR, group=500),
    ]
    assert told(open_stations(paths), length) == told(read_stations(paths), length)
    whole, reel = read_stations(paths)[0], open_stations(paths)[0]
    for about in ("station", "start_ms", "end_ms", "cadence_ms"):
        assert getattr(reel, about) == getattr(whole, about)
    assert len(reel) == len(whole)


def test_samples_in_no_order_are_read_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", 0, HOUR, group=HOUR)
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(table[HOUR // 2 :], tmp_path / "late.parquet")
    back = pyarrow.concat_tables([table[HOUR // 2 :], table[: HOUR // 2]])
    pyarrow.parquet.write_table(back, path, row_group_size=HOUR // 2)
    assert len(open_stations([path])[0].parts) == 1
    assert told(open_stations([path]), 60) == told(read_stations([path]), 60)


def test_days_missing_inside_a_file_stay_missing_samples(tmp_path: Path) -> None:
    gap = range(2 * HOUR, 50 * HOUR)
    path = write(tmp_path / "a.parquet", 0, 52 * HOUR, group=2 * HOUR, gap=gap)
    assert told(open_stations([path]), HOUR) == told(read_stations([path]), HOUR)


def test_only_what_is_needed_is_held(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", 0, 4 * HOUR, group=HOUR)
    (reel,) = open_stations([path])
    records = reel.records(60)
    next(records)
    path.unlink()
    with pytest.raises(ArchiveRefused, match=r"a\.parquet: not readable"):
        list(records)


def test_other_formats_are_read_at_once() -> None:
    path = conrad("example5.sec")
    (reel,) = open_stations([path], station="wiq")
    whole = read_file(path).renamed("WIQ")
    assert told([reel], HOUR) == told([whole], HOUR)


def test_what_does_not_belong_together_is_refused_at_once(tmp_path: Path) -> None:
    one = write(tmp_path / "a.parquet", 0, HOUR, group=HOUR)
    table = pyarrow.parquet.read_table(one).drop_columns("Z").add_column(3, "D", [[0.0] * HOUR])
    pyarrow.parquet.write_table(table, tmp_path / "b.parquet")
    for paths in ([one, tmp_path / "b.parquet"], [tmp_path / "nothing.parquet"]):
        with pytest.raises(ArchiveRefused):
            open_stations(paths)
