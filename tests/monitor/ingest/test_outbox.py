"""What is acknowledged is in Kafka."""

import asyncio
from collections.abc import Sequence

from monitor.ingest.outbox import MOST_RECORDS, Outbox
from monitor.kafka.producer import Outgoing

RECORD = Outgoing("t", b"WIC", b"{}")


def test_nothing_is_acknowledged_before_kafka_has_it_and_all_before_it() -> None:
    async def play() -> None:
        taken, published, acknowledged = asyncio.Event(), [], []

        async def publish(records: Sequence[Outgoing]) -> None:
            await taken.wait()
            published.extend(records)

        outbox = Outbox(publish)
        sending = asyncio.create_task(outbox.run())
        outbox.put([RECORD], [lambda: acknowledged.append(1)])
        await asyncio.sleep(0.1)
        outbox.put([], [lambda: acknowledged.append(2)])  # a repetition: nothing to publish
        emptied = asyncio.create_task(outbox.empty())
        await asyncio.sleep(0.1)
        assert acknowledged == []
        assert not emptied.done()
        taken.set()
        await emptied
        assert (published, acknowledged) == ([RECORD], [1, 2])
        sending.cancel()

    asyncio.run(play())


def test_an_outbox_that_kafka_does_not_empty_is_crowded() -> None:
    async def publish(_: Sequence[Outgoing]) -> None:
        raise AssertionError

    outbox = Outbox(publish)
    outbox.put([RECORD] * MOST_RECORDS, [])
    assert not outbox.crowded
    outbox.put([RECORD], [])
    assert outbox.crowded
