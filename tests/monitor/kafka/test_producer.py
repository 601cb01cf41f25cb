"""Whole batches arrive whole, in order, and where any other producer would have put them."""

import asyncio
from contextlib import closing

from aiokafka.errors import KafkaConnectionError
from kafka import KafkaProducer

from monitor.kafka.producer import Outgoing, Publisher
from monitor.settings import Settings
from tests.monitor.workers import Site, received

KEYS = [f"ST{n}".encode() for n in range(40)]


def publish(settings: Settings, *batches: list[Outgoing]) -> None:
    async def main() -> None:
        publisher = Publisher(settings, lambda: None)
        for batch in batches:
            await publisher.publish(batch)
        await publisher.stop()

    asyncio.run(main())


def test_a_key_is_where_the_usual_partitioner_puts_it(site: Site) -> None:
    topic = site.settings.topic("scores")
    publish(site.settings, [Outgoing(topic, key, b"ours") for key in KEYS])
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        theirs = {key: producer.send(topic, b"theirs", key).get(30).partition for key in KEYS}
    ours = {one.key: one.partition for one in received(site, "scores") if one.value == b"ours"}
    assert ours == theirs
    assert len(set(ours.values())) > 1


def test_more_than_fits_into_a_batch_arrives_in_order(site: Site) -> None:
    """Of the records with a partition of their own, of those without a key, and of all others."""
    topic, pad = site.settings.topic("scores"), b"x" * 1000
    count = 2000
    keyed = [Outgoing(topic, KEYS[n % 40], b"%d" % n + pad) for n in range(count)]
    placed = [Outgoing(topic, b"placed", b"%d" % n + pad, partition=2) for n in range(count)]
    nameless = [Outgoing(topic, None, b"%d" % n) for n in range(40)]
    publish(site.settings, keyed, [*placed, *nameless])
    found = received(site, "scores")
    for key in {*KEYS, b"placed"}:
        values = [one.value for one in found if one.key == key]
        sent = [one.value for one in (*keyed, *placed) if one.key == key]
        assert values == sent
    assert {one.partition for one in found if one.key == b"placed"} == {2}
    assert len({one.partition for one in found if one.key is None}) == 4
    assert sum(one.key is None for one in found) == len(nameless)


def test_headers_and_records_without_a_value_arrive(site: Site) -> None:
    headers = (("reason", b"not-json"), ("detail", "\u00e4".encode()))
    topic = site.settings.topic("deadletter")
    publish(
        site.settings,
        [Outgoing(topic, b"WIC", None, headers), Outgoing(topic, None, None, headers)],
    )
    found = sorted(received(site, "deadletter"), key=lambda one: one.key or b"")
    assert [(one.key, one.value) for one in found] == [(None, None), (b"WIC", None)]
    assert all(tuple(one.headers) == headers for one in found)


def test_what_is_forbidden_before_an_attempt_is_not_sent(site: Site) -> None:
    """The last moment is when a connection and the partitions are there."""
    topic, answers = site.settings.topic("scores"), iter([False, True])

    async def permitted() -> bool:
        return next(answers)

    async def main() -> list[bool]:
        publisher = Publisher(site.settings, lambda: None)
        sent = [
            await publisher.publish([Outgoing(topic, b"WIC", value)], permitted)
            for value in (b"forbidden", b"permitted")
        ]
        await publisher.stop()
        return sent

    assert asyncio.run(main()) == [False, True]
    assert [one.value for one in received(site, "scores")] == [b"permitted"]


def test_a_batch_is_not_sent_again_once_that_is_forbidden(site: Site) -> None:
    topic, asked = site.settings.topic("scores"), []

    async def permitted() -> bool:
        asked.append(len(asked))
        if len(asked) == 1:
            raise KafkaConnectionError  # as when the broker goes away in an attempt
        return False

    async def main() -> bool:
        publisher = Publisher(site.settings, lambda: None)
        try:
            return await publisher.publish([Outgoing(topic, b"WIC", b"old")], permitted)
        finally:
            await publisher.stop()

    assert not asyncio.run(main())
    assert asked == [0, 1]
    assert received(site, "scores") == []
