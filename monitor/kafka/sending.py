"""Synchronous sending of records, for commands and programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from monitor.kafka.security import client_security
from monitor.kafka.topics import MAX_RECORD_BYTES, admin, unreachable
from monitor.settings import Settings


class _Producer(KafkaProducer):  # type: ignore[misc]  # kafka-python is partly typed
    def close(self, timeout: float | None = None, null_logger: bool = False) -> None:
        """Close, after `timeout` seconds even if records are unconfirmed.

        The base class then raises and stays open, and its destructor tries again.
        """
        try:
            super().close(timeout, null_logger)
        except KafkaTimeoutError:
            self._sender.force_close()
            self._closed = True


def open_producer(settings: Settings) -> KafkaProducer:
    """An idempotent producer that waits for all replicas.

    Raises
    ------
    BrokerUnreachable
        If no broker answers.
    Refused
        If the broker refuses the login or the certificate.
    """
    admin(settings).close()  # a producer would wait without a message
    try:
        return _Producer(
            bootstrap_servers=settings.broker.split(","),
            linger_ms=20,
            max_request_size=MAX_RECORD_BYTES,
            **client_security(settings),
        )
    except (KafkaError, OSError, ValueError) as error:
        raise unreachable(settings, error) from None


@contextmanager
def producing(settings: Settings) -> Iterator[KafkaProducer]:
    """Open a producer and close it at the end of the block, after a failure without a wait.

    Raises
    ------
    BrokerUnreachable, Refused
        As `open_producer`.
    """
    producer = open_producer(settings)
    try:
        yield producer
    except BaseException:
        producer.close(0)
        raise
    producer.close()
