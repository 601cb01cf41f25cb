"""SeedLink from a real server: gaps of connections, kills, refusals."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archive.recording import Recording
from monitor.kafka.embedded_broker import free_port
from tests.monitor.feeds import station
from tests.monitor.ingest.running import expected, ingest, rows_of, wait_for_rows
from tests.monitor.ingest.seedlink_servers import BUILD_S, SeedLinkServer, records_of
from tests.monitor.workers import Site
from tests.processes import magwatch

pytestmark = pytest.mark.timeout(BUILD_S + 300)
HOUR_S = 3600


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SeedLinkServer]:
    with SeedLinkServer(tmp_path / "seedlink") as running:
        yield running


def recent(minutes: int) -> Recording:
    """Samples of the last hours, as a start asks for the last day.

    X and Z hardly change, so their records are more than twice as long as those of Y.
    """
    start_s = int(time.time()) // HOUR_S * HOUR_S - 2 * HOUR_S
    noisy = station("OTT", minutes, 1, elements="XYZ")
    steps = np.arange(len(noisy)) % 5 / 1000
    elements = {"X": np.round(20_900 + steps, 3), "Z": np.round(43_900 + steps, 3)}
    return replace(noisy, start_ms=1000 * start_s, elements=noisy.elements | elements)


def toml(port: int, more: str = "scale_nt = 0.001", channels: str = "LF?") -> str:
    return f'[OTT]\nfrom = "seedlink://127.0.0.1:{port}/C2/OTT/R0/{channels}"\n{more}\n'


def test_samples_reach_the_topic_once_whoever_is_killed(
    tansu_site: Site, server: SeedLinkServer
) -> None:
    recording = recent(90)
    records = records_of(recording)
    # each time a record of X or Z ends: most of it is published, as far as Y has come
    long_ones = [number for number, record in enumerate(records) if b"LFY" not in record[:20]]
    first, second = long_ones[3] + 1, long_ones[9] + 1
    server.push(records[:first])
    with ingest(tansu_site, toml(server.port)) as running:
        running.wait_for("/readyz", 200)
        wait_for_rows(tansu_site, 1334)
        server.kill()
        running.wait_for("/readyz", 503)
        assert "127.0.0.1" in running.page("/readyz")[1]
        server.start()
        running.wait_for("/readyz", 200)
        server.push(records[first:second])
        wait_for_rows(tansu_site, 3290)
        assert running.metric("magwatch_ingest_reconnects_total") > 0
        running.process.kill()
    server.push(records[second:])  # nobody listens
    with ingest(tansu_site, toml(server.port)):
        wait_for_rows(tansu_site, len(recording))
    assert rows_of(tansu_site) == expected(recording)


def test_a_catch_up_run_ends_and_a_dry_run_prints(
    tansu_site: Site, server: SeedLinkServer, tmp_path: Path
) -> None:
    recording = recent(20)
    server.push(records_of(recording))
    file = tmp_path / "stations.toml"
    file.write_text(toml(server.port))
    printed = run(tansu_site, file, "--dry-run", "--once")
    assert printed.returncode == 0, printed.stderr
    assert '"iagaCode":"OTT"' in printed.stdout
    assert rows_of(tansu_site) == []
    caught_up = run(tansu_site, file, "--once")
    assert caught_up.returncode == 0, caught_up.stderr
    assert rows_of(tansu_site) == expected(recording)


def test_a_check_names_what_is_wrong(tansu_site: Site, server: SeedLinkServer) -> None:
    server.push(records_of(recent(20)))
    file = tansu_site.folder / "stations.toml"
    for text, code, said in [
        (toml(server.port), 0, "connected, sends XYZ: "),
        (toml(server.port, ""), 1, "has values like "),
        (toml(server.port, channels="UF?"), 1, "no samples of C2/OTT/R0/UF? came"),
        (toml(free_port()), 1, "Could not connect"),
    ]:
        file.write_text(text)
        checked = run(tansu_site, file, "--check")
        assert checked.returncode == code, checked.stderr
        assert said in checked.stdout
        assert len(checked.stdout.splitlines()) == 1
        assert "Traceback" not in checked.stderr


def run(site: Site, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return magwatch("ingest", file, *options, env=site.environment())
