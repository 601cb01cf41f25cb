"""The command ``magwatch evaluate``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TypedDict, Unpack

import click

from archive.history import with_selected_days
from archive.kp_file import read_kp_file
from archive.model import DEFAULT_MODEL
from archive.shipped import find_model
from support.options import MOMENT, between, kp_file_option, leave_out, model_option
from support.spans import Span
from training.commands.bars import Bars
from training.commands.refusals import one_line
from training.pipelines.evaluate import Asked, Evaluated, evaluate_elsewhere


class EvaluateOptions(TypedDict):
    """Options of the command, as click passes them."""

    data: tuple[Path, ...]
    model: Path | None
    catalogue: Path | None
    station: str | None
    begin: datetime | None
    end: datetime | None
    latitude: float | None
    longitude: float | None
    inject: bool
    calibrate_until: datetime | None
    leave_out: tuple[Span, ...]
    kp_file: Path | None
    recipe: Path | None
    stations: Path | None
    card: bool
    output: Path


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    multiple=True,
    help="Archive file, folder of them, or a history; may be given again. Each station is judged "
    "by itself.",
)
@model_option
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    help="Earthquakes: ComCat CSV or GeoJSON, or QuakeML.",
)
@click.option(
    "--stations",
    type=click.Path(path_type=Path),
    help="Recipe or file with tables [[stations]], [[drift]] and [[man_made]]: judge these, on the "
    "files that they name in the folder --data.",
)
@click.option("--station", help="IAGA code; else the code in the files.")
@click.option("--from", "begin", type=MOMENT, help="First day to read of a history, UTC.")
@click.option("--to", "end", type=MOMENT, help="First day not to read of it, UTC.")
@click.option("--latitude", type=click.FloatRange(-90, 90), help="Degrees north; else as filed.")
@click.option("--longitude", type=click.FloatRange(-180, 360), help="Degrees east; else as filed.")
@click.option(
    "--inject", is_flag=True, help="Judge on transients of known truth, added to these data."
)
@click.option(
    "--calibrate-until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Days before this (UTC) fit scale and threshold, the others are judged.  "
    "[default: a third of the days]",
)
@leave_out
@kp_file_option
@click.option(
    "--recipe",
    type=click.Path(path_type=Path),
    help="Rules of labels, verdict and transients; else of the model's own recipe.",
)
@click.option(
    "--card",
    is_flag=True,
    help="Write into the model's own card, report and evaluation, in place of the stations before.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("evaluation"),
    show_default=True,
    help="Folder for the report.",
)
def evaluate(**options: Unpack[EvaluateOptions]) -> None:
    """Judge a model on archives of one station or several, by rules that were fixed before.

    With --catalogue on real earthquakes: the paper's statistic and those that survive, beside what
    the model has to beat. With --inject on synthetic transients. Every window goes through the same
    step as at the worker. With --stations also on false alarms long after a calibration, and on
    man-made pulses. Writes one self-contained HTML page and the same as JSON.

    \b
    Example:
      magwatch evaluate --data kak2015*.sec --catalogue quakes.csv --station KAK
      magwatch evaluate --data hon/ --inject --calibrate-until 2024-03-13
      magwatch evaluate --data archive/ --stations training/recipes/judged/ulf-1hz.toml
      magwatch evaluate --data history/ --station HON --from 2026-01-01 --inject
    """
    _check(options)
    with one_line(), Bars() as bars:
        evaluated = evaluate_elsewhere(_asked(options), options["output"], bars.steps)
    for line in _lines(evaluated):
        click.echo(line)


def _asked(options: EvaluateOptions) -> Asked:
    return Asked(
        data=with_selected_days(
            options["data"], options["station"], between(options["begin"], options["end"])
        ),
        model=find_model(options["model"] or DEFAULT_MODEL),
        recipe=options["recipe"],
        catalogue=options["catalogue"],
        station=options["station"],
        position_deg=_position(options["latitude"], options["longitude"]),
        inject=options["inject"],
        calibrate_until=_day(options["calibrate_until"]),
        left_out=options["leave_out"],
        kp_file=read_kp_file(options["kp_file"]) if options["kp_file"] else None,
        stations=options["stations"],
        card=options["card"],
    )


def _check(options: EvaluateOptions) -> None:
    """Refuse options that contradict each other."""
    if not (options["catalogue"] or options["inject"] or options["stations"]):
        raise click.UsageError("nothing to judge on: give --catalogue, --inject or --stations")
    needless = {
        "--catalogue": options["catalogue"],
        "--station": options["station"],
        "--calibrate-until": options["calibrate_until"],
        "--leave-out": options["leave_out"],
    }
    if options["stations"] and (given := [name for name, value in needless.items() if value]):
        raise click.UsageError(
            f"{given[0]} does not go with --stations, which names files and days"
        )
    if options["card"] and not options["stations"]:
        raise click.UsageError("--card is for what --stations names, so that it can be made again")


def _lines(evaluated: Evaluated) -> list[str]:
    return [
        *evaluated.warnings,
        *([evaluated.headline] if evaluated.headline else []),
        evaluated.evaluation.verdict.words,
        f"wrote {', '.join(map(str, evaluated.paths))}",
    ]


def _position(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    if (latitude is None) != (longitude is None):
        raise click.UsageError("--latitude and --longitude go together")
    if latitude is None or longitude is None:
        return None
    return latitude, (longitude + 180) % 360 - 180


def _day(moment: datetime | None) -> str | None:
    return moment.date().isoformat() if moment else None
