"""What stands in the topics after abuse: honest results, dead letters, and what is owed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass

import msgspec

from monitor.records.sample_decoder import Reason
from tests.abuse.batches import Record
from tests.abuse.ledger import Ledger, digest_of
from tests.abuse.wire import Wire
from tests.chaos.verdict import Published, newest_of
from tests.chaos.workload import Expected
from tests.monitor.workers import Site

Where = tuple[int, int]  # partition and offset of the samples topic


class _Score(msgspec.Struct):
    station: str


class _Alert(msgspec.Struct):
    data: _Score


class _Index(msgspec.Struct):
    source: str


@dataclass(frozen=True)
class Letter:
    """A dead letter: of which key, why, and of which bytes; `whole` if all of them are there."""

    key: bytes | None
    reason: str
    digest: int
    whole: bool


@dataclass(frozen=True)
class Found:
    """What magwatch itself wrote: results of honest stations, dead letters, indices by source."""

    honest: Published
    letters: dict[Where, Letter]
    indices: Counter[str]

    @property
    def reasons(self) -> Counter[str]:
        """Dead letters by reason; one that was written again counts once."""
        return Counter(letter.reason for letter in self.letters.values())


def read_found(site: Site, ledger: Ledger, honest: Collection[str]) -> Found:
    """Read the topics, leaving out what the ledger knows as hostile."""
    scores: list[bytes] = []
    alerts: list[tuple[str, bytes]] = []
    with closing(Wire(site.settings.broker)) as wire:
        for record in _own(wire, site, ledger, "scores"):
            value = record.value or b""
            if msgspec.json.decode(value, type=_Score).station in honest:
                scores.append(value)
        for record in _own(wire, site, ledger, "alerts"):
            value = record.value or b""
            if msgspec.json.decode(value, type=_Alert).data.station in honest:
                alerts.append(((record.key or b"").decode(), value))
        letters = dict(map(_letter, _own(wire, site, ledger, "deadletter")))
        indices = Counter(
            msgspec.json.decode(record.value or b"", type=_Index).source
            for record in _own(wire, site, ledger, "indices")
        )
    return Found(newest_of(scores, alerts, 0), letters, indices)


def faults_of(
    found: Found, expected: Expected, ledger: Ledger, honest: Collection[str]
) -> list[str]:
    """A line for each way in which this is not what must be there."""
    lines = found.honest.differences(expected, "honest stations")
    innocent = [
        (where, letter)
        for where, letter in found.letters.items()
        if not ledger.hostile(("samples", where[0]), where[1])
    ]
    if innocent:
        lines.append(f"{len(innocent)} dead letters of honest records, e.g. {innocent[0]}")
    stumbled = [
        letter
        for letter in found.letters.values()
        if letter.reason == Reason.INTERNAL.value and _name(letter.key) in honest
    ]
    if stumbled:
        lines.append(f"{len(stumbled)} records of honest stations refused as `internal`")
    return lines + _debts(found, ledger)


def _debts(found: Found, ledger: Ledger) -> list[str]:
    """Records that should have become dead letters and have not, or not for the right reason."""
    missing: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for where, debt in ledger.owed.items():
        letter = found.letters.get(where)
        if letter is None:
            missing[debt.kind] += 1
        elif debt.reason not in (None, letter.reason):
            wrong[f"{debt.kind}: {letter.reason} instead of {debt.reason}"] += 1
        elif debt.reason is not None and letter.whole and letter.digest != debt.digest:
            wrong[f"{debt.kind}: other bytes than those refused"] += 1
    return [
        *(f"{count} dead letters missing of kind {kind}" for kind, count in missing.items()),
        *(f"{count} dead letters of kind {what}" for what, count in wrong.items()),
    ]


def _own(wire: Wire, site: Site, ledger: Ledger, topic: str) -> Iterator[Record]:
    """Records that are not hostile, partition after partition."""
    plan_partitions = 1 if topic == "indices" else site.settings.partitions
    for partition in range(plan_partitions):
        for batch in wire.batches(site.settings.topic(topic), partition):
            if not ledger.hostile((topic, partition), batch.base_offset):
                yield from (record for _, record in batch.records())


def _letter(record: Record) -> tuple[Where, Letter]:
    about = {name.decode(): (text or b"").decode() for name, text in record.headers}
    where = int(about["partition"]), int(about["offset"])
    whole = not any(name.endswith("left-out") for name in about)
    return where, Letter(record.key, about["reason"], digest_of(record), whole)


def _name(key: bytes | None) -> str:
    return (key or b"").decode(errors="replace")
