"""Reviews and alerts as their topics have them now."""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

from monitor.errors import Refused
from monitor.kafka.guard import printable, usable
from monitor.kafka.tail import tail
from monitor.kafka.topics import missing_topics
from monitor.records.reviews import ReviewRecord, decode_review, newest_reviews
from monitor.records.scores_and_alerts import AlertEvent, decode_alert, newest_alerts
from monitor.settings import Settings

TOPIC = "reviews"
LEAST_OF_ID = 4  # signs of an alert's id that may stand for it
_ID = re.compile(rf"[0-9a-f]{{{LEAST_OF_ID},32}}")


def reviews_now(settings: Settings) -> Mapping[str, ReviewRecord]:
    """The last review of each alert, by the alert's id; none where the topic cannot be seen.

    Raises
    ------
    Refused
        If no broker answers.
    """
    if settings.topic(TOPIC) in missing_topics(settings):
        return {}
    batches = tail(settings, TOPIC, from_beginning=True, follow=False)
    return newest_reviews(
        review for batch in batches for review in usable(batch, decode_review, _not_a_review)
    )


def alerts_now(settings: Settings) -> Mapping[str, AlertEvent]:
    """The newest version of each alert, by its id.

    Raises
    ------
    Refused
        If there is no topic of alerts or no broker answers.
    """
    batches = tail(settings, "alerts", from_beginning=True, follow=False)
    return newest_alerts(
        event for batch in batches for event in usable(batch, decode_alert, _not_an_alert)
    )


def find_alert(known: Mapping[str, AlertEvent], given: str) -> AlertEvent:
    """The alert with an id, or the one whose id begins so.

    Raises
    ------
    Refused
        If there is none, or several.
    """
    wanted = given.strip().lower()
    if not _ID.fullmatch(wanted):
        raise Refused(
            f"{printable(given[:40])!r} is no id of an alert: 32 hexadecimal digits, or the first "
            f"{LEAST_OF_ID} and more of them; `magwatch alerts` shows ids"
        )
    fitting = [event for name, event in known.items() if name.startswith(wanted)]
    if not fitting:
        raise Refused(f"no alert {wanted}: `magwatch alerts` shows the alerts of the topic")
    if len(fitting) > 1:
        raise Refused(f"{len(fitting)} alerts begin with {wanted}: give more of the id")
    return fitting[0]


def _not_a_review(_: bytes, why: str) -> None:
    click.secho(f"not a review of magwatch: {printable(why)}", fg="magenta", err=True)


def _not_an_alert(_: bytes, why: str) -> None:
    click.secho(f"not an alert of magwatch: {printable(why)}", fg="magenta", err=True)
