"""`magwatch replay`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from archive.decimation import at_cadence
from archive.lazy_recording import open_stations
from archive.model import cadence_refused, load_manifest
from archive.recording import Recorded
from archive.tables import Stated
from geofield.scoring.manifest import Manifest
from geofield.series.low_pass import SECOND_MS
from geofield.utc import utc
from monitor.assembly import model_paths
from monitor.commands.archive_options import KpOptions, archive_options, history_days, kp_options
from monitor.kafka.sending import producing
from monitor.logs import configure_logs
from monitor.offline.pacing import interleaved, paced
from monitor.offline.replay import ENCODERS, INTERRUPTED_S, Sent, flush, send, send_kp
from monitor.offline.score import warn_of_missing_kp
from monitor.settings import load_settings
from support.progress import progress_bar


class Speed(click.ParamType):
    """``max``, or how many times faster than life: ``60x``."""

    name = "speed"

    def convert(
        self, value: str | float | None, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Factor of real time; None is as fast as possible."""
        if value is None or isinstance(value, float):
            return value
        if value == "max":
            return None
        try:
            factor = float(value.removesuffix("x"))
        except ValueError:
            factor = 0.0
        if factor <= 0:
            self.fail(f"{value!r} is neither `max` nor a factor like `60x`", param, ctx)
        return factor


def _warn_of_refusals(recordings: Iterable[Recorded], manifests: Sequence[Manifest]) -> None:
    """Warn of recordings of a cadence that a worker with these models would leave aside."""
    for recording in recordings:
        refused = cadence_refused(recording.station, recording.cadence_ms, *manifests)
        click.echo(
            f"warning: {refused}. Workers with the same MAGWATCH_MODEL leave it aside",
            err=True,
        )


def _announced(recordings: Sequence[Recorded], speed: float | None) -> str:
    """Line on what will be sent and for how long, as there may be no progress bar."""
    begin_ms = min(recording.start_ms for recording in recordings)
    end_ms = max(recording.end_ms for recording in recordings)
    pace = "as fast as it goes"
    if speed is not None:
        pace = f"{(end_ms - begin_ms) / 60_000 / speed:,.1f} minutes at {speed:g}x"
    stations = ", ".join(sorted({recording.station for recording in recordings}))
    samples = sum(map(len, recordings))
    return f"sending {samples:,} samples of {stations}, {utc(begin_ms)} to {utc(end_ms)}: {pace}"


@click.command()
@archive_options
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--station", help="Send as this IAGA code; else the code in each file.")
@history_days
@click.option("--speed", type=Speed(), default="60x", show_default=True, help="max, or e.g. 60x.")
@click.option(
    "--record-s",
    type=click.IntRange(1, 86_400),
    default=60,
    show_default=True,
    help="Length of a record in seconds of data.",
)
@click.option(
    "--encoding",
    type=click.Choice(list(ENCODERS)),
    default="json",
    show_default=True,
    help="Encoding of the samples; binary is MessagePack with doubles.",
)
@kp_options("Send the Kp of these days as well.")
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
def replay(
    files: tuple[Path, ...],
    station: str | None,
    stated: Stated,
    speed: float | None,
    record_s: int,
    encoding: str,
    kp: KpOptions,
    broker: str | None,
) -> None:
    """Send archive files (IAGA-2002, ImagCDF, Parquet, CSV) into the samples topic.

    Several stations are interleaved by time. Ctrl-C ends it cleanly; records sent stay sent.

    \b
    Example:
      magwatch replay wic20240509.sec --speed 60x
      magwatch replay *.min --record-s 3600 --speed max
    """
    settings = load_settings(broker=broker)
    manifests = [load_manifest(path.with_suffix(".json")) for path in model_paths(settings)]
    cadences_ms = [manifest.window.cadence_ms for manifest in manifests]
    cadences_ms += [SECOND_MS] if settings.derive_minutes else []
    recordings = at_cadence(open_stations(files, station, stated), *cadences_ms)
    _warn_of_refusals([one for one in recordings if one.cadence_ms not in cadences_ms], manifests)
    records = interleaved(recordings, record_s)
    with producing(settings) as producer:
        configure_logs(settings)
        if kp.wanted:
            send_kp(producer, settings, recordings, kp.file)
            warn_of_missing_kp(recordings, kp.file)
        click.echo(_announced(recordings, speed), err=True)
        with progress_bar("samples") as bar:
            task = bar.add_task("replay", total=sum(map(len, recordings)))
            sent = Sent()
            try:
                due = paced(records, speed)
                send(producer, settings, due, sent, lambda n: bar.advance(task, n), encoding)
                flush(producer, settings, sent)
            except KeyboardInterrupt:
                click.echo("interrupted", err=True)
                flush(producer, settings, sent, INTERRUPTED_S)
    click.echo(f"{sent.samples:,} samples in {sent.records:,} records to {settings.broker}")
