"""`magwatch promote`: put a model in charge that has run in shadow."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import click
import msgspec
from kafka.errors import KafkaError
from rich.table import Table

from archive.model import load_model
from archive.shipped import find_model
from geofield.alerts.alert import ModelRef
from geofield.utc import DAY_MS, MINUTE_MS, moment_ms, time_ms, utc
from monitor.assembly import alert_rules
from monitor.errors import Refused
from monitor.kafka.guard import printable, usable
from monitor.kafka.sending import producing
from monitor.kafka.tail import tail
from monitor.kafka.topics import SCORE_TOPICS, missing_topics, unreachable
from monitor.promotion.parity import Measured, ParityFinding, Published, compare
from monitor.records.handovers import HandoverRecord, decode_handover, encode_handover
from monitor.records.scores_and_alerts import ModelFields
from monitor.settings import Settings, load_settings
from support.clock import now_ms
from support.progress import progress_bar
from support.table import print_table

MARGIN_MS = 10 * MINUTE_MS  # workers read a handover within seconds
SEND_S = 30.0


class _ComparedScore(msgspec.Struct, frozen=True):
    """The fields of a score record that are compared."""

    station: str
    window_start: datetime
    window_end: datetime
    model: ModelFields
    rmse: float | None
    threshold: float | None


_decoder = msgspec.json.Decoder(_ComparedScore)
_Models = dict[str, Published]  # by sha256
_Leading = dict[int, tuple[int, str]]
"""By length of windows in ms: end of the newest window in charge, and the sha256 of its model."""


class PromoteOptions(TypedDict):
    """Options of the command, as click passes them."""

    model: Path | None
    broker: str | None
    line: str | None
    begin: str | None
    min_windows: int | None
    days: float
    force: bool
    yes: bool
    listing: bool


@click.command()
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--line", help="Line of its workers, empty for the first; else MAGWATCH_LINE.")
@click.option(
    "--from",
    "begin",
    metavar="TIME",
    help="First event time of the new model, UTC.  [default: 10 minutes after the newest window]",
)
@click.option(
    "--min-windows",
    type=click.IntRange(1),
    help="Windows of each station that both must have scored.  [default: a day of them]",
)
@click.option(
    "--days",
    type=click.FloatRange(0, 400, min_open=True),
    default=2.0,
    show_default=True,
    help="Compare what was published in so many days.",
)
@click.option("--force", is_flag=True, help="Promote although the comparison fails.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--list", "listing", is_flag=True, help="Show handovers, and who is in charge.")
def promote(**options: Unpack[PromoteOptions]) -> None:
    """Put MODEL (.onnx) in charge: from a given time on, its scores and alerts count.

    Its workers must already run in shadow, as a line of their own (MAGWATCH_LINE). Refused: a file
    that does not match its manifest, a model that no worker runs, and a model that did not score
    the windows of the model in charge. Only the last can be forced. Exit code 0: promoted; 1:
    refused.

    \b
    Example:
      MAGWATCH_LINE=next MAGWATCH_MODEL=new.onnx MAGWATCH_PROFILES=profiles-new magwatch worker &
      magwatch promote new.onnx --line next
      magwatch promote --list
    """
    settings, model = (
        load_settings(broker=options["broker"], line=options["line"]),
        options["model"],
    )
    if options["listing"] == (model is not None):
        raise click.UsageError("give either a MODEL or --list")
    if model is None:
        _list(settings, *_published(settings, options["days"]))
        return
    loaded = load_model(find_model(model))
    if (topic := settings.topic("state")) in missing_topics(settings):
        raise Refused(f"no line {settings.line!r}: its workers would have made {topic}")
    _promote(settings, loaded.ref, loaded.manifest.window.cadence_ms, options)


def _promote(settings: Settings, ref: ModelRef, cadence_ms: int, options: PromoteOptions) -> None:
    began_s = time.monotonic()
    models, leading = _published(settings, options["days"])
    newest_ms = max((published.newest_ms for published in models.values()), default=0)
    since_ms = _since_ms(options["begin"], newest_ms)
    _compare(settings, models, ref, leading, options)
    if not options["yes"]:
        click.confirm(f"Put {ref.name} {ref.version} in charge from {utc(since_ms)}?", abort=True)
    took_s = time.monotonic() - began_s
    if 2000 * took_s > since_ms - newest_ms:
        raise Refused(
            f"not promoted: {took_s:.0f} s have passed, and windows were decided meanwhile: again, "
            "with a later --from or a quicker answer"
        )
    _publish(settings, ref, since_ms, cadence_ms)
    click.echo(f"{ref.name} {ref.version} is in charge of windows that end at {utc(since_ms)} on")


def _published(settings: Settings, days: float) -> tuple[_Models, _Leading]:
    """The scores of every model, and the models in charge at the newest windows."""
    models: _Models = {}
    leading: _Leading = {}
    since_ms = now_ms() - round(days * DAY_MS)
    with progress_bar("scores") as bar:
        for name in SCORE_TOPICS:
            task = bar.add_task(name, total=None)
            for batch in tail(settings, name, from_beginning=True, follow=False, since_ms=since_ms):
                bar.advance(task, len(batch))
                for end_ms, sha256 in usable(batch, partial(_take, models), _refuse):
                    length_ms = models[sha256].length_ms
                    if name == SCORE_TOPICS[0] and end_ms > leading.get(length_ms, (0, ""))[0]:
                        leading[length_ms] = end_ms, sha256
    return models, leading


def _refuse(_: bytes, why: str) -> None:
    click.echo(f"a record was not understood: {printable(why)}", err=True)


def _take(models: _Models, value: bytes) -> tuple[int, str]:
    """Add a score to `models`; return the end of its window and the sha256 of its model."""
    score = _decoder.decode(value)
    end_ms, sha256 = moment_ms(score.window_end), score.model.sha256
    if sha256 not in models:
        models[sha256] = Published(score.model, end_ms - moment_ms(score.window_start))
    measured = None
    if score.rmse is not None and score.threshold is not None:
        measured = Measured(score.rmse, score.threshold)
    models[sha256].stations.setdefault(score.station, {})[end_ms] = measured
    return end_ms, sha256


def _since_ms(begin: str | None, newest_ms: int) -> int:
    """Event time of the handover, later than any decided window, so that all workers know it."""
    if begin is None:
        return -(-(newest_ms + MARGIN_MS) // MINUTE_MS) * MINUTE_MS
    try:
        since_ms = time_ms(begin)
    except ValueError:
        raise click.UsageError(f"--from: {begin!r} is not like 2024-05-10T12:00:00Z") from None
    if since_ms < newest_ms + MINUTE_MS:
        raise Refused(
            f"--from: windows up to {utc(newest_ms)} have been decided; the change must be at "
            "least a minute later, or a replay would differ from what was published"
        )
    return since_ms


def _compare(
    settings: Settings,
    models: _Models,
    ref: ModelRef,
    leading: _Leading,
    options: PromoteOptions,
) -> None:
    if not leading:
        raise Refused(
            f"nothing to compare with: no scores in {settings.topic(SCORE_TOPICS[0])} of so many "
            "days (--days)"
        )
    if ref.sha256 not in models:
        raise Refused(
            f"no worker has published scores of {ref.name} {ref.version}, sha256 "
            f"{ref.sha256[:12]}: start one with MAGWATCH_LINE and MAGWATCH_MODEL, and send samples"
        )
    new = models[ref.sha256]
    _, in_charge = leading.get(new.length_ms, max(leading.values()))
    old = models[in_charge]
    findings = compare(old, new, alert_rules(settings), options["min_windows"])
    print_table(_table(old.model, new.model, findings))
    failed = [finding for finding in findings if finding.complaint]
    if failed and not options["force"]:
        lines = "; ".join(f"{finding.what}: {finding.complaint}" for finding in failed)
        raise Refused(f"not promoted: {lines} (--force promotes all the same)")


def _table(old: ModelFields, new: ModelFields, findings: list[ParityFinding]) -> Table:
    names = [f"{model.name} {model.version}\n{model.sha256[:12]}" for model in (old, new)]
    table = Table("", f"in charge\n{names[0]}", f"new\n{names[1]}", "")
    for finding in findings:
        verdict = "" if finding.complaint is None else finding.complaint or "ok"
        table.add_row(finding.what, finding.leading, finding.new, verdict)
    return table


def _publish(settings: Settings, ref: ModelRef, since_ms: int, cadence_ms: int) -> None:
    key, value = encode_handover(settings.line, ref, since_ms, cadence_ms)
    with producing(settings) as producer:
        try:
            producer.send(settings.topic("control"), value, key).get(SEND_S)
        except KafkaError as error:
            raise unreachable(settings, error) from None


def _list(settings: Settings, models: _Models, leading: _Leading) -> None:
    known: dict[tuple[int, int | None], HandoverRecord] = {}
    for batch in tail(settings, "control", from_beginning=True, follow=False):
        for handover, record in usable(batch, decode_handover, _refuse):
            known[handover.from_ms, handover.cadence_ms] = record
    click.echo("handovers" if known else "no handovers: workers without a line")
    for (from_ms, _), record in sorted(known.items(), key=lambda item: item[0][0]):
        about, line = record.model, record.line or "without a name"
        click.echo(f"  from {utc(from_ms)}  line {line}: {about.name} {about.version}")
    in_charge = _in_charge(leading)
    for sha256, published in models.items():
        state = "in charge" if sha256 in in_charge else "in shadow"
        about = published.model
        click.echo(
            f"{state}, newest window {utc(published.newest_ms)}  {about.name} {about.version}"
        )


def _in_charge(leading: _Leading) -> set[str]:
    """sha256 of the models in charge now: one that stands two windows behind is not any more."""
    newest_ms = max((end_ms for end_ms, _ in leading.values()), default=0)
    return {
        sha256
        for length_ms, (end_ms, sha256) in leading.items()
        if newest_ms - end_ms <= 2 * length_ms
    }
