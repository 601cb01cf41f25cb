"""Mutated records through a real broker and a real worker: its metrics add up."""

from collections import Counter
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from monitor.assembly import assemble
from monitor.records.sample_decoder import raw_record
from monitor.worker.scorer import Scorer
from tests.fuzz.accounts import Accounts, feed
from tests.fuzz.mutations import fuzzed
from tests.fuzz.test_fuzz import stations
from tests.monitor.feeds import calibrated
from tests.monitor.workers import Running, Site, received, send, worker

RECORDS = 4000


def test_the_metrics_of_a_worker_add_up(tansu_site: Site, model_path: Path) -> None:
    site = tansu_site
    for code in ("WIC", "WIX", "WID"):
        calibrated(site.folder / "profiles", model_path, code, 1.5)
    records = [
        (one.key, one.value, one.content_type) for one in fuzzed(stations(), RECORDS, seed=9)
    ]
    with worker(site) as running:
        running.wait_for_records(send(site, records))
        expected = judged(site)
        assert counted(running, "magwatch_records_total") == Counter({"": RECORDS})
        assert counted(running, "magwatch_deadletters_total", "reason") == expected.reasons
        assert counted(running, "magwatch_samples_total", "outcome") == +expected.samples
        assert counted(running, "magwatch_windows_total").total() == expected.windows
    letters = Counter(dict(one.headers)["reason"].decode() for one in received(site, "deadletter"))
    assert letters == expected.reasons
    assert len(received(site, "scores")) == expected.windows


def judged(site: Site) -> Accounts:
    """What the scoring path makes of the topic as it stands, without broker and worker."""
    assembly = assemble(site.settings)
    scorer = Scorer(assembly.rules, assembly.accepts, assembly.model.reconstruct)
    stored = [raw_record(one) for one in received(site, "samples")]
    return feed(stored, scorer, batch=len(stored), reread_every=0)


def counted(running: Running, name: str, label: str = "") -> Counter[str]:
    """A metric's values by one of its labels."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(running.page("/metrics")[1]):
        for sample in family.samples:
            if sample.name == name and sample.value:
                found[sample.labels.get(label, "")] += int(sample.value)
    return found
