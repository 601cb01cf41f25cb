"""`magwatch report`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from archive.files import FileRefused
from archive.outputs import check_output, write_file
from archive.readings import counted
from monitor.assembly import assemble_all
from monitor.dashboard.past.models import PastModel, PastModels
from monitor.dashboard.station_file import read_stations
from monitor.report.letter import letter
from monitor.report.mail import mail_server, send
from monitor.report.make import report_of
from monitor.report.period import YESTERDAY, Period, day_of, month_of
from monitor.report.sheet import Bulletin, page
from monitor.report.source import chosen, opened
from monitor.settings import MAIL_PATTERN, Settings, load_settings
from support.progress import progress_bar

MOST_TOLD = 3  # files in the last line


class PeriodType(click.ParamType):
    """Option type of a day or a month."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(
        self, value: str | Period, param: click.Parameter | None, ctx: click.Context | None
    ) -> Period:
        """The period; anything else is a usage error."""
        if isinstance(value, Period):
            return value
        try:
            return month_of(value) if self.name == "YYYY-MM" else day_of(value, datetime.now(UTC))
        except (ValueError, OverflowError):
            like = "a month like 2026-01" if self.name == "YYYY-MM" else (
                f"a day like 2026-01-04, or {YESTERDAY}"
            )  # fmt: skip
            self.fail(f"{value!r} is not {like}", param, ctx)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of the command."""

    history: Path
    day: Period | None
    month: Period | None
    stations: tuple[str, ...]
    output: Path | None
    network: str
    profiles: str | None
    places: str | None
    made: str
    mail: tuple[str, ...]

    @property
    def period(self) -> Period:
        """The day or the month; a usage error without one, or with both."""
        given = [one for one in (self.day, self.month) if one]
        if len(given) != 1:
            raise click.UsageError("give either --day or --month")
        return given[0]

    @property
    def path(self) -> Path | None:
        """The file to write, if any."""
        named = Path(f"report-{self.period.name}.html")
        return self.output or (None if self.mail else named)


def _addresses(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    for one in value:
        if not re.fullmatch(MAIL_PATTERN, one):
            raise click.BadParameter(f"{one!r} is no address like user@host", ctx, param)
    return tuple(dict.fromkeys(value))


@click.command()
@click.argument("history", type=click.Path(path_type=Path))
@click.option("--day", type=PeriodType("YYYY-MM-DD"), help="The UTC day, or `yesterday`.")
@click.option("--month", type=PeriodType("YYYY-MM"), help="The month.")
@click.option(
    "--station", "stations", multiple=True, help="IAGA code; may be repeated.  [default: all]"
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write.  [default: such as report-2026-01-04.html; with --mail none]",
)
@click.option(
    "--mail",
    multiple=True,
    callback=_addresses,
    metavar="USER@HOST",
    help="Send it there by MAGWATCH_SMTP_HOST; may be repeated.",
)
@click.option("--network", default="", help="Name of the network, for the title.")
@click.option("--profiles", help="Folder of station profiles; else MAGWATCH_PROFILES.")
@click.option("--stations", "places", help="CSV file code,lat,lon,name; else MAGWATCH_STATIONS.")
@click.option("--made", default="", help="When it is made, to be said in it.  [default: nothing]")
def report(**given: Any) -> None:
    """Write the bulletin of a day or month from the files of `magwatch history`.

    One HTML page without scripts that needs no other file: each station's day at a glance, alerts
    with pictures, gaps, delay, instrument trouble, and whether the promised rate of false alerts
    was kept. The same history gives the same bytes. With --profiles it draws reconstructions.

    --mail sends it with a summary. MAGWATCH_SMTP_HOST and MAGWATCH_SMTP_FROM are needed then; the
    password of MAGWATCH_SMTP_USER is MAGWATCH_SMTP_PASSWORD.

    \b
    Example:
      magwatch report history/ --day 2026-01-04 -o report.html
      magwatch report history/ --month 2026-01 --station WIC --profiles profiles/
      magwatch report history/ --day yesterday --mail observers@example.org
    """
    wanted = Wanted(**given)
    period = wanted.period
    path = wanted.path
    settings = load_settings(profiles=wanted.profiles, stations=wanted.places)
    server = mail_server(settings) if wanted.mail else None
    if path:
        check_output(path)
    made_of = _read(wanted, settings)
    content = page(made_of)
    if path:
        write_file(path, content)
    if server:
        now = datetime.now(UTC)
        send(letter(made_of, content, server.sender, wanted.mail, now), server)
    alerts = sum(one.classes.total() for one in made_of.stations)
    stations = counted(len(made_of.stations), "station")
    where = ", ".join([*([str(path)] if path else []), *wanted.mail])
    click.echo(f"{period.name}: {stations}, {counted(alerts, 'alert')}: {where}")
    if made_of.faults:
        raise FileRefused(_damaged(made_of.faults))


def _read(wanted: Wanted, settings: Settings) -> Bulletin:
    history, period = opened(wanted.history), wanted.period
    codes = chosen(history, wanted.stations, period)
    places = read_stations(settings.stations) if settings.stations else {}
    models = _models(settings)
    with progress_bar("days of stations") as bar:
        task = bar.add_task(period.name, total=len(codes) * len(period.days))
        return report_of(
            history,
            period,
            codes,
            models,
            step=lambda: bar.advance(task),
            places=places,
            network=_encodable(wanted.network),
            made=_encodable(wanted.made),
        )


def _encodable(text: str) -> str:
    """An argument without the bytes that are no UTF-8."""
    return text.encode(errors="replace").decode()


def _models(settings: Settings) -> PastModels:
    found = [PastModel(one.model, one.rules.profiles) for one in assemble_all(settings)]
    return {one.model.ref.sha256: one for one in found}


def _damaged(faults: list[str]) -> str:
    rest = f", and {len(faults) - MOST_TOLD} more" if len(faults) > MOST_TOLD else ""
    told = "; ".join(faults[:MOST_TOLD])
    return f"the report is made, but without what cannot be read: {told}{rest}"
