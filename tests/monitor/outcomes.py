"""Scores and alerts of a test's stations: by `magwatch score`, and as the topics hold them."""

from collections.abc import Sequence

from archive.recording import Recording
from geofield.indices import IndexHistory
from monitor.assembly import assemble
from monitor.offline.score import score_recordings
from monitor.records.scores_and_alerts import encode_alert, encode_score
from tests.monitor.workers import Site, received, values_by_key

THRESHOLD = 1.5  # of `calibrated` stations: noise stays below, a burst rises above


def offline(site: Site, recordings: Sequence[Recording]) -> tuple[list[bytes], list[bytes]]:
    """Scores and alerts of `magwatch score`, as the topics would hold them, sorted."""
    assembly = assemble(site.settings)
    outcomes = list(score_recordings(recordings, assembly, IndexHistory(), record_s=3600))
    model = assembly.rules.model
    scores = [encode_score(score, model) for one in outcomes for score in one.scores]
    alerts = [encode_alert(alert) for one in outcomes for alert in one.alerts]
    return sorted(scores), sorted(alerts)


def online(site: Site, topic: str) -> list[bytes]:
    by_key = values_by_key(received(site, topic))
    return sorted(value for values in by_key.values() for value in values)
