"""`magwatch settings`."""

from __future__ import annotations

import click

from monitor.settings import PREFIX, Settings, load_settings


@click.command()
def settings() -> None:
    """List every setting: its value now, a mark where it is not the default, and what it does.

    Settings are environment variables. Secrets are not shown.

    \b
    Example:
      MAGWATCH_ALLOWED_LATENESS_S=120 magwatch settings
    """
    loaded = load_settings()
    for name, field in Settings.model_fields.items():
        value = getattr(loaded, name)
        mark = " " if value == field.default else "*"
        shown = "unset" if value is None else str(value)
        click.echo(f"{mark} {PREFIX + name.upper():30} {shown:16} {field.description}")
