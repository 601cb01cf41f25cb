"""Lag of a worker behind the ends of its partitions.

The broker is asked for the ends by a consumer of its own. The fetching consumer learns them only
with fetches, so its ends stop too when the worker is stuck.
"""

from __future__ import annotations

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from monitor.kafka.outage import error_fields
from monitor.kafka.security import client_security
from monitor.metrics.metrics import ProgressMetrics
from monitor.settings import Settings
from monitor.worker.faust_app import Consumption

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
        self._shown: set[int] = set()  # partitions with a series

    async def follow(self) -> None:
        """Measure for ever; while the broker is away the metrics keep their last values."""
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
                log.warning("lag not measured, trying again", **error_fields(error))
            finally:
                await consumer.stop()
            await asyncio.sleep(MEASURE_S)

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        topic = self._settings.topic("samples")
        assigned = [TopicPartition(topic, number) for number in sorted(self._consumption.assigned)]
        for partition in assigned:
            await self._ensure_position(consumer, partition)
        ends = await consumer.end_offsets(assigned) if assigned else {}
        self._show({partition.partition: end for partition, end in ends.items()})

    async def _ensure_position(self, consumer: AIOKafkaConsumer, where: TopicPartition) -> None:
        """Set the position before the first record: the group's commit, or the offset reset."""
        if where.partition in self._consumption.position:
            return
        start = await consumer.committed(where)
        if start is None:
            earliest = self._settings.offset_reset == "earliest"
            offsets = consumer.beginning_offsets if earliest else consumer.end_offsets
            start = (await offsets([where]))[where]
        if where.partition in self._consumption.assigned:
            self._consumption.first_offsets.setdefault(where.partition, start)

    def _show(self, ends: dict[int, int]) -> None:
        """Update the metrics; Tansu's end may lie inside the last batch, giving a negative lag."""
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
