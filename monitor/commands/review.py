"""`magwatch review`: say what an alert was."""

from __future__ import annotations

import getpass

import click

from geofield.utc import time_ms
from monitor.errors import Refused
from monitor.kafka.topics import require_topics
from monitor.records.reviews import VERDICTS, Said, Verdict, review_of
from monitor.reviews.publishing import publish_review
from monitor.reviews.reading import TOPIC, alerts_now, find_alert
from monitor.settings import load_settings
from support.clock import now_ms


@click.command()
@click.argument("alert_id", metavar="ID")
@click.option("--as", "verdict", type=click.Choice(VERDICTS), required=True, help="What it was.")
@click.option("--note", default="", help="Why, in one line of at most 500 characters.")
@click.option("--by", help="Who says so.  [default: the name of your login]")
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
def review(alert_id: str, verdict: Verdict, note: str, by: str | None, broker: str | None) -> None:
    """Say what the alert ID was; the first digits of the id are enough.

    `magwatch alerts` shows the ids, and the reviews beside the alerts. A later review of the same
    alert replaces an earlier one. It changes no alert.

    \b
    Example:
      magwatch review 3f9c2d1e --as man-made --note "tractor beside the hut"
      magwatch review 3f9c2d1e --as natural --by "R. Leonhardt"
    """
    settings = load_settings(broker=broker)
    require_topics(settings, TOPIC)
    alert = find_alert(alerts_now(settings), alert_id).data
    try:
        said = Said(verdict, _login() if by is None else by, note)
        span_ms = time_ms(alert.start), time_ms(alert.end)
        record = review_of(alert.alert_id, alert.station, span_ms, said, now_ms())
    except ValueError as error:
        raise Refused(str(error)) from None
    publish_review(settings, record)
    click.echo(f"{alert.alert_id} of {alert.station}, {alert.start}: {verdict}, by {record.by}")


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        raise Refused("your login has no name: say --by who you are") from None
