"""A certificate that does not verify: told once, with its reason and what to do."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest

from monitor.http.client import session
from monitor.http.fetch import Unanswered
from monitor.index_feed import formats
from monitor.index_feed.source import Service, Source
from monitor.kafka.embedded_broker import free_port
from tests.abuse.asking import assert_one_line
from tests.deploy.secured_kafka import make_certificates
from tests.monitor.webhook.feeds import lives, publish
from tests.monitor.webhook.receivers import Script, receiver
from tests.monitor.webhook.test_webhook import EVENTS, bodies
from tests.monitor.webhook.test_webhook import command as arguments
from tests.monitor.workers import Site, end, new_site, wait_until

UNTRUSTED = "use one of an authority that is trusted here, or start with SSL_CERT_FILE=its-ca.pem"
OTHER_NAME = "use the name that the certificate has, or have one made for this name"
EXPIRED = "renew it, or set this machine's clock"


@dataclass(frozen=True)
class Certificates:
    """Of 127.0.0.1, one good and one expired, by an authority that only SSL_CERT_FILE names."""

    folder: Path

    @property
    def authority(self) -> str:
        return str(self.folder / "ca.pem")

    def tls(self, name: str = "broker.pem") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / name)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "san.cnf", "-days", "-1")
    subprocess.run(
        ["openssl", "x509", "-req", "-in", "broker.csr", *signed, "-out", "expired.crt"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    parts = [(folder / name).read_text() for name in ("broker.key", "expired.crt")]
    (folder / "expired.pem").write_text("".join(parts))
    return Certificates(folder)


def command(url: str, *options: str) -> list[str]:
    """A fresh process: aiohttp reads SSL_CERT_FILE when it is imported."""
    return [sys.executable, "-m", "monitor", *arguments(url, *options)]


@pytest.fixture
def site(tansu_address: str, tmp_path: Path) -> Site:
    return new_site(tansu_address, tmp_path, Path("unused.onnx"))


def environment(site: Site, trusted: str | None) -> dict[str, str]:
    settings = site.environment()
    settings.pop("SSL_CERT_FILE", None)
    return settings | ({"SSL_CERT_FILE": trusted} if trusted else {})


@pytest.mark.parametrize(
    ("file", "host", "trusts", "advice"),
    [
        ("broker.pem", "127.0.0.1", False, UNTRUSTED),
        ("broker.pem", "localhost", True, OTHER_NAME),
        ("expired.pem", "127.0.0.1", True, EXPIRED),
    ],
    ids=["untrusted", "other name", "expired"],
)
def test_at_the_start_it_ends_the_webhook_with_one_line(
    site: Site, certificates: Certificates, file: str, host: str, trusts: bool, advice: str
) -> None:
    script = Script()
    with receiver(script, tls=certificates.tls(file)) as url:
        named = url.replace("127.0.0.1", host)
        result = subprocess.run(
            command(f"{named}?token=hidden", *EVENTS),
            env=environment(site, certificates.authority if trusts else None),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1
    assert line.startswith(
        f"magwatch: --webhook {named.removesuffix('/hook')}: wrong certificate ("
    )
    assert line.endswith(f": {advice}")
    assert_one_line(line, advice)
    assert "hidden" not in line
    assert not script.requests


def test_an_authority_of_ones_own_is_trusted_by_ssl_cert_file(
    site: Site, certificates: Certificates
) -> None:
    versions, script = lives("WIC"), Script()
    publish(site, versions)
    with receiver(script, tls=certificates.tls()) as url:
        result = subprocess.run(
            command(url, "--from-beginning", "--no-follow", *EVENTS),
            env=environment(site, certificates.authority),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert "2 delivered" in result.stdout, result.stderr
    assert bodies(script.accepted) == [value for _, value in versions]


@contextmanager
def refused_handshakes(port: int, tls: ssl.SSLContext) -> Iterator[list[str]]:
    """Why clients did not shake hands with a server, one reason for each try."""
    reasons: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                tls.wrap_socket(connection, server_side=True).recv(1)
            except OSError as error:
                reasons.append(str(error))

    with closing(create_server(("127.0.0.1", port))) as listener:
        thread = Thread(target=serve)
        thread.start()
        try:
            yield reasons
        finally:
            listener.shutdown(2)
    thread.join()


def test_while_it_runs_it_is_told_once_and_delivered_once_it_is_mended(
    site: Site, certificates: Certificates
) -> None:
    """The first certificate is good, the next one is expired, the last one is good again."""
    versions, script, port = lives("WIC"), Script(), free_port()
    log, trusted = site.folder / "forwarder.log", environment(site, certificates.authority)
    with receiver(script, port, certificates.tls()) as url, log.open("wb") as stream:
        started = command(url, "--from-beginning", *EVENTS)
        process = subprocess.Popen(started, env=trusted, stderr=stream, stdout=stream)
        publish(site, versions[:1])
        script.wait_for(1)
    try:
        with refused_handshakes(port, certificates.tls("expired.pem")) as reasons:
            publish(site, versions[1:])
            wait_until(lambda: len(reasons) >= 3)
        with receiver(script, port, certificates.tls()):
            script.wait_for(2)
    finally:
        end(process)
    said = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    told = [one for one in said if "wrong certificate" in one.get("said", "")]
    assert len(told) == 1
    assert told[0]["receiver"] == url.removesuffix("/hook")
    assert told[0]["said"] == f"wrong certificate (certificate has expired): {EXPIRED}"
    assert bodies(script.accepted) == [value for _, value in versions]


@pytest.mark.parametrize("trusts_nobody", [True, False])
def test_at_an_index_service_it_is_the_reason(
    certificates: Certificates, trusts_nobody: bool
) -> None:
    """And so is a server that speaks no TLS."""

    async def ask(url: str) -> None:
        service = Service("noaa", lambda _: url, formats.noaa_kp, "MAGWATCH_INDEX_NOAA_URL")
        async with session() as client:
            await Source(service, client, lambda: datetime.now(UTC)).ask()

    tls = certificates.tls() if trusts_nobody else None
    with receiver(Script(), tls=tls) as url, pytest.raises(Unanswered) as failure:
        asyncio.run(ask(url.replace("http:", "https:")))
    expected = UNTRUSTED if trusts_nobody else "no TLS: "
    assert expected in str(failure.value)
    assert_one_line(str(failure.value), expected)
