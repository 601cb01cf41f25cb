"""Every topic that a worker reads may hold anything: it is left out, counted, and the next read."""

from __future__ import annotations

import asyncio
import signal
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer
from prometheus_client import CollectorRegistry

from archive.profile import encode_profile
from geofield.alerts.remote_reference import NetworkRules, StationNetwork
from geofield.indices import KP, IndexHistory, IndexInterval
from monitor.assembly import Assembly, assemble
from monitor.kafka.guard import Guard
from monitor.kafka.topics import samples_topic_id
from monitor.metrics.metrics import Metrics
from monitor.records.handovers import decode_handover, encode_handover
from monitor.records.indices import encode_index
from monitor.records.reviews import Said, encode_review, review_of
from monitor.records.sample_decoder import RawRecord
from monitor.records.sample_encoder import encode_samples
from monitor.settings import Settings
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.index_follower import IndexReader
from monitor.worker.leadership import Leadership
from monitor.worker.network_follower import ScoreReader
from monitor.worker.online_profiles import initial_checkpoints, newest_profiles
from monitor.worker.recorder import ELSEWHERE, Observer
from monitor.worker.review_follower import ReviewReader
from monitor.worker.scorer import Scorer
from tests.abuse.horrors import horrors
from tests.abuse.test_worker import DAY, honest, put, wired
from tests.fuzz.test_fuzz_worker import counted
from tests.monitor.feeds import calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.workers import Site, worker

LEAST = 100
ALERT_ID = "0123456789abcdef" * 2
_, REVIEW = encode_review(
    review_of(ALERT_ID, "WIC", (0, 64_000), Said("man-made", "Ada", "a car"), 1_715_212_800_000)
)


@dataclass(frozen=True)
class Stored:
    """A record as a consumer hands it over."""

    value: bytes | None
    key: bytes = b"WIC"
    offset: int = 0
    topic: str = "geomag.x"
    partition: int = 0
    timestamp: int = 1_715_212_800_000
    timestamp_type: int = 1
    headers: tuple[()] = ()


@dataclass(frozen=True)
class Good:
    """A good record of each topic, and what it was made with."""

    indices: bytes
    control: bytes
    profiles: bytes
    state: bytes
    scores: bytes
    assembly: Assembly
    scorer: Scorer


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Good:
    folder = tmp_path_factory.mktemp("profiles")
    profile = calibrated(folder, model_path, "WIC", THRESHOLD)
    settings = Settings(profiles=folder, model=model_path)
    assembly = assemble(settings)
    scorer = Scorer(assembly.rules, assembly.accepts, assembly.model.reconstruct)
    scored = scorer.score(scorer.read(list(sent("WIC"))), {}, IndexHistory())
    scores, _ = offline(Site(settings, folder), [DAY])
    return Good(
        encode_index(KP, [IndexInterval(KP, 0, 10_800_000, 10_800_000, 2.0)]),
        encode_handover("next", assembly.rules.model, 0)[1],
        encode_profile(replace(profile, station="NEW", effective_ms=0)),
        checkpoint.encode("WIC", scored.checkpoints["WIC"], "same"),
        scores[-1],
        assembly,
        scorer,
    )


def sent(code: str, begin: int = 0, end: int = 40) -> Iterator[RawRecord]:
    for offset, part in enumerate(station(code, 40, seed=3).records(60)):
        if begin <= offset < end:
            yield RawRecord("t", 0, offset, part.end_ms, code.encode(), encode_samples(part))


def states(value: bytes) -> Iterator[bytes]:
    """Checkpoints with each of their fields gone, or changed."""
    fields = msgspec.msgpack.decode(zlib.decompress(value))
    for path in paths(fields):
        for new in (None, True, -1, 0, 2**62, 1e308, float("nan"), "", b"", [], {}, "x" * 1000):
            yield zlib.compress(msgspec.msgpack.encode(changed(fields, path, new)), 1)
    yield from horrors()


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in inside:
        yield (*before, name)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*before, name))


def changed(value: Any, path: Sequence[Any], new: Any) -> Any:
    name, *rest = path
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[name] = changed(value[name], rest, new) if rest else new
    return copied


def records(values: Iterable[bytes], key: bytes = b"WIC") -> list[Any]:
    return [Stored(value, key, offset) for offset, value in enumerate(values)]


def test_indices(good: Good) -> None:
    refused: list[None] = []
    reader = IndexReader(Settings(), lambda: refused.append(None))
    reader._take(records([*horrors(good.indices), good.indices]))
    assert len(refused) > LEAST
    assert reader.history.between(0, 1000, 2**60).highest is not None


def test_reviews() -> None:
    refused: list[None] = []
    reader = ReviewReader(Settings(), lambda: refused.append(None))
    reader._take(records([REVIEW, *horrors(REVIEW), REVIEW]))
    assert len(refused) > LEAST
    assert not reader.history.of_the_field(ALERT_ID, 2**60)
    assert reader.history.of_the_field("f" * 32, 2**60)


