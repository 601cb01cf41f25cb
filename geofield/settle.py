"""Settling: what a resolved alert is called once Kp and the rest of the network are known.

Both come late: Kp hours after the disturbance, the scores of other stations whenever their workers
get there. What is said is a function of the alert, of Kp as it was when it could first decide, and
of the network's scores, so that any order of arrival ends in the same bytes. Versions are reserved
for this: a storm is the version after the one that resolved; otherwise the version grows with the
evidence of the network, so that more of it gives a later version, and the same the same again.
"""

from collections.abc import Sequence
from dataclasses import replace

from geofield.alert import Alert, AlertRules, Change, Classification, Settling
from geofield.indices import KpHistory
from geofield.network import Network
from geofield.score import KpKnown


def settle(
    waiting: Sequence[Settling],
    newest_ms: int,
    history: KpHistory,
    network: Network,
    rules: AlertRules,
    now_ms: int,
) -> tuple[tuple[Settling, ...], list[Alert]]:
    """Say what can be said of a station's resolved alerts.

    Parameters
    ----------
    waiting
        In the order in which they were resolved.
    newest_ms
        End of the station's newest window: old alerts are let go by it.
    history, network
        What is known so far.
    rules
        Of alerts.
    now_ms
        Present time, see `Network.awaits`.

    Returns
    -------
    Those that wait on, for knowledge or for a correction, and the versions to publish.
    """
    kept: list[Settling] = []
    versions: list[Alert] = []
    for one in waiting:
        said = _said(one.alert, history, network, rules, now_ms)
        published = one.published
        if said is not None and said.version > published:
            versions.append(said)
            published = said.version
        if not _done(one.alert, said, newest_ms, network, rules, now_ms):
            kept.append(replace(one, published=published))
    return tuple(kept), versions


def first_decisive(
    alert: Alert, history: KpHistory, rules: AlertRules
) -> tuple[int, KpKnown] | None:
    """When the indices first decided, and what they were then; None if they have not.

    A storm is one as soon as a value says so; quiet is known when Kp is known for all of it. What
    becomes known later than the rules wait does not count.
    """
    for known_ms in history.news_ms(alert.start_ms, alert.end_ms):
        known = history.between(alert.start_ms, alert.end_ms, known_ms)
        decides = known.complete or rules.is_storm(known)
        if decides and known_ms <= alert.end_ms + rules.settle_ms:
            return known_ms, known
    return None


def _said(
    alert: Alert, history: KpHistory, network: Network, rules: AlertRules, now_ms: int
) -> Alert | None:
    decisive = first_decisive(alert, history, rules)
    if decisive is None:
        return None
    known_ms, known = decisive
    settled = replace(
        alert,
        version=alert.version + 1,
        change=Change.UPDATED,
        decided_ms=max(alert.decided_ms, known_ms),
        highest_kp=known.highest,
        lowest_dst_nt=known.lowest_dst_nt,
    )
    if rules.is_storm(known):
        return replace(settled, classification=Classification.SPACE_WEATHER)
    if network.awaits(alert.station, alert.end_ms, now_ms):
        return None
    return _compared(settled, network)


def _compared(alert: Alert, network: Network) -> Alert:
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
    said: Alert | None,
    newest_ms: int,
    network: Network,
    rules: AlertRules,
    now_ms: int,
) -> bool:
    """Whether nothing that may still come could change what was said, or it is too old.

    Everyone must be well past the alert: a batch of scores that is sent again after a failure may
    bring one that was missing.
    """
    final = said is not None and (
        said.classification is Classification.SPACE_WEATHER
        or not network.awaits(alert.station, alert.end_ms + network.rules.wait_ms)
    )
    if final:
        return True
    old = newest_ms - alert.end_ms >= rules.settle_ms
    return old and not network.awaits(alert.station, alert.end_ms, now_ms)
