"""Options of the commands that read archives: what tables do not say themselves, and Kp."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from archive.history import with_selected_days
from archive.kp_file import KpFile, read_kp_file
from archive.tables import Stated
from geofield.series.orientation import ORIENTATIONS
from support.options import MOMENT, between, kp_file_option


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


def history_days(command: Callable[..., None]) -> Callable[..., None]:
    """Add --from and --to to a command of `files` and `station`, which then gets day files."""

    @click.option("--from", "begin", type=MOMENT, help="First day to read of a history, UTC.")
    @click.option("--to", "end", type=MOMENT, help="First day not to read of it, UTC.")
    @wraps(command)
    def with_days(
        *arguments: Any,
        files: tuple[Path, ...],
        begin: datetime | None,
        end: datetime | None,
        **options: Any,
    ) -> None:
        read = with_selected_days(files, options["station"], between(begin, end))
        command(*arguments, files=tuple(read), **options)

    return with_days


@dataclass(frozen=True, slots=True)
class KpOptions:
    """Whether Kp is wanted, and the file with that of the days that the installed table lacks."""

    wanted: bool
    file: KpFile | None


def kp_options(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add --kp/--no-kp, whose help is `text`, and --kp-file; the command gets `kp`."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @click.option("--kp/--no-kp", default=True, show_default=True, help=text)
        @kp_file_option
        @wraps(command)
        def with_kp(*arguments: Any, kp: bool, kp_file: Path | None, **options: Any) -> None:
            file = read_kp_file(kp_file) if kp_file else None
            command(*arguments, kp=KpOptions(kp, file), **options)

        return with_kp

    return decorated


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
