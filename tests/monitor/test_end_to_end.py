"""Samples in, scores and alerts out, on every broker: byte for byte what the offline path says."""

from pathlib import Path

from monitor.offline.pacing import interleaved
from tests.data import quiet_day
from tests.monitor.feeds import calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.workers import Site, encoded, received, send, worker
from tests.processes import magwatch

BURST = slice(3000, 4500)


def tailed(site: Site, *options: str) -> list[bytes]:
    """Lines of `magwatch alerts`."""
    options = ("--from-beginning", "--no-follow", *options)
    result = magwatch("alerts", *options, env=site.environment())
    assert result.returncode == 0, result.stderr
    return result.stdout.encode().splitlines()


def test_scores_and_alerts_are_those_of_the_offline_path(site: Site, model_path: Path) -> None:
    recordings = [
        station("WIC", 120, seed=1, burst=BURST),
        station("HON", 120, seed=2, elements="XYZ"),
        station("NEW", 30, seed=3),
    ]
    for code in ("WIC", "HON"):
        calibrated(site.folder / "profiles", model_path, code, THRESHOLD)
    with worker(site) as running:
        sent = send(site, encoded(interleaved(recordings, record_s=60)))
        running.wait_for_records(sent)
        scores, alerts = offline(site, recordings)
        assert online(site, "scores") == scores
        assert online(site, "alerts") == alerts
        assert running.metric("magwatch_windows_total") == len(scores)
        assert received(site, "deadletter") == []
    assert sorted(tailed(site, "--json")) == alerts
    assert b"OPENED" in tailed(site)[0]
    opened = [alert for alert in alerts if b'"type":"magwatch.alert.opened"' in alert]
    assert len(opened) == 1
    assert b'"quality":"calibrating"' in b"".join(scores)


def test_a_real_observatory_day(tansu_site: Site, model_path: Path) -> None:
    day = quiet_day()
    morning = day.between(day.start_ms, day.start_ms + 3 * 3_600_000)
    calibrated(tansu_site.folder / "profiles", model_path, "WIC", THRESHOLD)
    with worker(tansu_site) as running:
        sent = send(tansu_site, encoded(morning.records(600)))
        running.wait_for_records(sent)
    scores, alerts = offline(tansu_site, [morning])
    assert len(scores) > 100
    assert online(tansu_site, "scores") == scores
    assert online(tansu_site, "alerts") == alerts


def test_order_and_duplicates_within_the_lateness_change_no_byte(
    tansu_site: Site, model_path: Path
) -> None:
    recording = station("WIC", 40, seed=4, burst=slice(900, 1500))
    calibrated(tansu_site.folder / "profiles", model_path, "WIC", THRESHOLD)
    records = list(encoded(recording.records(10)))
    shuffled = [one for pair in zip(records[1::2], records[::2], strict=True) for one in pair]
    with worker(tansu_site) as running:
        sent = send(tansu_site, [*shuffled[:100], *shuffled[97:]])
        running.wait_for_records(sent)
    assert online(tansu_site, "scores") == offline(tansu_site, [recording])[0]
