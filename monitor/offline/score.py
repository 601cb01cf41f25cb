"""Scores and alerts of recordings without Kafka, by the worker's own step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import click

from archive.kp import kp_intervals, newer_than_kp
from archive.kp_file import KpFile
from archive.observatory import ArchiveRefused
from archive.recording import Recorded, Recording
from geofield.alerts.remote_reference import Seen, mark
from geofield.indices import EVENTUALLY_MS, IndexHistory
from geofield.scoring.score import WindowScore
from geofield.series.angle_units import UnitError, check_declination
from geofield.series.buffer import Buffer
from geofield.series.derivation import derive
from geofield.series.low_pass import low_pass
from geofield.series.samples import Samples
from geofield.step import Outcome, StationState, step
from geofield.utc import utc
from monitor.assembly import Assembly
from monitor.offline.pacing import interleaved
from monitor.records.sample_decoder import Accepts
from monitor.worker.classification import classify_stations
from monitor.worker.executors import on_threads, prefetched

RECORD_S = 4 * 86_400  # affects the running time only


def score_recordings(
    recordings: Iterable[Recorded],
    assembly: Assembly,
    history: IndexHistory,
    advance: Callable[[int], object] = lambda _: None,
    record_s: int = RECORD_S,
) -> Iterator[Outcome]:
    """Iterate over the outcomes of steps through recordings in order of time, as of a worker.

    The last outcome has the final classifications of the alerts by Kp and the other stations.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="step") as executor:
        yield from prefetched(_stepped(recordings, assembly, history, advance, record_s), executor)


def _stepped(
    recordings: Iterable[Recorded],
    assembly: Assembly,
    history: IndexHistory,
    advance: Callable[[int], object],
    record_s: int,
) -> Iterator[Outcome]:
    states: dict[str, StationState] = {}
    rules, network = assembly.rules, assembly.network
    derivation = _Derivation(assembly.accepts)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="windows") as executor:
        start, reconstruct = on_threads(executor), assembly.model.reconstruct
        for record in interleaved(recordings, record_s):
            declination_deg = assembly.accepts.declination_deg.get(record.station, 0.0)
            _check_angles(record, declination_deg)
            samples = derivation.at_cadence(record.samples(declination_deg))
            states, outcome = step(states, [samples], reconstruct, rules, history, start)
            advance(len(record))
            network = network.with_windows(map(_seen, outcome.scores))
            yield outcome
    classified = classify_stations(states, history, network, rules.alert, now_ms=EVENTUALLY_MS)
    yield Outcome([], [], classified.alerts)


class _Derivation:
    """Derives samples of the model's cadence from faster ones, as a worker does."""

    def __init__(self, accepts: Accepts) -> None:
        self._accepts = accepts
        self._buffers: dict[str, Buffer] = {}

    def at_cadence(self, samples: Samples) -> Samples:
        """The samples, or those that are due with them (maybe none) if they are faster."""
        cadence_ms, lateness_ms = self._accepts.cadence_ms, self._accepts.lateness_ms
        if samples.cadence_ms not in self._accepts.derives_ms:
            return samples
        chosen = low_pass(samples.cadence_ms, cadence_ms)
        if chosen is None:
            return samples
        buffer, slower = derive(
            self._buffers.get(samples.station), samples, chosen, lateness_ms // samples.cadence_ms
        )
        self._buffers[samples.station] = buffer
        return slower


def _check_angles(record: Recording, reference_deg: float) -> None:
    """Refuse a declination that can only be the station's in another unit."""
    if "D" in record.elements:
        try:
            check_declination(record.elements["D"], reference_deg)
        except UnitError as error:
            raise ArchiveRefused(f"{record.station} from {utc(record.start_ms)}: {error}") from None


def _seen(window: WindowScore) -> Seen:
    score = window.score
    rmse, threshold = (score.rmse, score.threshold) if score else (None, None)
    return Seen(window.station, window.end_ms, mark(rmse, threshold, faulty=bool(window.trouble)))


def kp_history(recordings: Iterable[Recorded], kp_file: KpFile | None = None) -> IndexHistory:
    """Observed Kp over the recordings, as known from the end of each interval."""
    return IndexHistory(
        kp
        for recording in recordings
        for kp in kp_intervals(recording.start_ms, recording.end_ms, kp_file)
    )


def warn_of_missing_kp(recordings: Sequence[Recorded], kp_file: KpFile | None) -> None:
    """Say on standard error that Kp of the newest data is not known, and what helps."""
    if reason := newer_than_kp(max(recording.end_ms for recording in recordings), kp_file):
        click.echo(
            f"warning: {reason}. Alerts after it stay `unknown`: give a newer --kp-file (GFZ's "
            "Kp_ap_since_1932.txt); of a worker `magwatch indices` brings Kp. Calibration without "
            "Kp: --max-kp 9",
            err=True,
        )
