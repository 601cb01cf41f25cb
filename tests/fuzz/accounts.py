"""Every record and every sample must have become something, and only one thing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec import msgpack

from geofield.indices import IndexHistory
from monitor.records.sample_decoder import RawRecord, Reason
from monitor.records.sample_payloads import BINARY, BinarySamplesRecord
from monitor.records.scores_and_alerts import encode_alert, encode_score
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.recorder import OUTCOMES
from monitor.worker.scorer import Scored, Scorer


@dataclass
class Accounts:
    """What became of all records and samples so far."""

    records: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    fed: int = 0
    waiting: int = 0
    windows: int = 0
    alerts: int = 0
    last_end_ms: dict[str, int] = field(default_factory=dict)

    def enter(self, fed: Sequence[RawRecord], scored: Scored, scorer: Scorer) -> None:
        """Check that one batch adds up, and add it."""
        self.fed += len(fed)
        refused = [record.offset for record, _ in scored.refused]
        taken = [record for one in scored.taken for record in one.records]
        assert len(fed) == len(refused) + len(taken) + scored.repeated + scored.waiting
        named = Counter((record.partition, record.offset) for record in taken)
        named.update((record.partition, record.offset) for record, _ in scored.refused)
        assert all(count == 1 for count in named.values()), "a record was counted twice"
        for one in scored.taken:
            counts = {outcome: getattr(one.intake, outcome) for outcome in OUTCOMES}
            assert sum(counts.values()) == sum(map(_length, one.records))
            self.samples.update(counts)
        self.records.update(taken=len(taken), refused=len(refused), repeated=scored.repeated)
        self.waiting += scored.waiting
        self.reasons.update(why.reason.value for _, why in scored.refused if why.ignored is None)
        self._outcome(scored, scorer)

    def _outcome(self, scored: Scored, scorer: Scorer) -> None:
        for score in scored.scores:
            assert score.end_ms > self.last_end_ms.get(score.station, -(2**63))
            self.last_end_ms[score.station] = score.end_ms
            assert encode_score(score, scorer.rules.model)
            if score.score is not None:
                assert np.isfinite([score.score.rmse, score.score.return_period_days]).all()
        assert all(encode_alert(alert) for alert in scored.alerts)
        self.windows += len(scored.scores)
        self.alerts += len(scored.alerts)


def feed(
    records: Iterable[RawRecord], scorer: Scorer, batch: int, reread_every: int = 10
) -> Accounts:
    """Take all records as a worker would; now and then crash, and read a batch again."""
    accounts, checkpoints = Accounts(), dict[str, StationCheckpoint]()
    for number, one in enumerate(_batches(records, batch)):
        checkpoints.update(_taken(one, checkpoints, scorer, accounts))
        if reread_every and number % reread_every == 0:
            checkpoints = {
                name: _through_checkpoint(name, state) for name, state in checkpoints.items()
            }
            again = _taken(one, checkpoints, scorer, accounts)
            assert not again, "a record read again changed a state"
    assert accounts.reasons[Reason.INTERNAL.value] == 0
    return accounts


def _taken(
    batch: Sequence[RawRecord],
    checkpoints: Mapping[str, StationCheckpoint],
    scorer: Scorer,
    accounts: Accounts,
) -> dict[str, StationCheckpoint]:
    scored = scorer.score(scorer.read(batch), checkpoints, IndexHistory())
    accounts.enter(batch, scored, scorer)
    return scored.checkpoints


def _through_checkpoint(station: str, state: StationCheckpoint) -> StationCheckpoint:
    decoded = checkpoint.decode(checkpoint.encode(station, state, "same"), {"same"})
    assert decoded is not None
    return decoded[1]


def _batches(records: Iterable[RawRecord], size: int) -> Iterable[list[RawRecord]]:
    batch: list[RawRecord] = []
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _length(record: RawRecord) -> int:
    """How many samples a record brings, counted without decoding its values."""
    value = record.value or b""
    if record.content_type == BINARY:
        packed = msgpack.decode(value, type=BinarySamplesRecord)
        return max(packed.lengths().values())
    fields = json.loads(value.decode(errors="replace"))
    arrays = [fields.get(f"geomagneticField{letter}") for letter in "XYZHDEIFS"]
    return max(len(array) for array in arrays if array is not None)
