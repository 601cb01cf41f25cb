"""Reviews into their topic."""

from __future__ import annotations

from kafka.errors import KafkaError, TopicAuthorizationFailedError

from monitor.errors import Refused
from monitor.kafka.sending import producing
from monitor.kafka.topics import require_topics, unreachable
from monitor.records.reviews import REVIEW_HEADERS, ReviewRecord, encode_review
from monitor.reviews.reading import TOPIC
from monitor.settings import Settings

SEND_S = 15.0


def publish_review(settings: Settings, record: ReviewRecord) -> None:
    """Put a review into the topic; return once the broker has it.

    Raises
    ------
    BrokerUnreachable
        If no broker answers, or not in time.
    Refused
        If the topic does not exist, or may not be written.
    """
    require_topics(settings, TOPIC)
    key, value = encode_review(record)
    with producing(settings) as producer:
        try:
            sent = producer.send(settings.topic(TOPIC), value, key, [*REVIEW_HEADERS])
            sent.get(SEND_S)
        except TopicAuthorizationFailedError:
            raise Refused(
                f"{settings.sasl_username} may not write {settings.topic(TOPIC)}: grant it what "
                "docs/operations.md lists"
            ) from None
        except KafkaError as error:
            raise unreachable(settings, error) from None
