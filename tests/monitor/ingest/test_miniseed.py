"""Records of single channels become samples of a vector, in whatever order they come."""

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archive.recording import Recording
from monitor.ingest.addresses import seed_channels
from monitor.ingest.manner import PUSHED
from monitor.ingest.miniseed import LONGEST_LAG, RecordJoin, parse_miniseed
from monitor.ingest.series import StationSeries
from monitor.ingest.stations import StationPlan
from tests.monitor.feeds import station
from tests.monitor.ingest.local import Row, rows_of
from tests.monitor.ingest.seedlink_servers import records_of
from tests.monitor.ingest.test_stations import plans

RECORDING = station("OTT", 60, 1, elements="XYZ")


def plan(folder: Path, more: str = "scale_nt = 0.001", channels: str = "LF?") -> StationPlan:
    (found,) = plans(folder, f'[OTT]\nfrom = "seedlink://h/C2/OTT/R0/{channels}"\n{more}')
    return found


def joined(ott: StationPlan, records: Iterable[bytes], since_ms: int = 0) -> list[Recording]:
    channels = seed_channels(ott.sources[0])
    join = RecordJoin(ott, channels, since_ms)
    return [
        recording
        for record in records
        if (message := join.passed(record)) is not None
        for recording in parse_miniseed(ott, channels, message.subject, message.body)
    ]


def published(recordings: Iterable[Recording], start_ms: int = RECORDING.start_ms) -> list[Row]:
    """The last value of each sample, as a topic that takes corrections has it."""
    series = StationSeries("OTT", 1000)
    series.begin_at(start_ms)
    out = [part for one in recordings for part in series.take(one, PUSHED, 0.0)]
    return sorted(dict(row for part in out for row in rows_of(part)).items())


def test_three_channels_are_joined_by_time(tmp_path: Path) -> None:
    records = records_of(RECORDING)
    recordings = joined(plan(tmp_path), records)
    rows = [row for recording in recordings for row in rows_of(recording)]
    assert len({len(recording) for recording in recordings}) > 1  # records end at different times
    assert rows == rows_of(RECORDING)[: len(rows)]  # in order, once, nothing but nT
    assert len(rows) == len(RECORDING)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_records_does_not_matter(tmp_path: Path, seed: int) -> None:
    records = records_of(RECORDING)
    random.Random(seed).shuffle(records)  # noqa: S311 - the same order with the same seed
    assert published(joined(plan(tmp_path), records)) == rows_of(RECORDING)


def test_records_that_come_again_bring_what_is_known(tmp_path: Path) -> None:
    records = records_of(RECORDING)
    assert published(joined(plan(tmp_path), records + records[-4:])) == rows_of(RECORDING)


def test_what_lies_before_the_wanted_time_is_left_out(tmp_path: Path) -> None:
    since_ms = RECORDING.start_ms + 1_000_500
    rows = published(joined(plan(tmp_path), records_of(RECORDING), since_ms), since_ms)
    assert rows == rows_of(RECORDING)[1001:]


def test_a_channel_that_stays_away_is_waited_for_and_then_missing(tmp_path: Path) -> None:
    long = station("OTT", 110, 1, elements="XYZ")
    vertical = records_of(replace(long, elements={"Z": long.elements["Z"]}), axes="Z")
    others = [record for record in records_of(long) if record not in vertical]
    away = [vertical[0], *others]
    rows = published(joined(plan(tmp_path), away))
    assert rows[-1][0] == long.end_ms - 1000 * LONGEST_LAG - 1000
    assert np.isnan(rows[-1][1][2])
    assert published(joined(plan(tmp_path), [*away, *vertical[1:]])) == rows_of(long)


@pytest.mark.parametrize(
    ("axes", "more", "elements"),
    [
        ("UVW", "scale_nt = 0.001", "HEZ"),
        ("HDZ", 'scale_nt = 0.001\nangles = "minutes"', "HDZ"),
        ("123", 'scale_nt = 0.001\nchannels = {LF1 = "X", LF2 = "Y", LF3 = "Z"}', "XYZ"),
    ],
)
def test_channels_are_elements(tmp_path: Path, axes: str, more: str, elements: str) -> None:
    (first, *_) = joined(plan(tmp_path, more), records_of(RECORDING, axes=axes))
    assert "".join(sorted(first.elements)) == "".join(sorted(elements))
    if "D" in elements:
        sent = RECORDING.elements["Y"][0]
        assert first.elements["D"][0] == pytest.approx(sent / 60)


def test_minutes_are_read(tmp_path: Path) -> None:
    minutes = replace(RECORDING, cadence_ms=60_000)
    ott = plan(tmp_path, 'scale_nt = 0.001\ncadence = "PT1M"', "UFX,UFY,UFZ")
    recordings = joined(ott, records_of(minutes, band="U"))
    assert [row for one in recordings for row in rows_of(one)] == rows_of(minutes)


@pytest.mark.parametrize(
    ("records", "more", "said"),
    [
        ([b"x" * 512], "scale_nt = 0.001", "no miniSEED"),
        (records_of(RECORDING), "", "LF. has values like "),
        (records_of(RECORDING), 'cadence = "PT1M"', "LF. has a sample every 1 s"),
        (records_of(RECORDING, axes="HDZ"), "scale_nt = 0.001", "minutes of arc: state angles"),
        (
            records_of(
                replace(station("OTT", 90, 1), elements={"X": np.full(5400, 2e4)}), axes="X"
            ),
            "scale_nt = 0.001",
            "elements X are not one of",
        ),
    ],
)
def test_nonsense_is_refused_by_name(
    tmp_path: Path, records: list[bytes], more: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        joined(plan(tmp_path, more), records)


def test_other_channels_are_left_alone(tmp_path: Path) -> None:
    records = records_of(RECORDING, axes="XYF") + records_of(RECORDING, band="U")
    assert joined(plan(tmp_path), records) == []
