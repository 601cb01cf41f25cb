"""`magwatch status`."""

from __future__ import annotations

import click

from monitor.dashboard.status import show_status
from monitor.settings import load_settings


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--profiles", help="Folder of station profiles; else MAGWATCH_PROFILES.")
@click.option("--watch", is_flag=True, help="Go on showing it, anew every second.")
def status(broker: str | None, profiles: str | None, watch: bool) -> None:
    """Show all stations of the last hour in the terminal; Ctrl-C ends --watch.

    Of each the state, the newest sample, its age and how long it took to the broker, score and
    threshold of the newest window, the open alert, and how many false alerts came of those
    promised. It reads the topics outside any group and writes to none.

    \b
    Example:
      magwatch status --profiles profiles
      magwatch status --watch
    """
    show_status(load_settings(broker=broker, profiles=profiles), watch=watch)
