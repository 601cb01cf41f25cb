"""Transactions: aborted, left open, and committed ones of records that must be refused."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import cycle
from random import Random
from threading import Event
from uuid import uuid4

import msgspec
from kafka import KafkaProducer

from geofield.indices import KP, IndexInterval
from monitor.records.handovers import encode_handover
from monitor.records.indices import encode_index
from tests.abuse.batches import Record
from tests.abuse.ledger import Debt, Ledger, digest_of
from tests.abuse.scene import Scene

TIMEOUT_MS = 3000  # of a transaction that is left open: so long it holds up who reads committed
SEND_S = 30.0
GAP_S = (0.3, 1.5)
TRANSACTIONS = {
    "aborted": "good samples of honest stations with other values, aborted",
    "aborted-elsewhere": "handovers, Kp and scores that would count, aborted",
    "committed": "what must be refused, in a transaction that is committed",
    "open": "the same as aborted, in a transaction that nobody ends",
}


def transact(
    scene: Scene, kinds: Sequence[str], ledger: Ledger, random: Random, stop: Event
) -> None:
    """One transaction after the other, until the event."""
    for kind in cycle(kinds):
        if stop.wait(random.uniform(*GAP_S)):
            return
        _one(scene, kind, ledger, random)


def _one(scene: Scene, kind: str, ledger: Ledger, random: Random) -> None:
    topic, records = _records(scene, kind, random)
    producer = KafkaProducer(
        bootstrap_servers=scene.site.settings.broker,
        transactional_id=f"abuse-{uuid4().hex}",
        transaction_timeout_ms=TIMEOUT_MS,
    )
    with closing(producer):
        producer.init_transactions()
        producer.begin_transaction()
        name = scene.site.settings.topic(topic)
        futures = [producer.send(name, record.value, record.key) for record in records]
        for future, record in zip(futures, records, strict=True):
            about = future.get(SEND_S)
            ledger.enter(kind, (topic, about.partition), about.offset, 1)
            if kind == "committed":
                debt = Debt(kind, None, digest_of(record))
                ledger.owe(about.partition, about.offset, debt)
        if kind == "committed":
            producer.commit_transaction()
        elif kind != "open":
            producer.abort_transaction()


def _records(scene: Scene, kind: str, random: Random) -> tuple[str, list[Record]]:
    match kind:
        case "committed":
            return "samples", [Record(b"W00", b"rubbish")] * 3
        case "aborted-elsewhere":
            return _elsewhere(scene, random)
        case _:
            originals = random.choices(scene.originals["samples"], k=random.randint(1, 10))
            return "samples", [Record(one.key, _stronger(one.value or b"")) for one in originals]


def _stronger(value: bytes) -> bytes:
    fields = msgspec.json.decode(value)
    for name, values in fields.items():
        if isinstance(values, list):
            fields[name] = [one and one + 5.0 * (n % 7) for n, one in enumerate(values)]
    return msgspec.json.encode(fields)


def _elsewhere(scene: Scene, random: Random) -> tuple[str, list[Record]]:
    begin_ms, end_ms = scene.span_ms
    topic = random.choice(("control", "indices", "scores"))
    if topic == "control":
        key, value = encode_handover("other", scene.assembly.rules.model, begin_ms)
        return topic, [Record(key, value)]
    if topic == "indices":
        return topic, [
            Record(b"Kp", encode_index(KP, [IndexInterval(KP, begin_ms, end_ms, begin_ms, 9.0)]))
        ]
    return topic, random.choices(scene.originals["scores"], k=5)