def test_handovers(good: Good) -> None:
    refused: list[None] = []
    leadership = Leadership(guard=Guard("control", lambda: refused.append(None)))
    leadership.take(records([*horrors(good.control), good.control]))
    assert len(refused) > LEAST
    assert leadership.handovers.at(1) is not None


def test_scores(good: Good) -> None:
    refused: list[None] = []
    network = StationNetwork(64_000, {"WIC": ("NEW",), "NEW": ("WIC",)}, NetworkRules())
    reader = ScoreReader(
        Settings(), network, good.assembly.rules.model.sha256, lambda: refused.append(None)
    )
    far = good.scores.replace(b'"window_end":"2024', b'"window_end":"2124')
    assert far != good.scores
    reader._take(records([good.scores, *horrors(good.scores), far, good.scores]))
    assert len(refused) > LEAST
    assert reader.network.tracks["WIC"].newest < 1_715_300_000_000 // 64_000


def test_profiles(good: Good) -> None:
    """Those that are taken are used, to the last line that reports on them."""

    async def found(values: list[bytes]) -> Any:
        async def batches() -> AsyncIterator[list[Any]]:
            yield records(values, b"NEW")

        return await newest_profiles(batches(), Guard("profile", lambda: refused.append(None)))

    refused: list[None] = []
    observer = watching(good)
    for value in horrors(good.profiles):
        online = asyncio.run(found([value]))
        checkpoints = initial_checkpoints(online, good.assembly.rules, ())
        use(good, observer, "NEW", checkpoints)
    assert len(refused) > LEAST
    assert "NEW" in asyncio.run(found([*horrors(), good.profiles]))


def test_checkpoints(good: Good) -> None:
    refused = Counter[str]()
    observer = watching(good)
    for value in states(good.state):
        try:
            decoded = checkpoint.decode(value, {"same"})
        except Exception as error:
            refused[type(error).__name__] += 1
            continue
        if decoded is not None:
            use(good, observer, "WIC", {"WIC": decoded[1]})
    assert refused.total() > LEAST


def is_handover(value: bytes) -> bool:
    """Whoever may write such a record is in charge: it is no abuse."""
    try:
        decode_handover(value)
    except (ValueError, RecursionError):
        return False
    return True


def watching(good: Good) -> Observer:
    return Observer(Metrics.create(CollectorRegistry(), 10), good.assembly.rules)


def use(
    good: Good, observer: Observer, code: str, checkpoints: dict[str, StationCheckpoint]
) -> None:
    """A worker that begins with these states goes on, and so do other stations."""
    observer.loaded(checkpoints)
    batch = [*sent(code, 38), *sent("HON", 0, 20)]
    scored = good.scorer.score(good.scorer.read(batch), checkpoints, IndexHistory())
    observer.batch(scored, 1.7e9)
    for name, after in scored.checkpoints.items():
        assert checkpoint.encode(name, after, "same")
    assert "HON" in scored.checkpoints


def test_a_worker_goes_on(kafka_site: Site, model_path: Path, good: Good) -> None:
    """It starts with all of that in its topics, and meets it again after a restart."""
    site = kafka_site
    calibrated(site.folder / "profiles", model_path, "WIC", THRESHOLD)
    new = good.scorer.score(good.scorer.read([*sent("NEW")]), {}, IndexHistory()).checkpoints["NEW"]
    fingerprint = f"{good.scorer.fingerprints('NEW')[0]} {samples_topic_id(site.settings)}"
    values = {
        "indices": [*horrors(good.indices)],
        "reviews": [*horrors(REVIEW)],
        "control": [one for one in horrors(good.control) if not is_handover(one)],
        "scores": [*horrors(good.scores)],
        "scores-shadow": [*horrors(good.scores)],
        "profiles": [*horrors(good.profiles)],
        "state": [*states(checkpoint.encode("NEW", new, fingerprint))],
        "deadletter": [*horrors()],
        "alerts": [*horrors()],
    }
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        for topic, those in values.items():
            for value in those:
                producer.send(site.settings.topic(topic), value, b"NEW")
    good_records = honest()
    with wired(site) as wire:
        for begin, end in ((0, 20), (20, 40)):
            with worker(site, CHECKPOINT_S="0.5") as running:
                put(wire, site, *good_records[begin:end])
                running.wait_for_records(20)
                refused = counted(running, "magwatch_deadletters_total", "reason")
                few = {reason for reason in ELSEWHERE if refused[reason] < LEAST}
                assert few <= {"score"}, refused  # scores are followed where stations are compared
                assert len(running.log.read_text().splitlines()) < 200
                running.process.send_signal(signal.SIGTERM)
                assert running.process.wait(10) == 0
    scores, alerts = offline(site, [DAY])
    assert set(scores) <= set(online(site, "scores"))
    assert set(alerts) <= set(online(site, "alerts"))
