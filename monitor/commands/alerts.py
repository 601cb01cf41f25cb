"""`magwatch alerts`: the alert topic as people read it."""

from __future__ import annotations

import click
import msgspec

from monitor.records import AlertEvent
from monitor.settings import load_settings
from monitor.tail import tail

COLOURS = {"opened": "red", "updated": "yellow", "resolved": "green", "cancelled": "cyan"}


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--json", "as_json", is_flag=True, help="One CloudEvent a line, as published.")
@click.option("--from-beginning", is_flag=True, help="Show what the topic holds first.")
@click.option("--no-follow", is_flag=True, help="Stop at the present end of the topic.")
def alerts(broker: str | None, as_json: bool, from_beginning: bool, no_follow: bool) -> None:
    """Show alerts as they open, change and resolve; Ctrl-C ends it.

    \b
    Example:
      magwatch alerts --from-beginning
      magwatch alerts --json | jq .data.station
    """
    settings = load_settings(broker=broker)
    values = tail(settings, "alerts", from_beginning=from_beginning, follow=not no_follow)
    try:
        for batch in values:
            for value in batch:
                click.echo(value.decode() if as_json else _readable(value))
    except KeyboardInterrupt:
        return


def _readable(value: bytes) -> str:
    try:
        event = msgspec.json.decode(value, type=AlertEvent)
    except msgspec.MsgspecError as error:
        return click.style(f"not an alert of magwatch: {error}", fg="magenta")
    data = event.data
    change = event.type.rpartition(".")[2]
    known = "Kp not known" if data.kp_highest is None else f"Kp up to {data.kp_highest:.1f}"
    if data.remote is not None and data.remote.stations:
        known += f"; {data.remote.witnesses} of {data.remote.compared} distant stations share it"
    if data.troubled_windows:
        shown = f"{data.troubled_windows} of {data.exceeding_windows} windows"
        known += f"; {', '.join(data.faults)} in {shown}"
    head = click.style(f"{change.upper():9}", fg=COLOURS.get(change), bold=True)
    return (
        f"{head} {data.station}  {data.start} … {data.end}  "
        f"{data.severity}, {data.classification}\n"
        f"          score {data.score:.2f} over {data.threshold:.2f}, as high once in "
        f"{data.return_period_days:,.1f} quiet days; {known}; {data.completeness:.0%} of samples\n"
        f"          {data.alert_id} version {data.version}, model {data.model.name} "
        f"{data.model.version}: {data.skill}"
    )
