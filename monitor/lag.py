"""How far behind the end of its partitions a worker is, asked of the broker itself.

Not of the consumer that fetches: while a worker is stuck that one fetches nothing, and the ends it
knows stand still with it.
"""

from __future__ import annotations

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from monitor.app import Consumption
from monitor.metrics import ProgressMetrics
from monitor.security import client_security
from monitor.settings import Settings

MEASURE_S = 5.0
log = structlog.get_logger("magwatch.lag")


class LagMeter:
    """Shows lag and position of each assigned partition."""

    def __init__(
        self, settings: Settings, consumption: Consumption, metrics: ProgressMetrics
    ) -> None:
        self._settings = settings
        self._consumption = consumption
        self._metrics = metrics
        self._shown: set[int] = set()

    async def follow(self) -> None:
        """Measure for ever; while the broker is away the last figures stand."""
        while True:
            consumer = AIOKafkaConsumer(  # joins no group, since it subscribes to nothing
                bootstrap_servers=self._settings.broker,
                group_id=self._settings.consumer_group,
                enable_auto_commit=False,
                **client_security(self._settings),
            )
            try:
                await consumer.start()
                while True:
                    await self._measure(consumer)
                    await asyncio.sleep(MEASURE_S)
            except (KafkaError, OSError) as error:
                reason = str(error) or type(error).__name__
                log.warning("lag not measured, trying again", error=reason)
            finally:
                await consumer.stop()
            await asyncio.sleep(MEASURE_S)

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        topic = self._settings.topic("samples")
        where = [TopicPartition(topic, number) for number in sorted(self._consumption.assigned)]
        for partition in where:
            await self._ensure_position(consumer, partition)
        ends = await consumer.end_offsets(where) if where else {}
        self._show({partition.partition: end for partition, end in ends.items()})

    async def _ensure_position(self, consumer: AIOKafkaConsumer, where: TopicPartition) -> None:
        """Until a record comes the worker stands where its group committed, or begins."""
        if where.partition in self._consumption.position:
            return
        start = await consumer.committed(where)
        if start is None:
            earliest = self._settings.offset_reset == "earliest"
            offsets = consumer.beginning_offsets if earliest else consumer.end_offsets
            start = (await offsets([where]))[where]
        if where.partition in self._consumption.assigned:
            self._consumption.begun.setdefault(where.partition, start)

    def _show(self, ends: dict[int, int]) -> None:
        """Tansu names an offset inside the last batch for an end, so a lag may be below zero."""
        positions = self._consumption.position
        lags = {
            number: end - positions[number] for number, end in ends.items() if number in positions
        }
        for number, lag in lags.items():
            self._metrics.lag.labels(number).set(max(lag, 0))
            self._metrics.position.labels(number).set(positions[number])
        for number in self._shown - lags.keys():
            self._metrics.lag.remove(number)
            self._metrics.position.remove(number)
        self._shown = set(lags)
