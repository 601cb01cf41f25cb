"""`magwatch alerts`: the alert topic as people read it, or forwarded to a HTTP receiver."""

from __future__ import annotations

import re
from typing import TypedDict, Unpack

import click
import msgspec

from monitor.delivery.payloads import Format, shape
from monitor.errors import Refused
from monitor.logs import configure_logs
from monitor.records import AlertEvent
from monitor.settings import GROUP_PATTERN, Settings, load_settings
from monitor.tail import tail
from monitor.topics import missing_topics

COLOURS = {"opened": "red", "updated": "yellow", "resolved": "green", "cancelled": "cyan"}


class Options(TypedDict):
    """Options of the command, as click hands them over."""

    broker: str | None
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


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--json", "as_json", is_flag=True, help="One CloudEvent a line, as published.")
@click.option("--from-beginning", is_flag=True, help="Begin with what the topic holds.")
@click.option("--no-follow", is_flag=True, help="Stop at the present end of the topic.")
@click.option("--webhook", metavar="URL", help="Post alerts to this receiver, at least once.")
@click.option(
    "--format",
    "kind",
    type=click.Choice([kind.value for kind in Format]),
    default=Format.ALERTMANAGER.value,
    show_default=True,
    help="Alertmanager's webhook body (version 4), or the CloudEvent as published.",
)
@click.option(
    "--group",
    default="magwatch-webhook",
    show_default=True,
    help="Keeps how far was delivered; one for each receiver, and one forwarder for each.",
)
@click.option(
    "--on-refused",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="After an answer that a repetition cannot mend (4xx): stop, or log, count and go on.",
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
def alerts(**options: Unpack[Options]) -> None:
    """Show alerts as they open, change and resolve, or post them to a receiver; Ctrl-C ends it.

    With --webhook every version of an alert is posted in order and repeated until the receiver
    answers 2xx; then the group's offset is committed, and the next one follows. Header
    Authorization: MAGWATCH_WEBHOOK_AUTHORIZATION.

    \b
    Example:
      magwatch alerts --from-beginning
      magwatch alerts --json | jq .data.station
      MAGWATCH_WEBHOOK_AUTHORIZATION="Bearer …" magwatch alerts --webhook https://example.org/hook
    """
    settings = load_settings(broker=options["broker"])
    if options["webhook"] is None:
        _show(settings, options)
    else:
        _forward(settings, options, options["webhook"])


def _show(settings: Settings, options: Options) -> None:
    follow = not options["no_follow"]
    values = tail(settings, "alerts", from_beginning=options["from_beginning"], follow=follow)
    try:
        for batch in values:
            for value in batch:
                click.echo(value.decode() if options["as_json"] else _readable(value))
    except KeyboardInterrupt:
        return


def _forward(settings: Settings, options: Options, url: str) -> None:
    from monitor.delivery.forwarder import Plan  # noqa: PLC0415 - a HTTP client, for this only
    from monitor.delivery.receiver import Target, checked_url  # noqa: PLC0415
    from monitor.delivery.run import forward  # noqa: PLC0415

    if options["as_json"]:
        raise click.UsageError("--json prints alerts; with --webhook choose --format")
    if not re.match(GROUP_PATTERN, options["group"]):
        raise click.UsageError("--group: letters, digits and . _ - only")
    secret = settings.webhook_authorization
    target = Target(
        checked_url(url),
        secret.get_secret_value() if secret else None,
        options["timeout_s"],
        options["give_up_s"],
    )
    plan = Plan(
        options["group"],
        options["from_beginning"],
        not options["no_follow"],
        options["on_refused"] == "skip",
    )
    if (topic := settings.topic("alerts")) in missing_topics(settings):
        raise Refused(f"no topic {topic}: create it (`magwatch topics`)")
    configure_logs(settings.log_format, settings.log_level)
    body = shape(Format(options["kind"]), plan.group, options["external_url"])
    done = forward(settings, plan, target, body)
    click.echo(
        f"{done.delivered:,} delivered, {done.refused:,} refused, {done.repeated:,} known already, "
        f"{done.unreadable:,} unreadable"
    )


def _readable(value: bytes) -> str:
    try:
        event = msgspec.json.decode(value, type=AlertEvent)
    except msgspec.MsgspecError as error:
        return click.style(f"not an alert of magwatch: {error}", fg="magenta")
    data = event.data
    change = event.type.rpartition(".")[2]
    kp = "Kp not known" if data.kp_highest is None else f"Kp up to {data.kp_highest:.1f}"
    head = click.style(f"{change.upper():9}", fg=COLOURS.get(change), bold=True)
    return (
        f"{head} {data.station}  {data.start} … {data.end}  "
        f"{data.severity}, {data.classification}\n"
        f"          score {data.score:.2f} over {data.threshold:.2f}, as high once in "
        f"{data.return_period_days:,.1f} quiet days; {kp}; {data.completeness:.0%} of samples\n"
        f"          {data.alert_id} version {data.version}, model {data.model.name} "
        f"{data.model.version}: {data.skill}"
    )
