"""What records become in the files of a history, without Kafka."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.files import FileRefused
from geofield.utc import HOUR_MS
from monitor.history.unwritten import UnwrittenRecords
from monitor.records.scores_and_alerts import encode_score
from tests.geofield.alerts.test_alert import window
from tests.geofield.builders import MODEL
from tests.monitor.feeds import START_MS, station
from tests.monitor.history.stores import (
    ACCEPTS,
    MemoryStore,
    columns,
    record,
    sample_record,
    written,
)
from tests.monitor.webhook.feeds import lives

DAY = "samples/cadence_ms=1000/station=WIC/day=2024-05-09/WIC-2024-05-09-1000ms-HEZ.parquet"


def test_samples_go_into_the_files_of_their_days() -> None:
    store, evening = MemoryStore(), replace(station("WIC", 120, 1), start_ms=START_MS - HOUR_MS)
    assert written(store, ("samples", sample_record(evening))) == ["samples"] * 2
    assert sorted(store.files) == [DAY.replace("05-09", "05-08"), DAY]
    assert len(columns(store, DAY)["H"]) == 3600
    assert columns(store, DAY)["H"][0] == evening.elements["H"][3600]


def test_orientation_cadence_and_stamps_have_files_of_their_own() -> None:
    store, seconds = MemoryStore(), station("WIC", 2, 1)
    others = [
        station("WIC", 2, 1, elements="XYZ"),
        replace(seconds, cadence_ms=60_000),
        replace(seconds, offset_ms=500),
        replace(station("HON", 2, 1)),
    ]
    written(store, *(("samples", sample_record(one)) for one in [seconds, *others]))
    assert len(store.files) == 5


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=1, max_size=12), st.data()
)
def test_however_records_are_cut_and_repeated_the_bytes_are_the_same(
    sent: list[tuple[int, int]], data: st.DataObject
) -> None:
    minute = [station("WIC", 1, seed) for seed in range(4)]
    records = [
        ("samples", sample_record(replace(minute[seed], start_ms=START_MS + begin * 7000)))
        for begin, seed in sent
    ]
    at_once, killed = MemoryStore(), MemoryStore()
    written(at_once, *records)
    begin = 0
    while begin < len(records):  # some are written, then all from an earlier one on again
        stop = data.draw(st.integers(begin + 1, len(records)))
        written(killed, *records[begin:stop])
        begin = data.draw(st.integers(max(begin, 1), stop)) if stop < len(records) else stop
    assert killed.files == at_once.files


def test_a_late_correction_counts_and_a_gap_does_not() -> None:
    store, minute = MemoryStore(), station("WIC", 1, 1)
    values = minute.elements["H"].copy()
    values[:10], values[10:20] = np.nan, 99_999.0
    values[30] = 21_000.5
    written(store, ("samples", sample_record(minute)))
    corrected = replace(minute, elements={**minute.elements, "H": values})
    written(store, ("samples", sample_record(corrected)))
    expected = minute.elements["H"].copy()
    expected[30] = 21_000.5
    np.testing.assert_array_equal(columns(store, DAY)["H"], expected)


def test_what_changes_nothing_is_not_written() -> None:
    store, minute = MemoryStore(), ("samples", sample_record(station("WIC", 1, 1)))
    assert written(store, minute) == ["samples"]
    assert written(store, minute) == []


@pytest.mark.parametrize(
    "value",
    [
        b"{}",
        b"nonsense",
        b'{"iagaCode":"WIC","cadence":"PT0S","startDate":"2024-05-09","geomagneticFieldX":[1]}',
        b'{"iagaCode":"WIC","cadence":"PT1S","startDate":"2024-05-09","geomagneticFieldF":[1]}',
        b'{"iagaCode":"WIC","cadence":"P1D","startDate":"2024-05-09","geomagneticFieldX":[1],'
        b'"geomagneticFieldY":[1],"geomagneticFieldZ":[1]}',
    ],
)
def test_samples_that_cannot_be_used_are_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        UnwrittenRecords(ACCEPTS).take("samples", record(value))


def score(number: int, rmse: float = 0.5) -> bytes:
    return encode_score(replace(window(number, rmse), station="WIC"), MODEL)


def test_a_score_is_kept_as_it_was_published_the_last_of_a_window_counts() -> None:
    store, values = MemoryStore(), [score(2), score(1), score(2, 0.7)]
    written(store, *(("scores", record(value)) for value in values))
    (path,) = store.files
    assert path.startswith("scores/station=WIC/day=")
    table = columns(store, path)
    assert table["record"] == [values[1].decode(), values[2].decode()]
    assert table["rmse"] == [0.5, 0.7]
    assert table["window_end"][0] < table["window_end"][1]


def test_a_replay_of_scores_changes_no_byte() -> None:
    store = MemoryStore()
    records = [("scores", record(score(number))) for number in range(20)]
    written(store, *records)
    before = dict(store.files)
    assert written(store, *records[3:9]) == []
    assert store.files == before


def test_every_version_of_an_alert_is_kept_once() -> None:
    store, versions = MemoryStore(), lives("WIC", "HON")
    written(store, *(("alerts", record(value, key)) for key, value in versions * 2))
    found = [columns(store, path) for path in sorted(store.files)]
    assert [table["status"][0] for table in found] == ["open", "open"]
    kept = [text for table in found for text in table["record"]]
    assert sorted(kept) == sorted(value.decode() for _, value in versions)


def test_a_deleted_alert_is_no_record() -> None:
    assert written(MemoryStore(), ("alerts", record(None))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version":1', b'"version":99999999999'),
        (b'"station":"WIC"', b'"station":"../WIC"'),
        (b'"start":"', b'"start":"9999-99-99T00:00:00Z","x":"'),
    ],
)
def test_an_alert_that_could_not_be_written_is_refused(old: bytes, new: bytes) -> None:
    _, value = lives("WIC")[0]
    assert old in value
    with pytest.raises(ValueError, match=r"."):
        UnwrittenRecords(ACCEPTS).take("alerts", record(value.replace(old, new)))


@pytest.mark.parametrize("topic", ["samples", "scores"])
def test_a_damaged_file_is_named_and_stays(topic: str) -> None:
    store = MemoryStore()
    item = sample_record(station("WIC", 1, 1)) if topic == "samples" else record(score(1))
    written(store, (topic, item))
    (path,) = store.files
    store.files[path] = damaged = store.files[path][:-9]
    with pytest.raises(FileRefused, match=rf"^{topic}/.*not readable"):
        written(store, (topic, item))
    assert store.files[path] == damaged


def test_memory_is_bounded() -> None:
    pending, hour = UnwrittenRecords(ACCEPTS), sample_record(station("WIC", 60, 1))
    for _ in range(400):
        if pending.full:
            break
        pending.take("samples", hour)
    assert pending.full
    pending.clear()
    assert not pending.full
    assert list(pending.write(MemoryStore())) == []
