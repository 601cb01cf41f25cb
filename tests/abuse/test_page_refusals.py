"""Whatever stands in the topic of dead letters: the page shows what is one, and serves on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from kafka import KafkaProducer

from archive.model import default_model_path
from monitor.dashboard.refusals import MOST_KEYS
from monitor.dashboard.showable import MAX_KEY, REASONS
from monitor.kafka.topics import MAX_DEAD_LETTER_BYTES
from monitor.records.dead_letters import MAX_DETAIL_CHARACTERS
from tests.monitor.dashboard.browser import LOW_CONTRAST, chromium, tab
from tests.monitor.dashboard.pages import Page, answered, page
from tests.monitor.workers import Site, new_site, wait_until

MARKUP = b"<img src=x onerror='window.hacked = 1'>"
LONG = 100_000
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Letter:
    """A record of the topic; `shown` says whether it is a dead letter that the page can show."""

    headers: Headers
    key: bytes | None = b"WIC"
    value: bytes | None = b"{}"
    shown: bool = True


def headers(reason: bytes = b"bad-cadence", detail: bytes = b"PT1M") -> Headers:
    return [("reason", reason), ("detail", detail), ("topic", b"geomag.samples")]


def letters() -> list[Letter]:
    """Dead letters as nobody should write them."""
    no_reasons = [b"", MARKUP, b"BAD-CADENCE", b"bad-cadence\n", b"\xff\xfe", LONG * b"x"]
    found = [Letter(headers(reason), shown=False) for reason in no_reasons]
    found += [Letter([], shown=False), Letter([("detail", b"PT1M")], shown=False)]
    details = [b"", MARKUP, b"\xff\xfe", LONG * b"x", b"\x1b[2J\x07\r\n\t", b"\xe2\x80\xae"]
    found += [Letter(headers(detail=detail)) for detail in details]
    keys = [None, b"", b"wic", b"\xff\xff", b"WIC\n", b"../../etc/passwd", MARKUP, LONG * b"W"]
    found += [Letter(headers(), key) for key in keys]
    found += [Letter(headers(), value=value) for value in (None, b"", MARKUP, LONG * b"\0")]
    twice = [*headers(), ("reason", b"none of ours")]
    found += [Letter(twice), Letter([*headers(), *(500 * [("more", b"x")])])]
    return found + [Letter(headers(), b"K%d" % number) for number in range(3 * MOST_KEYS)]


@dataclass
class Aftermath:
    """The page when all of it has been read."""

    site: Site
    page: Page

    @property
    def snapshot(self) -> Any:
        return json.loads(answered(self.page.url + "/api/snapshot"))

    @property
    def refused(self) -> list[dict[str, Any]]:
        return list(self.snapshot["everything"]["refused"])


def send(site: Site, found: list[Letter]) -> None:
    with closing(
        KafkaProducer(
            bootstrap_servers=site.settings.broker, max_request_size=MAX_DEAD_LETTER_BYTES
        )
    ) as producer:
        for one in found:
            topic = site.settings.topic("deadletter")
            producer.send(topic, one.value, one.key, one.headers, partition=0)
        producer.flush(20)


@pytest.fixture(scope="module")
def aftermath(tansu_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("page")
    site = new_site(tansu_address, folder, default_model_path())
    with page(site.environment(), folder) as running:
        found = Aftermath(site, running)
        wait_until(lambda: answered(running.url + "/healthz") == b"live\n", seconds=30)
        send(site, [*letters(), Letter(headers(b"bad-time", b"the last one"), b"HON")])
        wait_until(lambda: any(one["key"] == "HON" for one in found.refused), seconds=30)
        yield found


def test_what_is_no_dead_letter_is_left_out_and_counted(aftermath: Aftermath) -> None:
    left_out = aftermath.snapshot["left_out"]
    assert left_out["count"] == sum(not one.shown for one in letters())
    assert left_out["newest"].startswith("deadletter: reason ")
    assert answered(aftermath.page.url + "/healthz") == b"live\n"


def test_so_many_keys_are_kept_and_each_is_short_and_may_be_shown(aftermath: Aftermath) -> None:
    refused = aftermath.refused
    assert len(refused) == MOST_KEYS
    assert refused[-1]["detail"] == "the last one"
    for one in refused:
        assert len(one["key"]) <= MAX_KEY
        assert len(one["detail"]) <= MAX_DETAIL_CHARACTERS
        assert (one["key"] + one["detail"]).isprintable()
        assert one["reason"] in REASONS
    stations = aftermath.snapshot["everything"]["stations"]
    assert len(stations) <= aftermath.site.settings.dashboard_stations // 4
    assert {one["state"] for one in stations} == {"refused"}


def test_what_they_say_is_text_and_never_markup(aftermath: Aftermath) -> None:
    with chromium() as browser, tab(browser, aftermath.page.url) as found:
        found.wait_for("document.querySelectorAll('#refused li').length > 0")
        send(aftermath.site, [one for one in letters() if one.shown][:25])
        send(aftermath.site, [Letter(headers(detail=MARKUP), MARKUP)])
        found.wait_for("document.querySelector('#refused li').textContent.includes('onerror')")
        assert found.run("document.querySelectorAll('#refused img').length") == 0
        assert found.run("document.querySelectorAll('#refused li').length") == MOST_KEYS
        assert found.run("window.hacked === undefined")
        assert found.run("document.documentElement.scrollWidth <= innerWidth")
        assert found.run(LOW_CONTRAST) == []
        assert found.complaints == []


def test_a_flood_of_them_is_read_in_time(aftermath: Aftermath) -> None:
    began_s = time.monotonic()
    send(aftermath.site, 20_000 * [Letter(headers(), b"TUC", value=2000 * b"x")])
    send(aftermath.site, [Letter(headers(detail=b"after the flood"), b"HON")])
    wait_until(lambda: aftermath.refused[-1]["detail"] == "after the flood", seconds=40)
    print(f"20,000 dead letters in {time.monotonic() - began_s:.1f} s")
    (flooded,) = (one for one in aftermath.refused if one["key"] == "TUC")
    assert flooded["count"] == 20_000
