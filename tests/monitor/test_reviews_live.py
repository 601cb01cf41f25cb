"""An observer speaks while a worker runs: its profile hears it as in a replay, despite a kill."""

from __future__ import annotations

import signal
from dataclasses import replace

from archive.model import default_model_path
from geofield.alerts.reviews import ReviewHistory, Word
from geofield.indices import KP, IndexHistory, IndexInterval
from geofield.utc import HOUR_MS
from monitor.assembly import assemble
from monitor.kafka.sending import producing
from monitor.offline.score import score_recordings
from monitor.records.indices import encode_index
from monitor.records.reviews import Said, review_of
from monitor.records.scores_and_alerts import decode_alert, encode_score
from monitor.reviews.publishing import publish_review
from tests.monitor.feeds import START_MS, calibrated, station
from tests.monitor.workers import Site, encoded, received, send, wait_until, worker

DAY = station("WIC", 6 * 60, seed=4, burst=slice(3600, 4200))
HALF = 130  # records of a minute: after the alert, before the refit that hears the review
SAID_MS = START_MS + 3 * HOUR_MS // 2
QUIET = [
    IndexInterval(KP, START_MS + at, START_MS + at + 3 * HOUR_MS, START_MS + at, 1.0)
    for at in range(0, 9 * HOUR_MS, 3 * HOUR_MS)
]


def offline(site: Site, words: list[Word]) -> set[bytes]:
    """Scores of the same samples without Kafka, with what was said."""
    assembly = assemble(site.settings)
    heard = replace(assembly, rules=replace(assembly.rules, reviews=ReviewHistory(words)))
    outcomes = score_recordings([DAY], heard, IndexHistory(QUIET), record_s=300)
    return {encode_score(score, heard.rules.model) for one in outcomes for score in one.scores}


def test_a_review_counts_in_a_worker_as_in_a_replay(tansu_site: Site) -> None:
    site = tansu_site.changing(profiles_half_life_days=7 / 24, alert_settle_s=600)  # hourly refits
    calibrated(site.folder / "profiles", default_model_path(), "WIC", threshold=1.5)
    records = list(encoded(DAY.records(60)))
    with producing(site.settings) as producer:
        producer.send(site.settings.topic("indices"), encode_index(KP, QUIET), b"Kp").get(30)
    with worker(site) as first:
        send(site, records[:HALF])
        wait_until(lambda: any(b"resolved" in one.value for one in received(site, "alerts")))
        opened = decode_alert(received(site, "alerts")[0].value).data
        said = review_of(opened.alert_id, "WIC", (0, 1), Said("man-made", "Ada"), SAID_MS)
        publish_review(site.settings, said)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(10)
    word = Word(opened.alert_id, 0, SAID_MS, of_the_field=False)
    expected, unheard = offline(site, [word]), offline(site, [])
    assert len(expected - unheard) > 100
    with worker(site):
        send(site, records[HALF:])
        wait_until(lambda: len({one.value for one in received(site, "scores")}) >= len(expected))
    assert {one.value for one in received(site, "scores")} == expected
