"""Options of the commands that read archives: what tables do not say themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import click

from archive.tables import Stated
from geofield.series.orientation import ORIENTATIONS


def archive_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --units and --orientation to a command, which gets them as the argument `stated`."""

    @click.option(
        "--units",
        multiple=True,
        metavar="ELEMENT=UNIT",
        help="Unit of an element of a Parquet or CSV file that does not state it, such as "
        "D=arcmin or D=deg; may be repeated.",
    )
    @click.option(
        "--orientation",
        type=click.Choice(tuple(ORIENTATIONS), case_sensitive=False),
        help="Elements to read of a Parquet or CSV file that has more.",
    )
    @wraps(command)
    def with_stated(
        *arguments: Any, units: tuple[str, ...], orientation: str | None, **options: Any
    ) -> None:
        command(*arguments, stated=_stated(units, orientation), **options)

    return with_stated


def _stated(units: Iterable[str], orientation: str | None) -> Stated:
    """What the options say.

    Raises
    ------
    click.BadParameter
        If an element or a unit is not known.
    """
    by_element = {}
    for text in units:
        element, equals, unit = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not like D=arcmin", param_hint="--units")
        by_element[element.strip().upper()] = unit.strip()
    try:
        return Stated(by_element, orientation)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--units") from None
