"""`magwatch settings`."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

import click
from pydantic.fields import FieldInfo
from rich.table import Table

from monitor.settings import PREFIX, Settings, as_variable, load_settings
from support.table import print_table


@click.command()
def settings() -> None:
    """List every setting: its value now, a mark where it is not the default, and what it does.

    Where only some values are accepted, they are listed.

    Settings are environment variables. Secrets are not shown.

    \b
    Example:
      MAGWATCH_ALLOWED_LATENESS_S=120 magwatch settings
    """
    loaded = load_settings()
    shown = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    shown.add_column()
    shown.add_column(no_wrap=True)
    for name, field in Settings.model_fields.items():
        value = getattr(loaded, name)
        mark = " " if value == field.default else "*"
        now = "unset" if value is None else as_variable(value)
        shown.add_row(mark, PREFIX + name.upper(), now, _described(field))
    print_table(shown)


def _described(field: FieldInfo) -> str:
    """What a setting does, and the values that it accepts if they are few."""
    description = field.description or ""
    if get_origin(field.annotation) is not Literal:
        return description
    return f"{description}: {', '.join(get_args(field.annotation))}"
