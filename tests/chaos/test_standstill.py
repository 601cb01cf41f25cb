"""A worker that stood still while its partitions became another's must not publish what is old."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.brokers import ROOT
from tests.chaos.doomed import LATE_STANDSTILL
from tests.chaos.fleet import HASTE
from tests.monitor.feeds import calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline
from tests.monitor.workers import Site, committed, encoded, received, send, wait_until, worker


def test_a_worker_that_wakes_late_does_not_bring_an_alert_back(
    tansu_site: Site, model_path: Path
) -> None:
    """The sleeper is about to publish the opening; meanwhile the alert opens and is resolved."""
    site = tansu_site
    recording = station("WIC", 60, seed=6, burst=slice(900, 2100))
    calibrated(site.folder / "profiles", model_path, "WIC", THRESHOLD)
    environment = site.environment(**HASTE, BATCH_RECORDS="1", METRICS_PORT="0")
    with (site.folder / "sleeper.log").open("wb") as log:
        sleeper = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.doomed", LATE_STANDSTILL, "1"],
            env=environment | {"STILL_S": "60"},
            stdout=log,
            stderr=log,
            cwd=ROOT,
        )
    try:
        sent = send(site, encoded(recording.records(30)))
        wait_until(lambda: _state(sleeper.pid) == "T", 40.0)
        with worker(site, **HASTE):
            wait_until(lambda: committed(site) == sent, 40.0)
            scores = len(received(site, "scores"))
            sleeper.send_signal(signal.SIGCONT)
            time.sleep(4)
            assert sleeper.poll() is None, "the sleeper has died"
            assert len(received(site, "scores")) == scores
            newest = {record.key: record.value for record in received(site, "alerts")}
        resolved = [value for value in offline(site, [recording])[1] if b".resolved" in value]
        assert list(newest.values()) == resolved
    finally:
        sleeper.kill()
        sleeper.wait()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
