"""Real alert versions, made by the domain's own rule, in the alert topic."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from kafka import KafkaProducer

from geofield.alerts.alert import AlertState
from geofield.alerts.life_cycle import follow
from geofield.indices import IndexHistory
from monitor.records.scores_and_alerts import encode_alert
from tests.geofield.alerts.test_alert import RULES, window
from tests.geofield.builders import MODEL
from tests.monitor.workers import Site

Version = tuple[bytes, bytes]  # key and value of the alert topic
LIFE = [0.5, 2.0, 2.0, 2.0, 0.1, 0.1, 0.1]


def lives(*stations: str, days: float = 40.0) -> list[Version]:
    """An alert of each station, opened and resolved, in order of time."""
    histories = {station: AlertState() for station in stations}
    made: list[Version] = []
    for number, rmse in enumerate(LIFE):
        for station in stations:
            score = replace(window(number, rmse, days), station=station)
            state, versions = follow(histories[station], score, MODEL, IndexHistory(), RULES)
            histories[station] = state
            made += [(alert.id.encode(), encode_alert(alert)) for alert in versions]
    return made


def publish(site: Site, versions: list[Version]) -> None:
    """Put alert versions into the topic."""
    with closing(KafkaProducer(bootstrap_servers=site.settings.broker)) as producer:
        for key, value in versions:
            producer.send(site.settings.topic("alerts"), value, key).get(30)
