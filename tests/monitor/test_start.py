"""A broker that is lost while topics are created: something to wait for, not to end with."""

from typing import Any

import pytest

from monitor.errors import BrokerUnreachable
from monitor.kafka import topics
from monitor.kafka.embedded_broker import embedded_broker
from monitor.settings import load_settings


def test_a_broker_lost_while_topics_are_created_is_unreachable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker waits for what is unreachable; after any other refusal it ends."""
    with embedded_broker() as broker:
        create = topics._create

        def create_without_broker(*arguments: Any) -> topics.Creation:
            broker.process.kill()
            broker.process.wait()
            return create(*arguments)

        monkeypatch.setattr(topics, "_create", create_without_broker)
        with pytest.raises(BrokerUnreachable, match="no broker answers"):
            topics.create_topics(load_settings(broker=broker.address))
