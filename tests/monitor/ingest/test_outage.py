"""Kafka or an acknowledgement goes away: nothing is lost, and a signal still ends the process."""

import time
from pathlib import Path

from tests.abuse.mute import Proxy, tansu_behind_a_proxy
from tests.monitor.feeds import station
from tests.monitor.ingest.mosquitto import Mosquitto, impf, publish, publisher
from tests.monitor.ingest.running import expected, ingest, rows_of, wait_for_rows
from tests.monitor.workers import Site, new_site

RECORDING = station("WIC", 2, 1, elements="XYZ")
ENDED_S = 10.0
PUBACK = b"\x40"  # first byte of MQTT's acknowledgement


def test_messages_that_kafka_has_and_the_broker_sends_again_are_published_once(
    tansu_site: Site, tmp_path: Path
) -> None:
    """A kill between Kafka's answer and the acknowledgement, at leisure: the latter gets lost."""
    parts = list(RECORDING.records(1))
    with Mosquitto(tmp_path / "mosquitto") as mosquitto, publisher(mosquitto.port, "wic") as client:
        proxy = Proxy(("127.0.0.1", mosquitto.port))
        with ingest(tansu_site, toml_of(proxy.port)) as running:
            running.wait_for("/readyz", 200)
            proxy.mute(lambda sent: sent[:1] == PUBACK)
            publish(client, map(impf, parts[:20]))
            wait_for_rows(tansu_site, 20)
            running.process.kill()
        proxy.go()
        publish(client, map(impf, parts[20:]))
        with ingest(tansu_site, toml_of(mosquitto.port)) as running:
            wait_for_rows(tansu_site, 120)
            came = running.metric("magwatch_ingest_samples_total")
    assert came == 120  # twenty of them again
    assert rows_of(tansu_site) == expected(RECORDING)


def toml_of(port: int) -> str:
    return f'[WIC]\nfrom = "mqtt://127.0.0.1:{port}/impf/wic/pt1s/1/+"'


def test_what_comes_while_kafka_is_away_is_there_when_it_is_back(tmp_path: Path) -> None:
    parts = list(RECORDING.records(1))
    with tansu_behind_a_proxy() as proxy, Mosquitto(tmp_path / "mosquitto") as mosquitto:
        site = new_site(proxy.address, tmp_path, Path("unused.onnx"))
        toml = toml_of(mosquitto.port)
        with publisher(mosquitto.port, "wic") as client:
            with ingest(site, toml) as running:
                running.wait_for("/readyz", 200)
                publish(client, map(impf, parts[:20]))
                wait_for_rows(site, 20)
                proxy.go()
                publish(client, map(impf, parts[20:80]))  # the session keeps them
                running.wait_for("/readyz", 503)
                proxy.come_back()
                wait_for_rows(site, 80)
                proxy.go()
                publish(client, map(impf, parts[80:100]))
                began_s = time.monotonic()
                running.process.terminate()
                running.process.wait(20)
                assert time.monotonic() - began_s < ENDED_S
            proxy.come_back()
            publish(client, map(impf, parts[100:]))
            with ingest(site, toml):
                wait_for_rows(site, 120)
        assert sorted(set(rows_of(site))) == expected(RECORDING)
