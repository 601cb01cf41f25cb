"""What the stations' resolved alerts are called, looked at again whenever something may be known.

A station need not have a further window for that: Kp and the scores of others come when they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from geofield.alert import Alert, AlertRules
from geofield.indices import KpHistory
from geofield.network import Network
from geofield.settle import settle
from geofield.step import StationState


@dataclass(slots=True)
class Settled:
    """The states that changed, and the versions to publish."""

    states: dict[str, StationState] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)


def settle_stations(
    states: Mapping[str, StationState],
    history: KpHistory,
    network: Network,
    rules: AlertRules,
    now_ms: int,
) -> Settled:
    """Settle what can be settled; see `geofield.settle`."""
    result = Settled()
    for station, state in sorted(states.items()):
        if not state.alerts.settling:
            continue
        kept, versions = settle(
            state.alerts.settling, state.alerts.newest_ms, history, network, rules, now_ms
        )
        if kept != state.alerts.settling:
            result.states[station] = replace(state, alerts=replace(state.alerts, settling=kept))
            result.alerts += versions
    return result
