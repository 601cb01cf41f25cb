"""`magwatch alerts --webhook` as a process, with a real broker and a real HTTP receiver."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from monitor.commands.alerts import alerts
from monitor.errors import Refused
from monitor.kafka.embedded_broker import free_port
from tests.monitor.webhook.feeds import Version, lives, publish
from tests.monitor.webhook.receivers import Reply, Request, Script, receiver
from tests.monitor.workers import Site, new_site
from tests.processes import Magwatch, magwatch

SECRET = "Bearer not-for-logs"  # noqa: S105
EVENTS = ("--format", "cloudevents")


@pytest.fixture
def site(tansu_address: str, tmp_path: Path) -> Site:
    return new_site(tansu_address, tmp_path, Path("unused.onnx"))


def command(url: str, *options: str) -> list[str]:
    return ["alerts", "--webhook", url, *options]


def forwarded(site: Site, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What is there from the beginning, to its end."""
    return magwatch(
        *command(url, "--from-beginning", "--no-follow", *options),
        env=site.environment(WEBHOOK_AUTHORIZATION=SECRET, GROUP="unused"),
    )


@contextmanager
def forwarding(site: Site, url: str, *options: str) -> Iterator[Magwatch]:
    """A forwarder that follows the topic."""
    with (site.folder / "forwarder.log").open("ab") as log:
        process = Magwatch(
            command(url, "--from-beginning", *options), env=site.environment(), stderr=log
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def bodies(requests: Sequence[Request]) -> list[bytes]:
    return [request.body for request in requests]


def assert_in_order(requests: Sequence[Request]) -> None:
    """No version of an alert comes after a later one."""
    newest: dict[str, int] = {}
    for request in requests:
        data = json.loads(request.body)["data"]
        assert data["version"] >= newest.get(data["alert_id"], 0)
        newest[data["alert_id"]] = data["version"]


def test_cloud_events_come_as_published_with_the_secret_in_the_header_only(site: Site) -> None:
    versions = lives("WIC", "HON")
    publish(site, [*versions, (b"x", b"no alert")])
    script = Script()
    with receiver(script) as url:
        result = forwarded(site, url + "?token=hidden", *EVENTS)
    assert sorted(bodies(script.accepted)) == sorted(value for _, value in versions)
    assert {one.headers["Content-Type"] for one in script.accepted} == {
        "application/cloudevents+json; charset=UTF-8"
    }
    assert "4 delivered, 0 refused, 0 known already, 1 unreadable" in result.stdout
    assert "hidden" not in result.stdout + result.stderr
    assert "not-for-logs" not in result.stdout + result.stderr


def test_alertmanagers_shape_fires_and_resolves_under_one_fingerprint(site: Site) -> None:
    publish(site, lives("WIC", days=4000.0))
    script = Script()
    with receiver(script) as url:
        forwarded(site, url, "--external-url", "http://127.0.0.1:3000/d/magwatch")
    fired, resolved = (json.loads(body) for body in bodies(script.accepted))
    assert {name: type(value).__name__ for name, value in fired.items()} == {
        "version": "str",
        "groupKey": "str",
        "truncatedAlerts": "int",
        "status": "str",
        "receiver": "str",
        "groupLabels": "dict",
        "commonLabels": "dict",
        "commonAnnotations": "dict",
        "externalURL": "str",
        "alerts": "list",
    }
    assert (fired["version"], fired["receiver"]) == ("4", "magwatch-webhook")
    assert (fired["status"], resolved["status"]) == ("firing", "resolved")
    assert fired["groupKey"] == resolved["groupKey"]
    assert fired["groupLabels"].items() <= fired["commonLabels"].items()
    before, after = fired["alerts"][0], resolved["alerts"][0]
    assert before["fingerprint"] == after["fingerprint"]
    assert before["startsAt"] == after["startsAt"]
    assert before["endsAt"] == "0001-01-01T00:00:00Z"
    assert after["endsAt"] > after["startsAt"]
    assert before["generatorURL"] == "http://127.0.0.1:3000/d/magwatch"
    assert after["annotations"]["skill"].startswith("no skill shown")
    assert "as high once in over a year of quiet data;" in after["annotations"]["description"]
    assert script.accepted[0].headers["Authorization"] == SECRET


def test_a_failing_receiver_gets_everything_in_order_in_the_end(site: Site) -> None:
    """429 with Retry-After, 503, then too slow: no later version overtakes."""
    versions = lives("WIC", "HON")
    publish(site, versions)
    busy = Reply(429, {"Retry-After": "2"})
    script = Script([busy, Reply(503), Reply(200, after_s=1.0)])
    with receiver(script) as url:
        result = forwarded(site, url, *EVENTS, "--timeout", "0.5")
    assert "4 delivered" in result.stdout
    assert len(set(bodies(script.requests[:4]))) == 1
    waited_s = script.requests[1].came_s - script.requests[0].came_s
    assert waited_s >= 2.0, "longer than the first pause by itself"
    assert_in_order(script.requests)
    assert set(bodies(script.accepted)) == {value for _, value in versions}


def test_a_receiver_that_was_dead_gets_what_it_missed(site: Site) -> None:
    versions = lives("WIC", "HON")
    port, script = free_port(), Script()
    with forwarding(site, f"http://127.0.0.1:{port}/hook", *EVENTS):
        publish(site, versions[:2])
        with receiver(script, port):
            script.wait_for(2)
        publish(site, versions[2:])
        with receiver(script, port):
            script.wait_for(4)
    assert sorted(bodies(script.accepted)) == sorted(value for _, value in versions)
    assert_in_order(script.accepted)


def test_kill_9_in_the_middle_loses_nothing(broker: str, tmp_path: Path) -> None:
    site = new_site(broker, tmp_path, Path("unused.onnx"))
    versions = lives("AAA", "BBB", "CCC", "DDD", "EEE")
    publish(site, versions)
    script = Script(otherwise=lambda _: Reply(after_s=0.1))
    with receiver(script) as url:
        for count in (2, 5):
            with forwarding(site, url, *EVENTS) as process:
                script.wait_for(count)
                process.send_signal(signal.SIGKILL)
                process.wait()
        result = forwarded(site, url, *EVENTS)
    assert result.returncode == 0, result.stderr
    came = bodies(script.accepted)
    assert set(came) == {value for _, value in versions}
    assert len(came) <= len(versions) + 2, "each kill repeats at most what was on its way"
    assert_in_order(script.accepted)


def test_what_a_restarted_worker_publishes_again_is_not_posted_again(site: Site) -> None:
    versions = lives("WIC")
    publish(site, versions)
    script = Script()
    with receiver(script) as url:
        forwarded(site, url, *EVENTS)
        publish(site, versions)
        again = forwarded(site, url, *EVENTS)
    assert bodies(script.accepted) == [value for _, value in versions]
    assert "0 delivered, 0 refused, 2 known already" in again.stdout


def test_a_topic_that_was_created_anew_is_posted_from_its_start(site: Site) -> None:
    versions = lives("WIC")
    publish(site, versions)
    consumer = KafkaConsumer(bootstrap_servers=site.settings.broker, group_id="magwatch-webhook")
    with closing(consumer):
        topic = site.settings.topic("alerts")
        where = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(where)
        consumer.commit({one: OffsetAndMetadata(1000, "", -1) for one in where})
    script = Script()
    with receiver(script) as url:
        forwarded(site, url, *EVENTS)
    assert bodies(script.accepted) == [value for _, value in versions]


def test_a_refusal_stops_with_one_line_and_loses_nothing(site: Site) -> None:
    versions = lives("WIC")
    publish(site, versions)
    script = Script([Reply(401)])
    with receiver(script) as url:
        stopped = forwarded(site, url, *EVENTS)
        resumed = forwarded(site, url, *EVENTS)
    assert stopped.returncode == 1
    line = stopped.stderr.splitlines()[-1]
    assert "HTTP 401" in line
    assert "nothing is lost" in line
    assert "Traceback" not in stopped.stderr
    assert "2 delivered" in resumed.stdout


def test_refusals_can_be_left_out_and_are_counted(site: Site) -> None:
    publish(site, lives("WIC", "HON"))
    script = Script([Reply(404), Reply(302), Reply(500)])
    with receiver(script) as url:
        result = forwarded(site, url, *EVENTS, "--on-refused", "skip", "--give-up", "0.1")
    assert "1 delivered, 3 refused" in result.stdout
    assert all(f"HTTP {status}" in result.stderr for status in (404, 302, 500))


@pytest.mark.parametrize(
    "wrong",
    [
        ["ftp://user:hidden@example.org"],
        ["file:///etc/passwd"],
        ["http://"],
        ["https://user:hidden@example.org"],
        ["http://127.0.0.1:1", "--group", "two words"],
        ["http://127.0.0.1:1", "--json"],
    ],
)
def test_what_cannot_be_meant_is_refused_without_repeating_a_secret(wrong: list[str]) -> None:
    result = CliRunner().invoke(alerts, ["--webhook", *wrong])
    refusal = str(result.exception) if isinstance(result.exception, Refused) else result.output
    assert "--webhook" in refusal or "--group" in refusal
    assert "hidden" not in refusal


def starts_at_the_end(site: Site, versions: list[Version], url: str) -> None:
    publish(site, versions)
    result = magwatch(*command(url, "--no-follow", *EVENTS), env=site.environment())
    assert result.returncode == 0, result.stderr


def test_a_new_group_begins_with_what_comes_and_keeps_that_point(site: Site) -> None:
    old, new = lives("WIC"), lives("HON")
    script = Script()
    with receiver(script) as url:
        starts_at_the_end(site, old, url)
        starts_at_the_end(site, new, url)
    assert bodies(script.accepted) == [value for _, value in new]
