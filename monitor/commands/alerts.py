"""`magwatch alerts`: show the alert topic, or forward it to an HTTP receiver."""

from __future__ import annotations

import re
from itertools import chain
from typing import TypedDict, Unpack

import click

from geofield.alerts.alert import AlertStatus, Classification
from geofield.utc import time_ms
from monitor.alert_table import AlertFilter, as_csv, as_json, newest, readable, table
from monitor.kafka.guard import printable, usable
from monitor.kafka.tail import tail
from monitor.kafka.topics import require_topics
from monitor.logs import configure_logs
from monitor.records.scores_and_alerts import AlertEvent, decode_alert
from monitor.reviews.reading import reviews_now
from monitor.settings import GROUP_PATTERN, Settings, load_settings
from monitor.webhook.payloads import PayloadFormat, shape
from support.table import print_table


class AlertsOptions(TypedDict):
    """Options of the command, as click passes them."""

    broker: str | None
    stations: tuple[str, ...]
    since: str | None
    classes: tuple[str, ...]
    statuses: tuple[str, ...]
    versions: bool
    as_csv: bool
    as_json: bool
    from_beginning: bool
    no_follow: bool
    webhook: str | None
    kind: str
    group: str
    on_refused: str
    timeout_s: float
    give_up_s: float | None
    external_url: str
    metrics_port: int | None


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--station", "stations", multiple=True, metavar="CODE", help="Only of this station.")
@click.option("--since", metavar="TIME", help="Only alerts that end later, UTC.")
@click.option(
    "--class",
    "classes",
    multiple=True,
    type=click.Choice([classification.value for classification in Classification]),
    help="Only of this classification.",
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in AlertStatus]),
    help="Only with this status.",
)
@click.option("--versions", is_flag=True, help="Each version as it comes, instead of the table.")
@click.option("--csv", "as_csv", is_flag=True, help="The table as CSV.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One CloudEvent a line, as published; in the table with its review.",
)
@click.option("--from-beginning", is_flag=True, help="Versions: begin with what the topic holds.")
@click.option("--no-follow", is_flag=True, help="Versions: stop at the present end of the topic.")
@click.option("--webhook", metavar="URL", help="Post alerts to this receiver, at least once.")
@click.option(
    "--format",
    "kind",
    type=click.Choice([kind.value for kind in PayloadFormat]),
    default=PayloadFormat.ALERTMANAGER.value,
    show_default=True,
    help="Alertmanager's webhook body (version 4), or the CloudEvent as published.",
)
@click.option(
    "--group",
    default="magwatch-webhook",
    show_default=True,
    help="Consumer group that keeps the position; run one forwarder and group for each receiver.",
)
@click.option(
    "--on-refused",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="After an answer that no retry can fix (4xx): stop, or log and count it and continue.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0, 3600, min_open=True),
    default=10.0,
    show_default=True,
    help="Longest wait for an answer, seconds.",
)
@click.option(
    "--give-up",
    "give_up_s",
    type=click.FloatRange(0, min_open=True),
    help="Seconds of failures on one alert that count as refused.  [default: never]",
)
@click.option("--external-url", default="", help="Link in Alertmanager's body, e.g. a dashboard.")
@click.option("--metrics-port", type=int, help="With --webhook: port of /readyz and /healthz.")
def alerts(**options: Unpack[AlertsOptions]) -> None:
    """Show the alerts as of now, or every version as it comes, or post them to a receiver.

    A table shows the last version of each alert, and what an observer said of it (`magwatch
    review`); --csv and --json say it too. --versions shows every version as alerts open, change and
    resolve, until Ctrl-C; --from-beginning and --no-follow imply it.

    With --webhook every version of an alert is posted in order. A post is repeated until the
    receiver answers 2xx; then the group's offset is committed, and the next post follows. Header
    Authorization: MAGWATCH_WEBHOOK_AUTHORIZATION. An https receiver's certificate is checked at the
    start; the authorities trusted are the system's, or those in the file named by SSL_CERT_FILE.
    With --metrics-port /readyz is good while the topic is read and the receiver takes alerts.

    \b
    Example:
      magwatch alerts --since 2026-11-01 --class local
      magwatch alerts --station WIC --csv > alerts.csv
      magwatch alerts --versions --json | jq .data.station
      MAGWATCH_WEBHOOK_AUTHORIZATION="Bearer …" magwatch alerts --webhook https://example.org/hook
    """
    settings = load_settings(broker=options["broker"])
    chosen = AlertFilter(
        tuple(code.upper() for code in options["stations"]),
        options["classes"],
        options["statuses"],
        _since_ms(options["since"]),
    )
    if options["webhook"] is not None:
        if chosen != AlertFilter() or options["versions"] or options["as_csv"]:
            raise click.UsageError("--webhook posts all alerts: the receiver chooses")
        _forward(settings, options, options["webhook"])
    elif options["metrics_port"] is not None:
        raise click.UsageError("--metrics-port goes with --webhook")
    elif options["versions"] or options["from_beginning"] or options["no_follow"]:
        if options["as_csv"]:
            raise click.UsageError("--csv is for the table: leave --versions out")
        _show_versions(settings, chosen, options)
    else:
        _show_table(settings, chosen, options)


