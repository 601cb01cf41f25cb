"""`magwatch scoreboard`: alarms against earthquakes, by rules that were registered before."""

from __future__ import annotations

from pathlib import Path

import click
from kafka.errors import KafkaError
from rich.table import Table

from archive.model import load_model
from archive.outputs import check_output_folder, output_folder, write_together
from geofield.utc import HOUR_MS, time_ms, utc
from monitor.assembly import model_paths, window_spec
from monitor.kafka.sending import producing
from monitor.kafka.topics import unreachable
from monitor.records.registrations import RegistrationRecord, encode_registration, registration
from monitor.records.scoreboards import FiguresRow, ScoreboardDocument, encode_scoreboard
from monitor.records.scores_and_alerts import model_fields
from monitor.scoreboard.book import ScoreBook, load_book, read_book, save_book
from monitor.scoreboard.page import page
from monitor.scoreboard.polarization import hourly_ratios
from monitor.scoreboard.protocols import read_protocol
from monitor.scoreboard.registering import TOPIC, Registered, check_new, chosen, registered
from monitor.scoreboard.table import scoreboard as made_scoreboard
from monitor.settings import Settings, load_settings
from support.clock import now_ms
from support.table import print_table

SEND_S = 30.0
broker_option = click.option(
    "--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER."
)


@click.group(invoke_without_command=True)
@click.pass_context
@broker_option
@click.option("--registration", "wanted", help="Name or begin of the hash, if there are several.")
@click.option("--at", metavar="TIME", help="The scoreboard of a past time, UTC.  [default: now]")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Archive file, or folder of them, for the polarization ratio; may be given again.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the page and the same as JSON.",
)
@click.option(
    "--save", type=click.Path(path_type=Path), help="Save all that the table is made from here."
)
@click.option(
    "--from",
    "saved",
    type=click.Path(path_type=Path),
    help="Make the table from such a file, without a broker.",
)
def scoreboard(
    ctx: click.Context,
    broker: str | None,
    wanted: str | None,
    at: str | None,
    data: tuple[Path, ...],
    output: Path | None,
    save: Path | None,
    saved: Path | None,
) -> None:
    """Count published alarms against earthquakes, by a protocol that was registered before.

    What counts is when the broker took an alarm, and what was known of an earthquake when it was
    settled. The same topics give the same bytes for the same --at. docs/scoreboard.md says what is
    counted how, and why. It predicts nothing.

    \b
    Example:
      magwatch scoreboard register scoreboard.toml
      magwatch scoreboard -o scoreboard/
      magwatch scoreboard --at 2027-06-01 --save book.jsonl.gz
      magwatch scoreboard --from book.jsonl.gz --at 2027-06-01
    """
    if ctx.invoked_subcommand is not None:
        return
    at_ms = _at_ms(at)
    if output is not None:
        check_output_folder(output)
    book = load_book(saved) if saved else _book(broker, wanted)
    if data:
        record = book.registered.record
        models = [load_model(path) for path in model_paths(load_settings())]
        own = [model for model in models if model.manifest.sha256 == record.model.sha256]
        book.ratios = hourly_ratios(record, (own or models)[0], data)
    if save is not None:
        save_book(book, save)
    made = made_scoreboard(book, at_ms)
    _show(made)
    if output is not None:
        _write(made, output)


@scoreboard.command("register")
@click.argument("file", type=click.Path(path_type=Path))
@broker_option
@click.option("--model", type=click.Path(path_type=Path), help="The model; else MAGWATCH_MODEL.")
def register_command(file: Path, broker: str | None, model: Path | None) -> None:
    """Register the protocol of FILE: from then on it is fixed.

    Its canonical form, the model's hash and the interval of windows go into the topic under their
    common hash. A change is a new registration; the old one goes on.
    """
    settings = load_settings(broker=broker, model=model)
    protocol = read_protocol(file)
    path, *others = model_paths(settings)
    if others:
        raise click.UsageError("MAGWATCH_MODEL lists several models: name one with --model")
    loaded = load_model(path)
    hop_s = window_spec(settings, loaded.manifest).hop_ms / 1000
    record = registration(protocol, model_fields(loaded.ref), hop_s)
    check_new(settings, record, now_ms())
    _publish(settings, record)
    own = chosen(registered(settings), record.sha256)
    click.echo(_line(own))
    if not own.by_broker and not protocol.rehearsal:
        click.echo(
            f"warning: {settings.topic(TOPIC)} keeps the senders' times "
            "(message.timestamp.type): no table will be made of it",
            err=True,
        )


