"""What a worker shows Prometheus after a loud station, a stranger, and a record refused.

`python -m tests.monitor.exposition` writes the golden file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest

from geofield.indices import IndexHistory
from geofield.scoring.score import PromiseCount, WindowScore
from geofield.series.samples import Samples
from geofield.step import Rules, step
from monitor.history.watch import HistoryMetrics
from monitor.ingest.manner import SampleCounts
from monitor.ingest.watch import IngestMetrics, SourceWatch
from monitor.metrics.metrics import Metrics
from monitor.records.sample_decoder import RawRecord, Reason, Rejected
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.executors import timed
from monitor.worker.recorder import Observer
from monitor.worker.scorer import Scored, Taken
from tests.geofield.builders import field_nt, rules, samples, spread

GOLDEN = Path(__file__).parent / "golden" / "exposition.txt"
VALUE = re.compile(r"^([^#].*) \S+$")
SENT_MS = 1_715_300_000_000


def observer(watched: Rules, cap: int = 200) -> tuple[Observer, CollectorRegistry]:
    """An observer as a worker has it, and the registry it feeds."""
    registry = CollectorRegistry()
    watching = Observer(Metrics.create(registry, cap), watched)
    watching.about("1.2.3", SENT_MS / 1000)
    return watching, registry


def ingest_exposition() -> str:
    """What `magwatch ingest` shows after a message and a gap."""
    registry = CollectorRegistry()
    watch = SourceWatch(IngestMetrics.create(registry, station_cap=200))
    watch.expect("usgs")
    watch.station("WIC", 300.0, SENT_MS / 1000)
    watch.taken("WIC", SampleCounts(new=2), backfill=True)
    watch.published("WIC", SENT_MS, 1)
    watch.gaps("WIC", 1, "")
    return _without_values(registry)


def history_exposition() -> str:
    """What `magwatch history` shows."""
    registry = CollectorRegistry()
    made = HistoryMetrics.create(registry)
    made.alerts.labels("WIC")
    made.reviews.labels("WIC", "man-made")
    made.man_made.labels("WIC")
    return _without_values(registry)


def record(key: str, offset: int = 0) -> RawRecord:
    """A record of one station."""
    return RawRecord("t.samples", 0, offset, SENT_MS, key.encode(), b"{}")


def scored(watching: Observer, batch: list[Samples]) -> Scored:
    """What the domain makes of a batch, as the worker hands it to its observer."""
    model = timed(spread, watching.metrics.work)
    after, outcome = step({}, batch, model, watching.rules, IndexHistory())
    result = Scored(scores=outcome.scores, alerts=outcome.alerts)
    for one, intake in zip(batch, outcome.intake, strict=True):
        sent = record(one.station)
        result.taken.append(Taken([sent], one.station, intake))
        result.checkpoints[one.station] = StationCheckpoint(after[one.station], 0, 0)
    return result


def promising(score: WindowScore) -> WindowScore:
    """The score as of a profile that lives on."""
    promise = PromiseCount(days=10.0, expected=0.7, opened=1, most=3)
    return replace(score, score=replace(score.score, promise=promise)) if score.score else score


def loud(station: str = "WIC", length: int = 400) -> Samples:
    """Samples that open an alert and do not resolve it."""
    burst = 30 * np.sin(np.arange(length))[:, None]
    return samples(field_nt(length) + burst, station=station)


def exposition() -> str:
    """Names, types, help texts and labels of every series; no values."""
    watching, registry = observer(rules("WIC"))
    batch = scored(watching, [loud(), samples(field_nt(200), station="NEW")])
    batch.scores = [promising(score) for score in batch.scores]
    batch.progress["NEW"] = 0.25
    batch.refused.append((record("BAD"), Rejected(Reason.NOT_JSON, "no")))
    watching.leadership.decided(batch.scores)
    watching.batch(batch, SENT_MS / 1000 + 1)
    watching.metrics.progress.lag.labels(0).set(0)
    watching.metrics.progress.position.labels(0).set(1)
    return _without_values(registry)


def _without_values(registry: CollectorRegistry) -> str:
    text = generate_latest(registry).decode()
    # the worker leaves out when each counter began
    lines = [line for line in text.splitlines() if "_created" not in line]
    return "\n".join(VALUE.sub(r"\1", line) for line in lines) + "\n"


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(exposition())
