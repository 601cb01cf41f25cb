"""How records become batches."""

import asyncio
from collections.abc import Awaitable, Callable

from monitor.records.sample_decoder import RawRecord
from monitor.worker.batching import MOST_BYTES, RecordQueue

LONG_S = 60.0
AT_ONCE_S = 1.0


def records(count: int, size: int = 10, begin: int = 0) -> list[RawRecord]:
    return [RawRecord("t", 0, begin + n, 0, b"WIC", b"x" * size) for n in range(count)]


def run(scenario: Callable[[RecordQueue], Awaitable[None]], most: int, wait_s: float) -> None:
    async def main() -> None:
        async with asyncio.timeout(AT_ONCE_S):
            await scenario(RecordQueue(most, wait_s))

    asyncio.run(main())


def test_a_lone_record_does_not_wait() -> None:
    async def scenario(intake: RecordQueue) -> None:
        intake.add(records(1))
        assert await intake.batch() == records(1)

    run(scenario, most=10, wait_s=LONG_S)


def test_a_full_batch_does_not_wait() -> None:
    async def scenario(intake: RecordQueue) -> None:
        intake.add(records(25))
        assert await intake.batch() == records(10)
        assert await intake.batch() == records(10, begin=10)

    run(scenario, most=10, wait_s=LONG_S)


def test_what_trickles_in_is_taken_together() -> None:
    async def scenario(intake: RecordQueue) -> None:
        intake.add(records(1))
        await intake.batch()
        intake.add(records(1, begin=1))
        waiting = asyncio.create_task(intake.batch())
        await asyncio.sleep(0.05)
        intake.add(records(1, begin=2))
        assert await waiting == records(2, begin=1)

    run(scenario, most=10, wait_s=0.2)


def test_a_backlog_of_long_records_comes_in_parts() -> None:
    backlog = records(10, size=MOST_BYTES * 2 // 5)

    async def scenario(intake: RecordQueue) -> None:
        intake.add(backlog)
        parts = [await intake.batch() for _ in range(4)]
        assert [one for part in parts for one in part] == backlog
        assert max(map(len, parts)) == 3

    run(scenario, most=1000, wait_s=0.01)


def test_there_is_room_for_less_than_a_batch() -> None:
    async def scenario(intake: RecordQueue) -> None:
        intake.add(records(10))
        blocked = asyncio.create_task(intake.room())
        await asyncio.sleep(0)
        assert not blocked.done()
        await intake.batch()
        await blocked

    run(scenario, most=10, wait_s=LONG_S)


def test_what_is_cleared_does_not_come() -> None:
    async def scenario(intake: RecordQueue) -> None:
        intake.add(records(1))
        await intake.batch()
        intake.add(records(5))
        waiting = asyncio.create_task(intake.batch())
        await asyncio.sleep(0.05)
        intake.clear()
        intake.add(records(1, begin=7))
        assert await waiting == records(1, begin=7)

    run(scenario, most=10, wait_s=0.2)
