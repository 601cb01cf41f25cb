"""Whatever a webhook's receiver answers: its status decides, in one line, exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition
from yarl import URL

from monitor.commands.alerts import alerts
from monitor.errors import Refused
from monitor.http.client import session
from monitor.webhook.payloads import Payload
from monitor.webhook.receiver import Receiver, ReceiverAnswer
from monitor.webhook.target import Target
from tests.abuse.answers import DATES, Horror, answer, headers, redirects, statuses, transports
from tests.abuse.asking import assert_one_line, outcomes
from tests.abuse.raw_server import Asked, raw_server
from tests.monitor.webhook.feeds import lives, publish
from tests.monitor.webhook.test_webhook import EVENTS, forwarded
from tests.monitor.workers import Site, new_site

PAYLOAD = Payload(b'{"an": "alert"}', "application/json")


@pytest.fixture
def site(tansu_address: str, tmp_path: Path) -> Site:
    return new_site(tansu_address, tmp_path, Path("unused.onnx"))


def delivered(
    horrors: Sequence[Horror], timeout_s: float = 20.0
) -> list[tuple[Horror, ReceiverAnswer]]:
    """What one try to deliver makes of each answer."""

    async def post(url: str) -> ReceiverAnswer:
        async with session() as client:
            target = Target(URL(url), None, timeout_s, give_up_s=1e-9)
            return await Receiver(target, client).deliver(PAYLOAD)

    return outcomes(horrors, post)


def test_a_200_is_delivered_whatever_its_headers_say() -> None:
    for horror, outcome in delivered(list(headers())):
        assert_one_line(outcome.said, horror.name)
        assert outcome.delivered or not horror.harmless, (horror.name, outcome)


def test_a_503_is_tried_again_whatever_its_headers_say() -> None:
    for horror, outcome in delivered(list(headers(b"503 \x1b[31mBusy"))):
        assert not outcome.delivered, horror.name
        assert_one_line(outcome.said, horror.name)
        if horror.harmless:
            assert outcome.said == "HTTP 503 \ufffd[31mBusy, for too long", horror.name


@pytest.mark.parametrize("kind", [statuses, redirects, transports])
def test_the_status_alone_decides(kind: Callable[[], Iterator[Horror]]) -> None:
    for horror, outcome in delivered(list(kind()), timeout_s=8.0):
        assert_one_line(outcome.said, horror.name)
        assert outcome.delivered == outcome.said.startswith("HTTP 2"), horror.name
        if "body" in horror.name or horror.name.startswith("packed"):
            assert outcome.delivered, (horror.name, outcome)


def test_what_is_delivered_under_strange_headers_is_committed_once(site: Site) -> None:
    versions = lives("WIC", "HON", "BOU", "KAK", "CLF", "HER")
    publish(site, versions)
    posted: list[bytes] = []

    def reply(asked: Asked) -> Iterator[bytes]:
        strange = DATES[len(posted)]
        posted.append(asked.body)
        yield answer(b"", (b"Date", strange), (b"Retry-After", strange))

    with raw_server(reply) as url:
        first = forwarded(site, f"{url}/hook", *EVENTS)
        again = forwarded(site, f"{url}/hook", *EVENTS)
    assert "Traceback" not in first.stderr
    assert "12 delivered, 0 refused, 0 known already" in first.stdout
    assert "0 delivered, 0 refused, 0 known already" in again.stdout
    assert sorted(posted) == sorted(value for _, value in versions)
    assert committed(site) == len(versions)


def committed(site: Site) -> int:
    """Sum of the offsets of the webhook's group."""
    topic, group = site.settings.topic("alerts"), "magwatch-webhook"
    with closing(KafkaConsumer(bootstrap_servers=site.settings.broker, group_id=group)) as consumer:
        where = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic) or ()]
        return sum(consumer.committed(one) or 0 for one in where)


@pytest.mark.parametrize("secret", ["Bearer hidden\n", "Bearer hid\r\nden", "hid\x1bden", "\udcff"])
def test_a_secret_that_no_header_can_hold_is_refused_in_one_line(secret: str) -> None:
    environment = {"MAGWATCH_WEBHOOK_AUTHORIZATION": secret}
    result = CliRunner().invoke(alerts, ["--webhook", "http://127.0.0.1:1"], env=environment)
    assert isinstance(result.exception, Refused)
    assert_one_line(str(result.exception), secret)
    assert "MAGWATCH_WEBHOOK_AUTHORIZATION has a line break" in str(result.exception)
    assert "hid" not in str(result.exception)


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example.org", "127.0.0.1:99999", "[::1"])
def test_a_host_that_cannot_be_looked_up_is_refused_in_one_line(host: str) -> None:
    result = CliRunner().invoke(alerts, ["--webhook", f"http://{host}/hook"])
    assert isinstance(result.exception, Refused)
    assert str(result.exception) == "--webhook must be a URL like https://receiver.example.org/hook"
