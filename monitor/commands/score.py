"""`magwatch score`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import click

from archive.decimation import at_cadence
from archive.lazy_recording import open_stations
from archive.observatory import check_cadence
from archive.outputs import check_output, write_file
from archive.recording import Recorded
from archive.tables import Stated
from geofield.alerts.alert import Alert
from geofield.calibration.versions import moment, since_ms
from geofield.indices import EVENTUALLY_MS, IndexHistory, IndicesKnown
from geofield.scoring.score import WindowScore
from geofield.step import Outcome, Rules
from geofield.utc import utc
from monitor.assembly import Assembly, assemble_all
from monitor.commands.archive_options import KpOptions, archive_options, history_days, kp_options
from monitor.offline.score import kp_history, score_recordings, warn_of_missing_kp
from monitor.offline.score_files import ScoreFormat, write_scores
from monitor.records.sample_decoder import Accepts
from monitor.records.scores_and_alerts import (
    ModelFields,
    ScoreRecord,
    encode_alert,
    model_fields,
    score_record,
)
from monitor.settings import load_settings
from support.memory import settle_down
from support.options import model_option
from support.progress import progress_bar


@click.command()
@archive_options
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--station", help="Score as this IAGA code; else the code in each file.")
@history_days
@click.option("--profiles", type=click.Path(path_type=Path), help="Folder of station profiles.")
@model_option
@kp_options("Classify alerts by the Kp of these days.")
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
    stated: Stated,
    profiles: Path | None,
    model: Path | None,
    kp: KpOptions,
    output: Path,
    alerts: Path | None,
) -> None:
    """Score archive files (IAGA-2002, ImagCDF, Parquet, CSV) and write a record for each window.

    Scores and final alerts equal those that a worker would publish for the same samples, byte for
    byte. Stations with a position in their profiles are compared. CSV and Parquet have Kp as known
    today; .jsonl has Kp as known then, as published.

    \b
    Example:
      magwatch calibrate wic20240509.sec --profiles profiles
      magwatch score wic20240510.sec --profiles profiles -o scores.csv --alerts alerts.jsonl
      magwatch score history/ --station WIC --from 2026-01-04 --to 2026-01-05
    """
    kind = ScoreFormat.of(output)
    _check_outputs(files, output, alerts)
    assemblies = assemble_all(load_settings(profiles=profiles), model)
    of_models = recordings_of_models(open_stations(files, station, stated), assemblies)
    recordings = list({id(one): one for one in chain.from_iterable(of_models)}.values())
    for assembly, its_own in zip(assemblies, of_models, strict=True):
        warn_uncalibrated(its_own, assembly.rules)
    history = kp_history(recordings, kp.file) if kp.wanted else IndexHistory()
    if kp.wanted:
        warn_of_missing_kp(recordings, kp.file)
    tally = ScoreCounts()
    settle_down()
    with progress_bar("samples") as bar:
        task = bar.add_task("score", total=sum(map(len, chain.from_iterable(of_models))))
        scored = (
            (tally.note(outcome), model_fields(assembly.rules.model))
            for assembly, its_own in zip(assemblies, of_models, strict=True)
            if its_own
            for outcome in score_recordings(
                its_own, assembly, history, lambda n: bar.advance(task, n)
            )
        )
        final = None if kind is ScoreFormat.JSONL else history
        write_scores(_records(scored, final), output, kind)
    for promise in tally.promises:
        click.echo(promise, err=True)
    if alerts:
        write_file(alerts, b"".join(encode_alert(version) + b"\n" for version in tally.versions))
    opened = sum(version.version == 1 for version in tally.versions)
    counts = ", ".join(f"{count:,} {quality}" for quality, count in sorted(tally.found.items()))
    click.echo(f"{tally.found.total():,} windows ({counts or 'none'}), {opened} alerts: {output}")


def recordings_of_models(
    recordings: Sequence[Recorded], assemblies: Sequence[Assembly]
) -> list[list[Recorded]]:
    """The recordings of each model: of its cadence, filtered to it, or derived as a worker does.

    A recording is filtered to the first model that can take it if none has its cadence.
    """
    taken_ms = {cadence_ms for one in assemblies for cadence_ms in one.accepts.cadences_ms}
    matched = at_cadence(recordings, *sorted(taken_ms))
    check_cadence(
        [one for one in matched if one.cadence_ms not in taken_ms],
        *(assembly.model.manifest for assembly in assemblies),
    )
    return [_of_model(matched, assembly.accepts) for assembly in assemblies]


def _of_model(recordings: Sequence[Recorded], accepts: Accepts) -> list[Recorded]:
    own = [one for one in recordings if one.cadence_ms == accepts.cadence_ms]
    without = [one for one in recordings if one.cadence_ms in accepts.derives_ms]
    sending = {one.station for one in own}  # these need no derivation
    return own + [one for one in without if one.station not in sending]


def _records(
    outcomes: Iterable[tuple[Outcome, ModelFields]], final: IndexHistory | None
) -> Iterator[ScoreRecord]:
    """Records of scores: the worker's, or with the indices as known in the end (`final`)."""
    for outcome, about in outcomes:
        for window in outcome.scores:
            known = None if final is None else _final(window, final)
            yield score_record(window, about, known)


def _final(score: WindowScore, history: IndexHistory) -> IndicesKnown:
    return history.between(score.start_ms, score.end_ms, EVENTUALLY_MS)


def _check_outputs(files: Iterable[Path], output: Path, alerts: Path | None) -> None:
    """Refuse outputs that cannot be written or would overwrite an input, before the work."""
    read = set(map(os.path.realpath, files))
    written = [output, alerts] if alerts else [output]
    for path in written:
        check_output(path)
        if os.path.realpath(path) in read:
            raise click.UsageError(f"{path} is among the files that are read: write to another")
    if len(set(map(os.path.realpath, written))) < len(written):
        raise click.UsageError(f"{output} cannot hold both scores and alerts: give two names")


@dataclass(slots=True)
class ScoreCounts:
    """Summary of a run; its scores are written to the file as they come."""

    promises: list[str] = field(default_factory=list)  # lines on profiles fitted online
    versions: list[Alert] = field(default_factory=list)  # of alerts
    found: Counter[str] = field(default_factory=Counter)  # windows by quality

    def note(self, outcome: Outcome) -> Outcome:
        """Count an outcome, and return it."""
        self.promises += [
            f"{fit.station}: from {utc(fit.at_ms)} on {fit.profile.promise}"
            for fit in outcome.fits
            if fit.profile is not None
        ]
        self.versions += outcome.alerts
        self.found.update(window.quality.value for window in outcome.scores)
        return outcome


def warn_uncalibrated(recordings: Iterable[Recorded], rules: Rules) -> None:
    """Warn of stations that will have no scores, or none for some time."""
    for recording in recordings:
        until = " until quiet days have calibrated it on the way" if rules.online else ""
        uncalibrated = f"its windows are `calibrating` and have no score{until}"
        first, *_ = rules.profiles.get(recording.station, (None,))
        if first is None:
            click.echo(
                f"{recording.station} has no profile, so {uncalibrated}: run `magwatch calibrate` "
                "and give --profiles",
                err=True,
            )
        elif since_ms(first) > recording.start_ms:
            click.echo(
                f"{recording.station} has a profile for windows that end after {moment(first)}; "
                f"before, {uncalibrated}",
                err=True,
            )