def _since_ms(since: str | None) -> int | None:
    try:
        return None if since is None else time_ms(since)
    except ValueError:
        raise click.UsageError(f"--since: {since!r} is not like 2024-05-10T12:00:00Z") from None


def _show_table(settings: Settings, chosen: AlertFilter, options: AlertsOptions) -> None:
    everything: list[AlertEvent] = []
    values: dict[str, bytes] = {}
    for batch in tail(settings, "alerts", from_beginning=True, follow=False):
        for value, event in usable(batch, _decoded, _refuse):
            everything.append(event)
            values[event.id] = value
    known = newest(everything)
    shown = [event for event in known if chosen.takes(event)]
    reviews = reviews_now(settings)
    if options["as_json"]:
        for event in shown:
            click.echo(as_json(values[event.id], reviews.get(event.data.alert_id)))
    elif options["as_csv"]:
        click.echo(as_csv(shown, reviews), nl=False)
    elif shown:
        print_table(table(shown, reviews))
    if not shown:
        others = f" of that kind, {len(known):,} others" if known else ""
        click.echo(f"no alerts{others}", err=options["as_json"] or options["as_csv"])


def _show_versions(settings: Settings, chosen: AlertFilter, options: AlertsOptions) -> None:
    follow = not options["no_follow"]
    batches = tail(settings, "alerts", from_beginning=options["from_beginning"], follow=follow)
    count = 0
    try:
        first = next(batches)  # an error here ends the command with one line
        configure_logs(settings)
        for batch in chain([first], batches):
            for value, event in usable(batch, _decoded, _refuse):
                if chosen.takes(event):
                    count += 1
                    click.echo(value.decode() if options["as_json"] else readable(event))
    except KeyboardInterrupt:
        return
    if not count:
        click.echo("no alerts", err=True)


def _decoded(value: bytes) -> tuple[bytes, AlertEvent]:
    return value, decode_alert(value)


def _refuse(_: bytes, why: str) -> None:
    click.secho(f"not an alert of magwatch: {printable(why)}", fg="magenta", err=True)


def _forward(settings: Settings, options: AlertsOptions, url: str) -> None:
    from monitor.http.probes import health_server  # noqa: PLC0415
    from monitor.webhook.forwarder import DeliveryPlan  # noqa: PLC0415 - an HTTP client, only here
    from monitor.webhook.run import forward  # noqa: PLC0415
    from monitor.webhook.target import (  # noqa: PLC0415
        Target,
        checked_authorization,
        checked_url,
    )

    if options["as_json"]:
        raise click.UsageError("--json prints alerts; with --webhook choose --format")
    if not re.match(GROUP_PATTERN, options["group"]):
        raise click.UsageError("--group: letters, digits and . _ - only")
    secret = settings.webhook_authorization
    target = Target(
        checked_url(url),
        checked_authorization(secret.get_secret_value() if secret else None),
        options["timeout_s"],
        options["give_up_s"],
    )
    plan = DeliveryPlan(
        options["group"],
        options["from_beginning"],
        not options["no_follow"],
        options["on_refused"] == "skip",
    )
    require_topics(settings, "alerts")
    configure_logs(settings)
    body = shape(PayloadFormat(options["kind"]), plan.group, options["external_url"])
    with health_server(settings, options["metrics_port"]) as health:
        done = forward(settings, plan, target, body, health)
    click.echo(
        f"{done.delivered:,} delivered, {done.refused:,} refused, {done.repeated:,} known already, "
        f"{done.unreadable:,} unreadable"
    )
