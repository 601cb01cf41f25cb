"""One worker on Apache Kafka, and whatever may lie between a station's records."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from archive.recording import Recording
from monitor.kafka.partitioning import home_of
from monitor.kafka.topics import plans
from monitor.records.sample_encoder import encode_samples
from tests.abuse.batches import CODECS, Record, batch_of
from tests.abuse.wire import Wire
from tests.monitor.feeds import calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.test_schemas import complaints
from tests.monitor.workers import (
    Running,
    Site,
    committed,
    encoded,
    received,
    wait_until,
    worker,
)
from tests.processes import magwatch

MIB = 1024 * 1024
STOP_S = 10.0
DAY = station("WIC", 40, seed=5, burst=slice(900, 1500))
CODEC_TYPES = ("gzip", "snappy", "lz4", "zstd")


def checked(site: Site) -> str:
    """Output of `magwatch check`."""
    done = magwatch("check", env=site.environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def wired(site: Site) -> Iterator[Wire]:
    with closing(Wire(site.settings.broker)) as wire:
        yield wire


def configure(site: Site, name: str, **wanted: str) -> None:
    """Settings of a topic, with underscores for full stops."""
    configs = {key.replace("_", "."): value for key, value in wanted.items()}
    with closing(KafkaAdminClient(bootstrap_servers=site.settings.broker)) as admin:
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, site.settings.topic(name), configs=configs)]
        )


def put(wire: Wire, site: Site, *records: Record, codec: str = "none") -> None:
    """One batch of the samples topic, where the first key belongs."""
    home = home_of(records[0].key or b"WIC", 4)
    wire.produce(site.settings.topic("samples"), home, batch_of(records, codec))


def honest(recording: Recording = DAY) -> list[Record]:
    return [Record(key, value) for key, value in encoded(recording.records(60))]


def letters(site: Site) -> Counter[str]:
    found = received(site, "deadletter")
    return Counter(dict(one.headers)["reason"].decode() for one in found)


def peak_mib(running: Running) -> float:
    """Largest memory of a worker so far."""
    status = (Path("/proc") / str(running.process.pid) / "status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def is_as_offline(site: Site, *recordings: Recording) -> None:
    scores, alerts = offline(site, recordings or [DAY])
    assert online(site, "scores") == scores
    assert online(site, "alerts") == alerts


@pytest.fixture
def site(kafka_site: Site, model_path: Path) -> Site:
    calibrated(kafka_site.folder / "profiles", model_path, "WIC", THRESHOLD)
    return kafka_site


def test_every_codec_is_read_and_written(site: Site) -> None:
    """By producers, and by the broker on every topic, across a restart."""
    for number, plan in enumerate(plans(site.settings)):
        configure(site, plan.name, compression_type=CODEC_TYPES[number % len(CODEC_TYPES)])
    records = honest()
    with wired(site) as wire:
        for begin, end in ((0, 20), (20, 40)):
            with worker(site, CHECKPOINT_S="0.5") as running:
                for number, record in enumerate(records[begin:end]):
                    put(wire, site, record, codec=list(CODECS)[number % len(CODECS)])
                wait_until(lambda end=end: committed(site) == end)  # records may come twice
                running.process.send_signal(signal.SIGTERM)
                assert running.process.wait(STOP_S) == 0
    is_as_offline(site)
    assert letters(site) == {}


HOSTILE = {
    "header": Record(b"WIC", b"rubbish", ((b"\xff\xfe", b"x"),)),
    "spaces": Record(b"WIC", b" " * 120 * MIB),
    "key": Record(b"k" * 20 * MIB, b"rubbish"),
    "content-type": Record(b"WIC", b"rubbish", ((b"content-type", b"t" * 20 * MIB),)),
    "headers": Record(b"WIC", b"rubbish", ((b"name", b"v" * 1000),) * 10_000),
    "value": Record(b"WIC", b"7" * 15 * MIB),
    "nothing": Record(None, None),
}


def test_hostile_batches_cost_only_themselves(site: Site) -> None:
    records = honest()
    with worker(site) as running, wired(site) as wire:
        for number, record in enumerate(records):
            put(wire, site, record)
            if number % 5 == 2 and number // 5 < len(HOSTILE):
                put(wire, site, list(HOSTILE.values())[number // 5], codec="zstd")
        put(wire, site, *HOSTILE.values(), codec="zstd")  # 190 MiB: the header's is still read
        put(wire, site, HOSTILE["header"], records[0], codec="gzip")
        running.wait_for_records(len(records) + len(HOSTILE) + 3 + 2)
        assert peak_mib(running) < 1000
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(STOP_S) == 0
    is_as_offline(site)
    # unreadable: two alone; three in one batch, the last for five records; one beside a good one
    assert letters(site) == {"unreadable": 6, "content-type": 1, "not-json": 3, "too-big": 1}
    headers = [dict(letter.headers) for letter in received(site, "deadletter")]
    assert [one["key-left-out"] for one in headers if "key-left-out" in one] == [b"20971520"]
    assert all(complaints("deadletter-headers", _texts(one)) == [] for one in headers)
    (batch,) = [one["detail"] for one in headers if one["detail"].startswith(b"offsets ")]
    assert b"cannot be read: it grows beyond 33,554,432 bytes" in batch


def _texts(headers: Mapping[str, bytes]) -> dict[str, str]:
    return {name: text.decode() for name, text in headers.items()}


def test_an_aborted_transaction_was_never_sent(site: Site) -> None:
    records = honest()
    topic = site.settings.topic("samples")
    producer = KafkaProducer(bootstrap_servers=site.settings.broker, transactional_id=topic)
    with worker(site) as running, wired(site) as wire, closing(producer):
        producer.init_transactions()
        put(wire, site, *records[:20])
        producer.begin_transaction()
        for _, value in encoded(station("WIC", 40, seed=6).records(60)):
            producer.send(topic, value, b"WIC", partition=home_of(b"WIC", 4))
        producer.abort_transaction()
        producer.begin_transaction()
        for record in records[20:]:
            producer.send(topic, record.value, record.key, partition=home_of(b"WIC", 4))
        producer.commit_transaction()
        running.wait_for_records(len(records))
    is_as_offline(site)


def moved(recording: Recording, ahead_s: int, code: str = "WIC") -> bytes:
    """Five samples of a recording, some time later."""
    elements = {name: values[1200:1205] for name, values in recording.elements.items()}
    start_ms = recording.start_ms + (1200 + ahead_s) * 1000
    return encode_samples(Recording(code, start_ms, recording.cadence_ms, elements))


TO_2199_S = 5_500_000_000
JUMPS = {  # by station: where a record of another time comes, and how far it is ahead
    "WIC": (20, TO_2199_S),
    "AAA": (0, TO_2199_S),
    "BBB": (1, TO_2199_S),
    "CCC": (20, 3000),  # Kafka takes what is up to an hour ahead
}


@pytest.mark.parametrize("kept_by", ["LogAppendTime", "CreateTime"])
def test_one_record_from_the_future_holds_nobody_back(
    site: Site, model_path: Path, kept_by: str
) -> None:
    """Where the broker's time counts, and where the sender's does and is missing."""
    configure(site, "samples", message_timestamp_type=kept_by)
    days = {code: station(code, 40, seed=7) for code in JUMPS}
    jumps = {name: jump for name, jump in JUMPS.items() if kept_by == "CreateTime" or jump[1] > 1e6}
    for code in days:
        calibrated(site.folder / "profiles", model_path, code, THRESHOLD)
    with worker(site) as running, wired(site) as wire:
        for code, day in days.items():
            place, ahead_s = jumps.get(code, (0, 0))
            bad = [Record(code.encode(), moved(day, ahead_s, code), (), -1)] if ahead_s else []
            good = honest(day)
            for record in [*good[:place], *bad, *good[place:]]:
                put(wire, site, record)
        running.wait_for_records(40 * len(days) + len(jumps))
    is_as_offline(site, *days.values())
    assert letters(site) == {"future": len(jumps)}


def test_a_station_that_the_future_holds_back_is_named(site: Site) -> None:
    """Two records that bear each other out cannot be told from a station that was away."""
    configure(site, "samples", message_timestamp_type="CreateTime")
    assert "keeps the senders' times" in checked(site)
    with worker(site) as running, wired(site) as wire:
        for ahead_s in (TO_2199_S, TO_2199_S + 5):
            put(wire, site, Record(b"WIC", moved(DAY, ahead_s), (), -1))
        put(wire, site, *honest()[:3])
        running.wait_for_records(5)
        newest = running.metric("magwatch_newest_sample_timestamp_seconds")
        assert newest > time.time() + 86_400
        assert running.log.read_text().count("a sample from the future holds a station back") == 1
