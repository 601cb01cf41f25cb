"""`magwatch review`: say what an alert was."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from archive.outputs import check_output, write_file
from geofield.utc import time_ms
from monitor.errors import Refused
from monitor.kafka.topics import require_topics
from monitor.records.reviews import VERDICTS, Said, Verdict, review_of
from monitor.reviews.export import as_labels, as_left_out, brought_up_to_date
from monitor.reviews.publishing import publish_review
from monitor.reviews.reading import TOPIC, alerts_now, find_alert, reviews_now
from monitor.settings import Settings, load_settings
from support.clock import now_ms

WRITERS = {".csv": as_labels, ".toml": as_left_out}


@click.command()
@click.argument("alert_id", metavar="[ID]", required=False)
@click.option("--as", "verdict", type=click.Choice(VERDICTS), help="What it was.")
@click.option("--note", default="", help="Why, in one line of at most 500 characters.")
@click.option("--by", help="Who says so.  [default: the name of your login]")
@click.option(
    "--export",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the last review of every alert: labels (.csv), or spans to leave out (.toml).",
)
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
def review(
    alert_id: str | None,
    verdict: Verdict | None,
    note: str,
    by: str | None,
    output: Path | None,
    broker: str | None,
) -> None:
    """Say what the alert ID was; the first digits of the id are enough.

    `magwatch alerts` shows the ids, and the reviews beside the alerts. A later review of the same
    alert replaces an earlier one. It changes no alert.

    --export FILE.csv writes all reviews, for `magwatch calibrate --reviews` and as labels; --export
    FILE.toml writes what was man-made or the instrument's as `left_out` of a recipe.

    \b
    Example:
      magwatch review 3f9c2d1e --as man-made --note "tractor beside the hut"
      magwatch review 3f9c2d1e --as natural --by "A. Observer"
      magwatch review --export reviews.csv
    """
    if output is not None:
        if alert_id is not None or verdict is not None or note or by is not None:
            raise click.UsageError("--export writes what was said: leave ID and the rest out")
        _export(load_settings(broker=broker), output)
    elif alert_id is None or verdict is None:
        raise click.UsageError("give the ID of an alert and --as, or --export")
    else:
        _say(load_settings(broker=broker), alert_id, Said(verdict, by or "", note), named=by)


def _say(settings: Settings, alert_id: str, said: Said, named: str | None) -> None:
    require_topics(settings, TOPIC)
    alert = find_alert(alerts_now(settings), alert_id).data
    if named is None:
        said = Said(said.verdict, _login(), said.note)
    span_ms = time_ms(alert.start), time_ms(alert.end)
    try:
        record = review_of(alert.alert_id, alert.station, span_ms, said, now_ms())
    except ValueError as error:
        raise Refused(str(error)) from None
    publish_review(settings, record)
    click.echo(
        f"{alert.alert_id} of {alert.station}, {alert.start}: {said.verdict}, by {record.by}"
    )


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        raise Refused("your login has no name: say --by who you are") from None


def _export(settings: Settings, output: Path) -> None:
    if (write := WRITERS.get(output.suffix.lower())) is None:
        raise click.UsageError(f"--export: {output} ends in neither {' nor '.join(WRITERS)}")
    check_output(output)
    require_topics(settings, TOPIC)
    reviews = brought_up_to_date(reviews_now(settings), alerts_now(settings))
    write_file(output, write(reviews).encode())
    click.echo(f"{len(reviews):,} alerts reviewed: {output}")
