"""The topics this program needs, and their creation on Tansu or Apache Kafka.

Creating is idempotent: topics that exist are left exactly as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)

from monitor.errors import BrokerUnreachable, Refused
from monitor.refusal import refusal
from monitor.security import client_security
from monitor.settings import OWN_OF_LINE, Settings

# A dead letter carries whatever a producer managed to send, so that topic takes more than the
# samples topic's consumers accept, and every client is set to that size.
MAX_RECORD_BYTES = 16 * 1024 * 1024
MAX_DEAD_LETTER_BYTES = MAX_RECORD_BYTES + 64 * 1024  # the record and its headers
DAY_MS = 86_400_000
SCORE_TOPICS = ("scores", "scores-shadow")
COMPACTED = {"cleanup.policy": "compact"}


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic to be: its name without prefix and what differs from the broker's defaults."""

    name: str
    config: dict[str, str]
    partitions: int | None = None  # None = as set


@dataclass(frozen=True, slots=True)
class Creation:
    """What became of one topic."""

    name: str
    created: bool


def plans(settings: Settings) -> tuple[TopicPlan, ...]:
    """Every topic of magwatch.

    `state` has the worker's checkpoints, `profiles` what it calibrated. Their partitions must be
    those of `samples`, since a partition's new owner reads the same partition of them. A named line
    of workers has these two for itself. `control` says which model is in charge.
    """
    large = {"max.message.bytes": str(MAX_RECORD_BYTES)}
    larger = {"max.message.bytes": str(MAX_DEAD_LETTER_BYTES)}
    return (
        TopicPlan("samples", {**large, **_kept(settings.samples_retention_days)}),
        *(TopicPlan(name, _kept(settings.scores_retention_days)) for name in SCORE_TOPICS),
        TopicPlan("alerts", dict(COMPACTED)),
        TopicPlan("deadletter", {**larger, **_kept(settings.deadletter_retention_days)}),
        # Not compacted: all have the index's name as key, and a replay needs every one.
        TopicPlan("indices", {"retention.ms": "-1"}, partitions=1),
        TopicPlan("control", dict(COMPACTED), partitions=1),
        TopicPlan("state", {**COMPACTED, **large}),
        TopicPlan("profiles", dict(COMPACTED)),
    )


def _kept(days: int) -> dict[str, str]:
    return {"retention.ms": str(days * DAY_MS)}


def admin(settings: Settings) -> KafkaAdminClient:
    """A connected admin client.

    Raises
    ------
    BrokerUnreachable
        If no broker answers within a few seconds.
    Refused
        If it answers and refuses the login or the certificate.
    """
    try:
        return KafkaAdminClient(
            bootstrap_servers=settings.broker.split(","),
            bootstrap_timeout_ms=3000,
            request_timeout_ms=10_000,
            **client_security(settings),
        )
    except (KafkaError, OSError, ValueError) as error:
        raise refusal(settings) or unreachable(settings, error) from None


def unreachable(settings: Settings, error: Exception) -> BrokerUnreachable:
    """The one line about a broker that does not answer."""
    return BrokerUnreachable(
        f"no broker answers at {settings.broker} ({type(error).__name__}): "
        "start one (`magwatch broker`) or set MAGWATCH_BROKER"
    )


def create_topics(settings: Settings) -> list[Creation]:
    """Create the topics that are missing; returns what happened to each, in order.

    Raises
    ------
    BrokerUnreachable
        If no broker answers, or it goes away before all are there.
    Refused
        If the broker does not allow it.
    """
    client = admin(settings)
    try:
        existing = _partition_counts(client.describe_topics())
        return [_create(client, settings, plan, existing) for plan in plans(settings)]
    except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        raise Refused(
            f"{settings.sasl_username} may not create topics at {settings.broker}: grant it what "
            "docs/operations.md lists"
        ) from None
    except KafkaError as error:
        if error.retriable:  # the broker went away meanwhile
            raise unreachable(settings, error) from None
        raise Refused(f"topics could not be created: {error}") from error
    finally:
        client.close()


def _create(
    client: KafkaAdminClient, settings: Settings, plan: TopicPlan, existing: dict[str, int]
) -> Creation:
    name = settings.topic(plan.name)
    if name in existing:
        return Creation(name, created=False)
    samples = existing.get(settings.topic("samples"), settings.partitions)
    options = {
        "num_partitions": plan.partitions
        or (samples if plan.name in OWN_OF_LINE else settings.partitions),
        "replication_factor": settings.replication,
        "configs": plan.config,
    }
    try:
        client.create_topics({name: options})
    except TopicAlreadyExistsError:  # another process was faster
        return Creation(name, created=False)
    return Creation(name, created=True)


def missing_topics(settings: Settings) -> list[str]:
    """Full names of the topics that do not exist yet."""
    return _missing(settings, _existing(settings))


def partition_count(settings: Settings) -> int:
    """Partitions of the samples topic.

    Raises
    ------
    BrokerUnreachable
        If no broker answers.
    Refused
        If topics are missing or those alongside it do not match.
    """
    existing = _existing(settings)
    missing = _missing(settings, existing)
    if missing:
        raise Refused(f"topics missing: {', '.join(missing)}: create them (`magwatch topics`)")
    samples = existing[settings.topic("samples")]
    for name in OWN_OF_LINE:
        if (count := existing[settings.topic(name)]) != samples:
            raise Refused(
                f"{settings.topic(name)} has {count} partitions and {settings.topic('samples')} "
                f"has {samples}: delete the {name} topic, it will be created again"
            )
    return samples


def _missing(settings: Settings, existing: dict[str, int]) -> list[str]:
    return [name for plan in plans(settings) if (name := settings.topic(plan.name)) not in existing]


def samples_topic_id(settings: Settings) -> str:
    """What tells the samples topic from an earlier one of the same name.

    Raises
    ------
    BrokerUnreachable
        If no broker answers.
    """
    (topic,) = _described(settings, [settings.topic("samples")])
    return str(topic.get("topic_id"))  # brokers before Kafka 2.8 know none


def _existing(settings: Settings) -> dict[str, int]:
    return _partition_counts(_described(settings))


def _described(settings: Settings, names: list[str] | None = None) -> list[dict[str, Any]]:
    client = admin(settings)
    try:
        topics: list[dict[str, Any]] = client.describe_topics(names)
    except KafkaError as error:
        raise unreachable(settings, error) from None
    finally:
        client.close()
    return topics


def _partition_counts(topics: list[dict[str, Any]]) -> dict[str, int]:
    return {topic["name"]: len(topic["partitions"]) for topic in topics}
