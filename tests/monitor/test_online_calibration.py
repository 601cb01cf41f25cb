"""A station that no worker has ever seen: calibrated, scored, alerted on; and workers killed."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
from kafka import KafkaProducer

from archive.profile import decode_profile, encode_profile
from archive.recording import Recording
from geofield.calibration.profile import AlertBasis
from geofield.indices import KP, IndexHistory, IndexInterval
from monitor.assembly import assemble
from monitor.offline.score import score_recordings
from monitor.records.indices import encode_index
from monitor.records.scores_and_alerts import encode_alert, encode_score
from monitor.worker.scorer import Scorer
from monitor.worker.state_store import States
from tests.monitor.exposition import observer
from tests.monitor.feeds import START_MS, station
from tests.monitor.workers import Site, encoded, received, send, values_by_key, wait_until, worker
from tests.processes import magwatch

HOUR_MS = 3_600_000
# hours instead of days: an hour for the scale, three of scores, a window every 8 s
QUICK = {
    "HOP_S": "8",
    "CALIBRATION_SCALE_DAYS": "0.04",
    "CALIBRATION_FIRST_DAYS": "0.12",
    "CALIBRATION_MOST_DAYS": "0.2",
    "CALIBRATION_REVIEW_S": "1800",
    "CALIBRATION_GUARD_S": "1800",
    "CALIBRATION_FALSE_ALARMS": "4",
    "ALERT_SETTLE_S": "3600",
    "CHECKPOINT_S": "1",
}
BURST = slice(37_800, 38_700)
DAY = station("NEW", 11 * 60 + 30, seed=11, burst=BURST)
RECORD_S = 300


@dataclass(frozen=True)
class Told:
    """What the topics hold, each value once, sorted."""

    scores: list[bytes]
    alerts: list[bytes]
    profiles: list[bytes]

    def qualities(self) -> list[str]:
        return [json.loads(value)["quality"] for value in self.scores]


def online(site: Site) -> Told:
    return Told(*(_once(site, topic) for topic in ("scores", "alerts", "profiles")))


def _once(site: Site, topic: str) -> list[bytes]:
    by_key = values_by_key(received(site, topic))
    return sorted(value for values in by_key.values() for value in values)


def offline(site: Site, recordings: Sequence[Recording], history: IndexHistory) -> Told:
    """What `magwatch score` makes of the same samples."""
    assembly = assemble(site.settings)
    outcomes = list(score_recordings(recordings, assembly, history, record_s=RECORD_S))
    scores = [encode_score(one, assembly.rules.model) for o in outcomes for one in o.scores]
    alerts = [encode_alert(one) for o in outcomes for one in o.alerts]
    fitted = [encode_profile(fit.profile) for o in outcomes for fit in o.fits if fit.profile]
    return Told(sorted(scores), sorted(alerts), sorted(fitted))


@pytest.fixture
def quick_site(tansu_site: Site) -> Site:
    """The settings of the workers, for the offline path too."""
    given = {name.lower(): text for name, text in QUICK.items()}
    own = tansu_site.settings.model_dump(exclude_defaults=True) | given
    return replace(tansu_site, settings=type(tansu_site.settings)(**own))


def quiet_kp() -> list[IndexInterval]:
    """Kp of 1 over the day, each value known a quarter of an hour after its interval."""
    starts = (START_MS + number * 3 * HOUR_MS for number in range(-1, 4))
    return [
        IndexInterval(KP, at, at + 3 * HOUR_MS, at + 3 * HOUR_MS + 900_000, 1.0) for at in starts
    ]


def publish_kp(site: Site) -> IndexHistory:
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        producer.send(site.settings.topic("indices"), encode_index(KP, quiet_kp()), b"Kp").get(30)
    return IndexHistory(quiet_kp())


def listed(site: Site, *options: str) -> str:
    result = magwatch("profiles", *options, env=site.environment())
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_an_unknown_station_becomes_ok_and_alerts_and_a_kill_changes_no_byte(
    quick_site: Site,
) -> None:
    """Killed while scores are collected; the next worker goes on and fits the same profile."""
    site, history = quick_site, publish_kp(quick_site)
    records = list(encoded(DAY.records(RECORD_S)))
    with worker(site, **QUICK) as first:
        first.wait_for_records(send(site, records[:60]))
        wait_until(lambda: first.metric("magwatch_checkpoints_total") > 0, 90.0)
        first.wait_for_records(60 + send(site, records[60:70]))
        assert 0.5 < first.metric("magwatch_calibration_progress_ratio") < 1.0
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    expected = offline(site, [DAY], history)
    with worker(site, **QUICK) as second:
        send(site, records[70:])
        wait_until(lambda: len(online(site).scores) >= len(expected.scores), 90.0)
        assert second.metric("magwatch_calibration_progress_ratio") == 1.0
        assert '"event": "profile fitted"' in second.log.read_text()
    told = online(site)
    assert told == expected
    assert told.qualities().count("calibrating") > 2000
    assert told.qualities().count("ok") > 800
    opened = [json.loads(alert)["data"] for alert in told.alerts if b"alert.opened" in alert]
    assert {one["start"][:13] for one in opened} == {"2024-05-09T10"}
    assert decode_profile(told.profiles[0]).kp_known
    assert "online" in listed(site)


def test_a_profile_outlives_the_state_it_came_from(quick_site: Site) -> None:
    """Without a checkpoint a station begins with its profile; one for another rule is left out."""
    site, assembly = quick_site, assemble(quick_site.settings)
    outcomes = score_recordings([DAY], assembly, IndexHistory(), record_s=RECORD_S)
    fitted = [fit.profile for one in outcomes for fit in one.fits if fit.profile]
    other = replace(fitted[-1], station="OLD", basis=AlertBasis(1, 2, 3))
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        for profile in (*fitted, other):
            topic, key = site.settings.topic("profiles"), profile.station.encode()
            producer.send(topic, encode_profile(profile), key, partition=2).get(30)
    scorer = Scorer(assembly.rules, assembly.accepts, assembly.model.reconstruct)
    watching, registry = observer(assembly.rules)
    states = States(site.settings, scorer, watching)
    states.forget([2])
    asyncio.run(states.load())
    name, labels = "magwatch_station_calibrated", {"station": "NEW"}
    assert registry.get_sample_value(name, labels) == 1
    checkpoint = states.adopted["NEW"]
    assert checkpoint.state.learning.profile == fitted[-1]
    assert (checkpoint.partition, checkpoint.offset) == (2, -1)
    assert "OLD" not in states.adopted
    assert json.loads(listed(site, "--json").splitlines()[0])["station"] == "NEW"
