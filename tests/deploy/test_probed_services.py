"""Services of the compose file that score nothing: what their health checks see.

Commands, environment and health checks are those of docker-compose.yml; the broker, the index
services, the folder and the receiver are real.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.kafka.embedded_broker import embedded_broker, free_port
from tests.brokers import ROOT
from tests.deploy.composition import services
from tests.deploy.natively import Host, healthy, running_magwatch, wait_for
from tests.monitor.index_feed.services import Served, gfz, service, table
from tests.monitor.webhook.feeds import lives, publish
from tests.monitor.webhook.receivers import Reply, Script, receiver
from tests.monitor.workers import Running, Site, new_site

PORT = "9464"


@dataclass
class Probed(Running):
    """A running service with its health check."""

    service: dict[str, Any]

    def healthy(self) -> bool:
        """Whether the compose file's own check passes."""
        return healthy(self.service, {PORT: self.url.rpartition(":")[2]})

    def unhealthy(self) -> bool:
        return not self.healthy()


@pytest.fixture
def site(tansu_address: str, tmp_path: Path) -> Site:
    return new_site(tansu_address, tmp_path, Path("unused.onnx"))


@contextmanager
def started(
    site: Site,
    name: str,
    variables: dict[str, str],
    places: Mapping[str, str] | None = None,
    **settings: str,
) -> Iterator[Probed]:
    found = services(GRAFANA_ADMIN_PASSWORD="unused", **variables)[name]  # noqa: S106
    port = str(free_port())
    host = Host(site.folder, {"kafka:9092": site.settings.broker, PORT: port, **(places or {})})
    own = site.environment(**settings) | {
        key: text for key, text in host.environment(found).items() if key not in site.environment()
    }
    with running_magwatch(host, name, found, own) as process:
        yield Probed(process, f"http://127.0.0.1:{port}", site.folder / f"{name}.log", found)


def test_indices_are_healthy_while_one_of_the_services_answers(site: Site) -> None:
    served = Served(gfz(table()))
    with service(served) as url:
        addresses = {f"INDEX_{name}_URL": "http://127.0.0.1:9/" for name in ("NOAA", "KYOTO")}
        with started(site, "indices", {}, INDEX_GFZ_URL=url, INDEX_POLL_S="1", **addresses) as one:
            wait_for("a healthy poller", one.healthy)
            served.status = 500
            wait_for("an unhealthy one", one.unhealthy)
            said = one.page("/readyz")[1]
            assert "waiting for an index service (" in said
            assert "gfz: HTTP 500" in said
            assert "kyoto: cannot connect" in said
            served.status = 200
            wait_for("a healthy one again", one.healthy)


def test_the_webhook_is_healthy_while_the_receiver_takes_alerts(site: Site) -> None:
    script = Script(otherwise=lambda _: Reply(503))
    with receiver(script) as url, started(site, "webhook", {"WEBHOOK": url}) as one:
        wait_for("a healthy forwarder", one.healthy)
        publish(site, lives("WIC"))
        wait_for("an unhealthy one", one.unhealthy)
        assert "waiting for the receiver: HTTP 503" in one.page("/readyz")[1]
        script.otherwise = lambda _: Reply()
        wait_for("a healthy one again", one.healthy)
        script.wait_for(2)
    assert b'"alertname":"GeomagneticAnomaly"' in script.accepted[0].body


def test_ingest_is_healthy_while_one_of_its_sources_answers(site: Site) -> None:
    stations = site.folder / "stations"
    (stations / "drop").mkdir(parents=True)
    text = (ROOT / "deploy" / "ingest" / "stations.toml").read_text()
    here = text.replace('"usgs"', f'"folder:{stations / "drop"}"')
    (stations / "stations.toml").write_text(here)
    places = {"/sources": str(stations)}
    with started(site, "ingest", {}, places) as one:
        wait_for("a healthy ingest", one.healthy)
        (stations / "drop").rmdir()
        wait_for("an unhealthy one", one.unhealthy)
        assert "no such folder" in one.page("/readyz")[1]
        (stations / "drop").mkdir()
        wait_for("a healthy one again", one.healthy)


def test_quakes_are_healthy_once_the_services_answer(site: Site) -> None:
    served = Served(b'{"type":"FeatureCollection","features":[]}', status=500)
    with service(served) as url:
        addresses = {f"QUAKES_{name}_URL": url for name in ("SUMMARY", "FDSN")}
        with started(site, "quakes", {}, **addresses) as one:
            wait_for("its word", lambda: "summary: HTTP 500" in one.page("/readyz")[1])
            assert one.unhealthy()
            served.status = 200
            wait_for("a healthy poller", one.healthy)


@pytest.mark.parametrize("name", ["indices", "webhook", "history"])
def test_without_its_broker_none_is_healthy(tmp_path: Path, name: str) -> None:
    addresses = {f"INDEX_{one}_URL": "http://127.0.0.1:9/" for one in ("NOAA", "KYOTO")}
    with service(Served(gfz(table()))) as url, receiver(Script()) as hook, ExitStack() as broker:
        site = new_site(
            broker.enter_context(embedded_broker()).address, tmp_path, Path("unused.onnx")
        )
        places = {"/history": str(tmp_path / "history")}
        with started(site, name, {"WEBHOOK": hook}, places, INDEX_GFZ_URL=url, **addresses) as one:
            wait_for("a healthy service", one.healthy)
            broker.close()
            wait_for("an unhealthy one", one.unhealthy)
            assert "waiting for the broker: " in one.page("/readyz")[1]


def test_without_an_address_the_webhook_says_what_is_missing(site: Site) -> None:
    with started(site, "webhook", {}) as one:
        wait_for("its end", lambda: "--webhook must be a URL" in one.log.read_text())
    assert len(one.log.read_text().splitlines()) == 1