@scoreboard.command("list")
@broker_option
def list_command(broker: str | None) -> None:
    """List what is registered."""
    found = registered(load_settings(broker=broker))
    for own in found:
        click.echo(_line(own))
    if not found:
        click.echo("no protocol is registered")


def _publish(settings: Settings, record: RegistrationRecord) -> None:
    key, value = encode_registration(record)
    with producing(settings) as producer:
        try:
            producer.send(settings.topic(TOPIC), value, key).get(SEND_S)
        except KafkaError as error:
            raise unreachable(settings, error) from None


def _line(own: Registered) -> str:
    record, whose = own.record, "broker" if own.by_broker else "sender"
    rehearsal = ", a rehearsal" if record.protocol.rehearsal else ""
    return (
        f"{record.protocol.name} {record.sha256}: published {utc(own.published_ms)} ({whose}'s "
        f"clock), starts {record.protocol.start}, {record.model.name} {record.model.version}"
        f"{rehearsal}"
    )


def _book(broker: str | None, wanted: str | None) -> ScoreBook:
    settings = load_settings(broker=broker)
    return read_book(settings, chosen(registered(settings), wanted))


def _at_ms(text: str | None) -> int:
    """The time asked for; now in whole hours, so that two calls of one hour agree."""
    if text is None:
        return now_ms() // HOUR_MS * HOUR_MS
    try:
        return time_ms(text)
    except ValueError:
        raise click.UsageError(f"--at: {text!r} is not like 2027-06-01T12:00:00Z") from None


def _show(made: ScoreboardDocument) -> None:
    table = Table(
        "", "events", "hits", "time under alarm", "by chance", "p", "alarms", "false", "open",
        "days with data",
    )  # fmt: skip
    for name, row in (("all", made.together), *made.stations.items()):
        table.add_row(name, *_cells(row))
    print_table(table)
    for control in made.controls:
        hits = (
            f"not run ({control.why_not})" if control.hits is None else f"{control.hits:.3g} hits"
        )
        click.echo(f"{control.name}: {hits}")
    for one in made.refused:
        click.echo(
            f"refused: alarm {one.alert_id} of {one.station} claims {one.event_time} and was "
            f"published {one.published}, after {one.earthquake} at {one.origin}"
        )
    for note in made.notes:
        click.echo(note)
    click.echo(
        f"{made.scored_from} to {made.scored_until}, catalogue {made.catalogue.sha256[:12]} with "
        f"{made.catalogue.revisions:,} revisions"
    )
    click.echo(made.verdict.words)
    click.echo(made.says)


def _cells(row: FiguresRow) -> list[str]:
    share = "-" if row.alarm_share is None else f"{row.alarm_share:.1%}"
    return [
        str(row.events), str(row.hits), share, f"{row.chance_low}-{row.chance_high}",
        f"{row.p_binomial:.3g}", str(row.alarms), str(row.false), str(row.open),
        f"{row.days_with_data:,.1f} of {row.days:,.1f}",
    ]  # fmt: skip


def _write(made: ScoreboardDocument, output: Path) -> None:
    folder, name = output_folder(output), f"scoreboard-{made.protocol.name}"
    paths = folder / f"{name}.html", folder / f"{name}.json"
    write_together({paths[0]: page(made).encode(), paths[1]: encode_scoreboard(made)})
    click.echo(f"wrote {paths[0]}, {paths[1]}")
