"""Classify resolved alerts once the indices and the scores of the network are known.

Both come late: Kp hours after the disturbance, the scores of other stations when their workers make
them. The class depends only on the alert, on the indices when they first decide, and on the scores
of the network, so any order of arrival ends in the same bytes. The version number is fixed as well.
A storm is the version after the resolved one. Otherwise the version number grows with the evidence
of the network: more evidence gives a later version, the same evidence the same version.
"""

from collections.abc import Sequence
from dataclasses import replace

from geofield.alerts.alert import Alert, AlertRules, Change, Classification, Unclassified
from geofield.alerts.remote_reference import StationNetwork
from geofield.indices import IndexHistory, IndicesKnown


def classify(
    waiting: Sequence[Unclassified],
    newest_ms: int,
    history: IndexHistory,
    network: StationNetwork,
    rules: AlertRules,
    now_ms: int,
) -> tuple[tuple[Unclassified, ...], list[Alert]]:
    """Classify the resolved alerts of a station as far as possible.

    Parameters
    ----------
    waiting
        Alerts in the order in which they were resolved.
    newest_ms
        End of the station's newest window; it decides which alerts are too old to wait.
    history, network
        Indices and scores known so far.
    rules
        Rules of alerts.
    now_ms
        Present time, see `StationNetwork.awaits`.

    Returns
    -------
    The alerts that still wait, for data or for a correction, and the versions to publish.
    """
    remaining: list[Unclassified] = []
    versions: list[Alert] = []
    for unclassified in waiting:
        classified = _classified(unclassified.alert, history, network, rules, now_ms)
        published = unclassified.published
        if classified is not None and classified.version > published:
            versions.append(classified)
            published = classified.version
        if not _done(unclassified.alert, classified, newest_ms, network, rules, now_ms):
            remaining.append(replace(unclassified, published=published))
    return tuple(remaining), versions


def first_decisive(
    alert: Alert, history: IndexHistory, rules: AlertRules
) -> tuple[int, IndicesKnown] | None:
    """Time at which the indices first decide the class, and their values then.

    A single value decides for a storm; a complete Kp over the alert decides against it. Values that
    become known after `AlertRules.settle_ms` do not count.

    Returns
    -------
    Time in ms since 1970 UTC and the indices; None if they do not decide.
    """
    for known_ms in history.news_ms(alert.start_ms, alert.end_ms):
        known = history.between(alert.start_ms, alert.end_ms, known_ms)
        decides = known.complete or rules.is_storm(known)
        if decides and known_ms <= alert.end_ms + rules.settle_ms:
            return known_ms, known
    return None


def _classified(
    alert: Alert, history: IndexHistory, network: StationNetwork, rules: AlertRules, now_ms: int
) -> Alert | None:
    """The version with the final class, or None if it cannot be decided yet."""
    decisive = first_decisive(alert, history, rules)
    if decisive is None:
        return None
    known_ms, known = decisive
    decided = replace(
        alert.with_indices(known),
        version=alert.version + 1,
        change=Change.UPDATED,
        decided_ms=max(alert.decided_ms, known_ms),
    )
    if rules.is_storm(known):
        return replace(decided, classification=Classification.SPACE_WEATHER)
    if network.awaits(alert.station, alert.end_ms, now_ms):
        return None
    return _compared(decided, network)


def _compared(alert: Alert, network: StationNetwork) -> Alert:
    remote = network.compare(alert.station, alert.start_ms, alert.end_ms)
    shared = remote.shared(network.rules)
    waited_ms = alert.end_ms + network.rules.wait_ms if remote.stations else 0
    return replace(
        alert,
        version=alert.version + remote.evidence,
        decided_ms=max(alert.decided_ms, waited_ms),
        classification=Classification.GLOBAL if shared else Classification.LOCAL,
        remote=remote,
    )


def _done(
    alert: Alert,
    classified: Alert | None,
    newest_ms: int,
    network: StationNetwork,
    rules: AlertRules,
    now_ms: int,
) -> bool:
    """Whether no further data can change the class, or the alert is too old.

    All stations must be well past the alert: after a failure, a batch that is sent again may bring
    a missing score.
    """
    final = classified is not None and (
        classified.classification is Classification.SPACE_WEATHER
        or not network.awaits(alert.station, alert.end_ms + network.rules.wait_ms)
    )
    if final:
        return True
    old = newest_ms - alert.end_ms >= rules.settle_ms
    return old and not network.awaits(alert.station, alert.end_ms, now_ms)
