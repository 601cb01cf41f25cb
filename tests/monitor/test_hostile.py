"""Records that a broken or hostile sender might leave in a topic for ever."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from geofield.indices import KP, IndexInterval
from monitor.records.dead_letters import dead_letter
from monitor.records.indices import encode_index
from monitor.records.sample_decoder import RawRecord, Reason, Rejected
from monitor.settings import load_settings
from monitor.worker.faust_app import Consumption
from monitor.worker.index_follower import IndexReader

GOOD = encode_index(KP, [IndexInterval(KP, 0, 10_800_000, 10_800_000, 2.0)])


@pytest.mark.parametrize(
    "value",
    [
        b'{"name":"Kp","values":[{"start":"0001-01-01T00:00:00+23:59","end":"2024-01-01",'
        b'"known":"2024-01-01","value":1.0}]}',
        b'{"name":"Kp","x":' + b"[" * 100_000,
        b"\xff\xfe",
        b"",
    ],
)
def test_a_bad_index_record_is_refused_and_the_next_one_read(value: bytes) -> None:
    refused: list[None] = []
    reader = IndexReader(load_settings(), lambda: refused.append(None))
    records: Any = [
        SimpleNamespace(value=one, topic="geomag.indices", partition=0, offset=n, headers=())
        for n, one in enumerate([value, GOOD])
    ]
    reader._take(records)
    assert len(refused) == 1
    assert len(reader.history.of(KP)) == 1


@pytest.mark.parametrize("timestamp_ms", [2**60, -1, 0])
def test_a_dead_letter_takes_any_timestamp(timestamp_ms: int) -> None:
    record = RawRecord("geomag.samples", 0, 7, timestamp_ms, b"WIC", b"rubbish")
    letter = dead_letter(record, Rejected(Reason.NOT_JSON, "rubbish"), "geomag.deadletter")
    assert dict(letter.headers)["offset"] == b"7"


def test_what_was_fetched_before_a_rebalance_is_left_to_be_read_again() -> None:
    consumption = Consumption(
        SimpleNamespace(  # type: ignore[arg-type]
            settings=load_settings(), assigned={0}
        ),
        SimpleNamespace(),  # type: ignore[arg-type]
        partitions=1,
    )
    consumption._app = SimpleNamespace(consumer_generation_id=2)
    assert consumption._is_current(SimpleNamespace(generation_id=2, partition=0))
    assert not consumption._is_current(SimpleNamespace(generation_id=1, partition=0))
    assert not consumption._is_current(SimpleNamespace(generation_id=2, partition=5))


def test_a_task_that_fails_beside_the_stream_ends_the_worker() -> None:
    async def failing() -> None:
        raise RuntimeError("no more indices")

    async def run() -> Consumption:
        consumption = Consumption(
            SimpleNamespace(settings=load_settings()),  # type: ignore[arg-type]
            SimpleNamespace(),  # type: ignore[arg-type]
            partitions=1,
        )
        task = asyncio.create_task(failing())
        task.add_done_callback(consumption.helper_ended)
        await asyncio.wait([task])
        await asyncio.sleep(0)
        return consumption

    assert isinstance(asyncio.run(run()).failure, RuntimeError)
