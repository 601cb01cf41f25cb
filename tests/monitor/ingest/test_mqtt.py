"""IMPF from a real mosquitto: passwords, TLS, sessions, restarts, nonsense."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.secured_kafka import make_certificates
from tests.monitor.feeds import station
from tests.monitor.ingest.mosquitto import Mosquitto, impf, publish, publisher
from tests.monitor.ingest.running import expected, ingest, rows_of, wait_for_rows
from tests.monitor.workers import Site, received, wait_until
from tests.processes import magwatch

USERS = {"reader": "to read", "wic": "to write"}
RULES = "user reader\ntopic read impf/wic/#\nuser wic\ntopic write impf/wic/#\n"
PASSWORDS = "reader@127.0.0.1=to read"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto", USERS, RULES) as broker:
        yield broker


def toml(port: int, more: str = "", scheme: str = "mqtt", code: str = "WIC") -> str:
    topics = f"impf/{code.lower()}/pt1s/1/+"
    return f'[{code}]\nfrom = "{scheme}://reader@127.0.0.1:{port}/{topics}"\n{more}\n'


def test_messages_reach_the_topic_once_in_order_and_wait_in_the_session(
    tansu_site: Site, mosquitto: Mosquitto
) -> None:
    recording = station("WIC", 2, 1, elements="XYZ")
    parts = list(recording.records(1))
    with publisher(mosquitto.port, "wic", USERS["wic"]) as client:
        with ingest(tansu_site, toml(mosquitto.port), INGEST_PASSWORDS=PASSWORDS) as running:
            running.wait_for("/readyz", 200)
            publish(client, map(impf, parts[:40]))
            wait_for_rows(tansu_site, 40)
            assert running.metric("magwatch_ingest_records_total") > 0
            assert running.metric("magwatch_ingest_source_up") == 1
            newest_s = running.metric("magwatch_ingest_newest_sample_timestamp_seconds")
            assert newest_s == parts[39].start_ms / 1000
        mosquitto.stop()  # the session and its messages are on disk
        mosquitto.start()
        publish(client, map(impf, parts[38:80]))  # nobody listens; two come again
        with ingest(tansu_site, toml(mosquitto.port), INGEST_PASSWORDS=PASSWORDS):
            wait_for_rows(tansu_site, 80)
            mosquitto.stop()
            mosquitto.start()
            publish(client, map(impf, parts[80:]))
            wait_for_rows(tansu_site, 120)
    assert rows_of(tansu_site) == expected(recording)


def test_corrections_go_out_and_a_missing_value_replaces_nothing(
    tansu_site: Site, mosquitto: Mosquitto
) -> None:
    recording = station("WIC", 1, 1, elements="XYZ")
    first, second, third = recording.records(20)
    second.elements["X"][3] = float("nan")
    late = second.between(second.start_ms + 3000, second.start_ms + 4000)
    with (
        publisher(mosquitto.port, "wic", USERS["wic"]) as client,
        ingest(
            tansu_site, toml(mosquitto.port, 'terms = "CC BY 4.0"'), INGEST_PASSWORDS=PASSWORDS
        ) as running,
    ):
        running.wait_for("/readyz", 200)
        publish(client, map(impf, [first, second]))
        late.elements["X"][0], late.elements["Y"][0] = 20_901.5, float("nan")
        publish(client, map(impf, [late]))  # Y stays as it was
        publish(client, map(impf, [third]))
        wait_for_rows(tansu_site, 61)
    rows = rows_of(tansu_site)
    assert [row[1] for row in rows].count(late.start_ms) == 2
    again = rows[40]
    before = next(row for row in rows if row[1] == late.start_ms)
    assert again == ("WIC", late.start_ms, (20_901.5, *before[2][1:]))
    record = json.loads(received(tansu_site, "samples")[0].value)
    assert record["termsOfUse"] == "CC BY 4.0"


def test_nonsense_is_a_dead_letter_and_holds_up_nothing(
    tansu_site: Site, mosquitto: Mosquitto
) -> None:
    recording = station("WIC", 1, 1, elements="XYZ")
    topic, _ = impf(recording)
    bad = [(topic, b"<html>"), (topic, b'{"startDate": "2024-05-09T00:00"}'), ("impf/wic/x", b"{}")]
    bad.append((topic.replace("pt1s", "pt1m"), impf(recording)[1]))
    with (
        publisher(mosquitto.port, "wic", USERS["wic"]) as client,
        ingest(
            tansu_site,
            toml(mosquitto.port).replace("pt1s/1/+", "+/+/+"),
            INGEST_PASSWORDS=PASSWORDS,
        ) as running,
    ):
        running.wait_for("/readyz", 200)
        publish(client, [*bad, impf(recording)])
        wait_for_rows(tansu_site, 60)
        assert running.metric("magwatch_ingest_refused_messages_total") == 3
    letters = {letter.value: dict(letter.headers) for letter in received(tansu_site, "deadletter")}
    assert set(letters) == {body for _, body in bad if body != b"{}"}
    assert b"no IMPF" in letters[b"<html>"]["detail"]
    assert rows_of(tansu_site) == expected(recording)


def test_angles_must_be_told_and_are_checked(tansu_site: Site, mosquitto: Mosquitto) -> None:
    recording = station("WIC", 1, 1, elements="XYZ")
    hdz = {"H": recording.elements["X"], "D": recording.elements["Y"] * 0 + 270.0}
    message = impf(type(recording)("WIC", recording.start_ms, 1000, {**hdz, "Z": hdz["H"] * 2}))
    for more, said in [
        ("", "state angles ="),
        ('angles = "degrees"\ndeclination_deg = 4.5', "minutes of arc can"),
    ]:
        with (
            publisher(mosquitto.port, "wic", USERS["wic"]) as client,
            ingest(tansu_site, toml(mosquitto.port, more), INGEST_PASSWORDS=PASSWORDS) as running,
        ):
            running.wait_for("/readyz", 200)
            publish(client, [message])  # one of before may come again, as it was not acknowledged
            wait_until(lambda: running.metric("magwatch_ingest_refused_messages_total") >= 1, 20)
            assert said in running.log.read_text()
    assert not rows_of(tansu_site)
    right = toml(mosquitto.port, 'angles = "minutes"\ndeclination_deg = 4.5')
    with (
        publisher(mosquitto.port, "wic", USERS["wic"]) as client,
        ingest(tansu_site, right, INGEST_PASSWORDS=PASSWORDS) as running,
    ):
        running.wait_for("/readyz", 200)
        publish(client, [message])
        wait_for_rows(tansu_site, 60)
    assert rows_of(tansu_site)[0][2][1] == 4.5


@pytest.mark.parametrize(
    ("passwords", "code", "said"),
    [
        ("reader@127.0.0.1=wrong", 1, "refuses the login of reader"),
        ("", 2, "no password for reader@127.0.0.1"),
        ("wrong", 2, "line 1 is not user@host=password"),
    ],
)
def test_check_says_why_a_login_fails(
    tansu_site: Site, mosquitto: Mosquitto, passwords: str, code: int, said: str
) -> None:
    file = tansu_site.folder / "stations.toml"
    file.write_text(toml(mosquitto.port))
    more = {"INGEST_PASSWORDS": passwords} if passwords else {}
    result = magwatch("ingest", file, "--check", env=tansu_site.environment(**more))
    assert result.returncode == code
    assert said in result.stdout + result.stderr
    assert "wrong" not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_tls_is_verified(tansu_site: Site, tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("certificates are made with openssl, which is not installed")
    make_certificates(tmp_path)
    file = tansu_site.folder / "stations.toml"
    with Mosquitto(tmp_path / "tls", USERS, RULES, certificates=tmp_path) as broker:
        file.write_text(toml(broker.port, scheme="mqtts"))
        env = tansu_site.environment(INGEST_PASSWORDS=PASSWORDS)
        refused = magwatch("ingest", file, "--check", env=env)
        assert refused.returncode == 1
        assert "wrong certificate" in refused.stdout
        trusted = env | {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        checked = magwatch("ingest", file, "--check", env=trusted)
        assert checked.returncode == 0, checked.stdout
        assert "impf/wic/pt1s/1/+ subscribed" in checked.stdout
        recording = station("WIC", 1, 1, elements="XYZ")
        ca = tmp_path / "ca.pem"
        with publisher(broker.port, "wic", USERS["wic"], ca) as client:
            publish(client, [impf(recording)])
        caught_up = magwatch("ingest", file, "--once", env=trusted)
        assert caught_up.returncode == 0, caught_up.stderr
    assert rows_of(tansu_site) == expected(recording)
