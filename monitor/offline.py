"""`magwatch score`: archive files to scores and alerts without Kafka, by the worker's own step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click

from archive.kp import kp_intervals
from archive.memory import settle_down
from archive.observatory import check_cadence
from archive.recording import Recorded
from archive.reel import open_stations
from geofield.alert import Alert
from geofield.indices import EVENTUALLY_MS, KpHistory
from geofield.network import Seen, mark
from geofield.score import WindowScore
from geofield.step import Outcome, Rules, StationState, step
from monitor.aside import ahead, aside
from monitor.assembly import Assembly, assemble
from monitor.progress import progress_bar
from monitor.records import encode_alert, model_fields, score_record, utc
from monitor.replay import interleaved
from monitor.settings import load_settings
from monitor.settling import settle_stations
from monitor.tables import Format, write_scores

RECORD_S = 4 * 86_400  # nothing but the time it takes depends on it


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--station", help="Score as this IAGA code; else the code in each file.")
@click.option("--profiles", type=click.Path(path_type=Path), help="Folder of station profiles.")
@click.option("--model", type=click.Path(path_type=Path), help="ONNX file; else the shipped one.")
@click.option(
    "--kp/--no-kp", default=True, show_default=True, help="Classify alerts by the Kp of these days."
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    default="scores.jsonl",
    show_default=True,
    help="Scores; .jsonl (as on the topic), .csv or .parquet.",
)
@click.option(
    "--alerts",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Alert versions as JSON lines, as on the topic.",
)
def score(
    files: tuple[Path, ...],
    station: str | None,
    profiles: Path | None,
    model: Path | None,
    kp: bool,
    output: Path,
    alerts: Path | None,
) -> None:
    """Score archive files (IAGA-2002, ImagCDF, Parquet) and write a record for each window.

    The scores are those that a worker would publish for the same samples, byte for byte, and so are
    the alerts in the end. Stations of which the profiles know the position are compared.

    \b
    Example:
      magwatch calibrate wic20240509.sec --profiles profiles
      magwatch score wic20240510.sec --profiles profiles -o scores.csv --alerts alerts.jsonl
    """
    kind = Format.of(output)
    assembly = assemble(load_settings(profiles=profiles, model=model))
    recordings = open_stations(files, station)
    check_cadence(recordings, assembly.model.manifest)
    warn_uncalibrated(recordings, assembly.rules)
    history = kp_history(recordings) if kp else KpHistory()
    tally = Tally()
    settle_down()
    with progress_bar("samples") as bar:
        task = bar.add_task("score", total=sum(map(len, recordings)))
        outcomes = score_recordings(recordings, assembly, history, lambda n: bar.advance(task, n))
        scores = (one for outcome in map(tally.note, outcomes) for one in outcome.scores)
        about = model_fields(assembly.rules.model)
        write_scores((score_record(one, about) for one in scores), output, kind)
    for promise in tally.promises:
        click.echo(promise, err=True)
    if alerts:
        alerts.write_bytes(b"".join(encode_alert(version) + b"\n" for version in tally.versions))
    opened = sum(version.version == 1 for version in tally.versions)
    stated = ", ".join(f"{count:,} {quality}" for quality, count in sorted(tally.found.items()))
    click.echo(f"{tally.found.total():,} windows ({stated or 'none'}), {opened} alerts: {output}")


@dataclass(slots=True)
class Tally:
    """What a run came to, without its scores, which are written as they come."""

    promises: list[str] = field(default_factory=list)
    versions: list[Alert] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)

    def note(self, outcome: Outcome) -> Outcome:
        """Note an outcome on its way to the file."""
        self.promises += [
            f"{fit.station}: from {utc(fit.at_ms)} on {fit.profile.promise}"
            for fit in outcome.fits
            if fit.profile is not None
        ]
        self.versions += outcome.alerts
        self.found.update(one.quality.value for one in outcome.scores)
        return outcome


def score_recordings(
    recordings: Iterable[Recorded],
    assembly: Assembly,
    history: KpHistory,
    advance: Callable[[int], object] = lambda _: None,
    record_s: int = RECORD_S,
) -> Iterator[Outcome]:
    """Step through recordings, in the order of time, as a worker would.

    The last outcome has what Kp and the other stations make of the alerts, once all is known.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="step") as executor:
        yield from ahead(_stepped(recordings, assembly, history, advance, record_s), executor)


def _stepped(
    recordings: Iterable[Recorded],
    assembly: Assembly,
    history: KpHistory,
    advance: Callable[[int], object],
    record_s: int,
) -> Iterator[Outcome]:
    states: dict[str, StationState] = {}
    rules, network = assembly.rules, assembly.network
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="windows") as executor:
        start, reconstruct = aside(executor), assembly.model.reconstruct
        for record in interleaved(recordings, record_s):
            samples = record.samples(assembly.accepts.declination_deg.get(record.station, 0.0))
            states, outcome = step(states, [samples], reconstruct, rules, history, start)
            advance(len(record))
            network = network.with_windows(map(_seen, outcome.scores))
            yield outcome
    settled = settle_stations(states, history, network, rules.alert, now_ms=EVENTUALLY_MS)
    yield Outcome([], [], settled.alerts)


def _seen(window: WindowScore) -> Seen:
    score = window.score
    rmse, threshold = (score.rmse, score.threshold) if score else (None, None)
    return Seen(window.station, window.end_ms, mark(rmse, threshold, trouble=bool(window.trouble)))


def kp_history(recordings: Iterable[Recorded]) -> KpHistory:
    """Observed Kp over the recordings, each value known from the end of its interval."""
    return KpHistory(
        tuple(
            kp
            for recording in recordings
            for kp in kp_intervals(recording.start_ms, recording.end_ms)
        )
    )


def warn_uncalibrated(recordings: Iterable[Recorded], rules: Rules) -> None:
    """Say which stations will get no score."""
    for recording in recordings:
        if recording.station not in rules.profiles:
            until = " until quiet days have calibrated it on the way" if rules.online else ""
            click.echo(
                f"{recording.station} has no profile, so its windows are `calibrating` and have "
                f"no score{until}: run `magwatch calibrate` and give --profiles",
                err=True,
            )
