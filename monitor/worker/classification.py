"""Classification of the stations' ended alerts, tried again until each has its class.

It does not need further windows of the station: Kp and the scores of others arrive at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from geofield.alerts.alert import Alert, AlertRules
from geofield.alerts.classification import classify
from geofield.alerts.remote_reference import StationNetwork
from geofield.indices import IndexHistory
from geofield.step import StationState


@dataclass(slots=True)
class Classified:
    """The result of a classification."""

    states: dict[str, StationState] = field(default_factory=dict)  # only states that changed
    alerts: list[Alert] = field(default_factory=list)  # versions to publish


def classify_stations(
    states: Mapping[str, StationState],
    history: IndexHistory,
    network: StationNetwork,
    rules: AlertRules,
    now_ms: int,
) -> Classified:
    """Classify the alerts that can be classified; see `geofield.alerts.classification`."""
    result = Classified()
    for station, state in sorted(states.items()):
        if not state.alerts.settling:
            continue
        unclassified, versions = classify(
            state.alerts.settling, state.alerts.newest_ms, history, network, rules, now_ms
        )
        if unclassified != state.alerts.settling:
            result.states[station] = replace(
                state, alerts=replace(state.alerts, settling=unclassified)
            )
            result.alerts += versions
    return result
