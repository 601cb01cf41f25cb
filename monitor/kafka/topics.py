"""The topics of magwatch, and their creation on Tansu or Apache Kafka.

Creation is idempotent: existing topics are not changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)

from geofield.utc import DAY_MS
from monitor.errors import BrokerUnreachable, Refused
from monitor.kafka.login_errors import refusal
from monitor.kafka.security import client_security
from monitor.settings import OWN_OF_LINE, Settings

# A dead letter contains a whole refused record, so its topic takes larger records than the samples
# topic. Every client is set to that size.
MAX_RECORD_BYTES = 16 * 1024 * 1024
MAX_DEAD_LETTER_BYTES = MAX_RECORD_BYTES + 64 * 1024  # the record and its headers
SCORE_TOPICS = ("scores", "scores-shadow")
NOT_OF_WORKERS = {"quakes", "scoreboard", "sources"}  # a worker's user may not even see them
COMPACTED = {"cleanup.policy": "compact"}
TIMESTAMP_TYPE = "message.timestamp.type"
DATED_BY_BROKER = {TIMESTAMP_TYPE: "LogAppendTime"}  # senders' clocks may be wrong
KEPT_AND_DATED = {"retention.ms": "-1", **DATED_BY_BROKER}
# The scoreboard asks when an alert was published first, living profiles ask when a review became
# known; compaction keeps the newest version alone.
ALL_VERSIONS = {"min.compaction.lag.ms": str(3650 * DAY_MS)}


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """A topic to create: its name without prefix, and its settings beside the broker's defaults."""

    name: str
    config: dict[str, str]
    partitions: int | None = None  # None = MAGWATCH_PARTITIONS


@dataclass(frozen=True, slots=True)
class Creation:
    """A topic, and whether it was created or existed before."""

    name: str
    created: bool


def plans(settings: Settings) -> tuple[TopicPlan, ...]:
    """The plans of all topics of magwatch.

    `state` has the workers' checkpoints and `profiles` their online profiles. Both have as many
    partitions as `samples`: the new owner of a partition of samples reads the same partition of
    them. A named line of workers has its own `state` and `profiles`. `control` has the handovers
    between models. `sources` has which stations' sources are silent, `reviews` what observers said
    of alerts.
    """
    large = {"max.message.bytes": str(MAX_RECORD_BYTES)}
    larger = {"max.message.bytes": str(MAX_DEAD_LETTER_BYTES)}
    return (
        TopicPlan(
            "samples", {**large, **_retention(settings.samples_retention_days), **DATED_BY_BROKER}
        ),
        *(
            TopicPlan(name, {**_retention(settings.scores_retention_days), **DATED_BY_BROKER})
            for name in SCORE_TOPICS
        ),
        TopicPlan("alerts", {**COMPACTED, **ALL_VERSIONS, **DATED_BY_BROKER}),
        TopicPlan("reviews", {**COMPACTED, **ALL_VERSIONS, **DATED_BY_BROKER}, partitions=1),
        TopicPlan("deadletter", {**larger, **_retention(settings.deadletter_retention_days)}),
        # Not compacted: the key is the name of the index, and a replay needs every value.
        TopicPlan("indices", {"retention.ms": "-1"}, partitions=1),
        # Not compacted: every revision of an earthquake counts, not only the newest.
        TopicPlan("quakes", dict(KEPT_AND_DATED), partitions=1),
        # Not compacted: a registration can be neither taken back nor repeated.
        TopicPlan("scoreboard", dict(KEPT_AND_DATED), partitions=1),
        TopicPlan("control", dict(COMPACTED), partitions=1),
        TopicPlan("state", {**COMPACTED, **large}),
        TopicPlan("profiles", dict(COMPACTED)),
        TopicPlan("sources", {**COMPACTED, **DATED_BY_BROKER}, partitions=1),
    )


def _retention(days: int) -> dict[str, str]:
    return {"retention.ms": str(days * DAY_MS)}


def admin(settings: Settings) -> KafkaAdminClient:
    """A connected admin client.

    Raises
    ------
    BrokerUnreachable
        If no broker answers within a few seconds.
    Refused
        If the broker refuses the login or the certificate.
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
    """The error for a broker that does not answer."""
    return BrokerUnreachable(
        f"no broker answers at {settings.broker} ({type(error).__name__}): "
        "start one (`magwatch broker`) or set MAGWATCH_BROKER"
    )


def create_topics(settings: Settings) -> list[Creation]:
    """Create the missing topics; return the outcome for each topic, in order.

    Raises
    ------
    BrokerUnreachable
        If no broker answers, or the broker goes away before all topics exist.
    Refused
        If the broker does not allow the creation.
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


def require_topics(settings: Settings, *names: str) -> None:
    """Check that the topics of these names, without prefix, exist.

    Raises
    ------
    Refused
        If one does not; the message says what to do.
    """
    missing = missing_topics(settings)
    for name in names:
        if (topic := settings.topic(name)) in missing:
            raise Refused(f"no topic {topic}: create it (`magwatch topics`)")


def missing_worker_topics(settings: Settings) -> list[str]:
    """Full names of the topics that do not exist yet and a worker needs."""
    return _worker_topics(settings, missing_topics(settings))


def partition_count(settings: Settings) -> int:
    """Number of partitions of the samples topic.

    Raises
    ------
    BrokerUnreachable
        If no broker answers.
    Refused
        If topics are missing, or `state` or `profiles` has another number of partitions.
    """
    existing = _existing(settings)
    missing = _worker_topics(settings, _missing(settings, existing))
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


def _worker_topics(settings: Settings, names: list[str]) -> list[str]:
    apart = {settings.topic(name) for name in NOT_OF_WORKERS}
    return [name for name in names if name not in apart]


def samples_topic_id(settings: Settings) -> str:
    """Id of the samples topic; a topic created anew under the same name has another.

    Raises
    ------
    BrokerUnreachable
        If no broker answers.
    """
    return topic_ids(settings, ["samples"])["samples"]


def topic_ids(settings: Settings, names: Sequence[str]) -> dict[str, str]:
    """Ids of topics by their names without prefix; errors as of `samples_topic_id`."""
    described = _described(settings, [settings.topic(name) for name in names])
    by_topic = {topic["name"]: str(topic.get("topic_id")) for topic in described}
    return {name: by_topic[settings.topic(name)] for name in names}  # none before Kafka 2.8


def sender_dates_samples(settings: Settings) -> bool:
    """Whether the samples topic is known to keep the senders' timestamps, not the broker's."""
    name = settings.topic("samples")
    asked = ConfigResource(ConfigResourceType.TOPIC, name, configs={TIMESTAMP_TYPE: None})
    client = admin(settings)
    try:
        answer = client.describe_configs([asked])["topic"][name]
    except (KafkaError, KeyError):  # Tansu has no answer, and the user may lack the permission
        return False
    finally:
        client.close()
    return bool(answer.get(TIMESTAMP_TYPE, {}).get("value") == "CreateTime")


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
