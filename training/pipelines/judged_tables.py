"""The tables of drift and of man-made pulses."""

from collections.abc import Sequence
from pathlib import Path

from archive.model import Model, cadence_refused
from archive.observatory import ArchiveRefused, read_archive
from geofield.utc import DAY_MS
from training.data.windows import located
from training.evaluation.false_alarms import quiet_counts
from training.evaluation.man_made import man_made, quieter_background_nt
from training.evaluation.run import Steps, fit_contestants
from training.pipelines.station_cases import JudgedBy, open_table
from training.recipe.days import span_ms
from training.recipe.judged import DriftCase, ManMadeCase
from training.results import NEGATIVE, Drift, ManMade


def drift_of(cases: Sequence[DriftCase], folder: Path, by: JudgedBy, steps: Steps) -> list[Drift]:
    """False alarms of the model long after a calibration, for every case.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.recipe.section.RecipeRefused
        If a file is missing or does not fit the model, or days have nothing to count on.
    """
    return [_drift(case, folder, by, steps) for case in cases]


def _drift(case: DriftCase, folder: Path, by: JudgedBy, steps: Steps) -> Drift:
    split = open_table(case, folder, by).split
    contestants = fit_contestants(by.model, {}, split, by.recipe, steps)
    windows = len(split.judged) // split.stream.window.hop
    advance = steps(f"{split.judged.station}: days after a calibration", windows)
    counts = quiet_counts(contestants, split, by.recipe.promise, advance)
    calibrated_ms = max(end_ms for _, end_ms in map(span_ms, case.calibration_days))
    judged_ms = [moment_ms for day in case.days for moment_ms in span_ms(day)]
    return Drift(
        station=split.judged.station,
        calibration_days=case.calibration_days,
        days=case.days,
        group=case.group,
        after_days=(
            (min(judged_ms) - calibrated_ms) / DAY_MS,
            (max(judged_ms) - calibrated_ms) / DAY_MS,
        ),
        alarms=[count.row for count in counts if count.row.method == NEGATIVE],
    )


def man_made_of(
    cases: Sequence[ManMadeCase], folder: Path, model: Model, steps: Steps
) -> list[ManMade]:
    """The man-made pulses found and missed in every record.

    Raises
    ------
    archive.observatory.ArchiveRefused, training.recipe.section.RecipeRefused
        If a file is missing or does not fit the model.
    """
    if not cases:
        return []
    advance = steps("man-made pulses", len(cases))
    rows = []
    for case in cases:
        rows.append(_man_made(case, folder, model))
        advance()
    return rows


def _man_made(case: ManMadeCase, folder: Path, model: Model) -> ManMade:
    recording = read_archive([located(case.file, folder)])
    window, searched = model.manifest.window, case.searched()
    if recording.cadence_ms != window.cadence_ms:
        station, cadence_ms = recording.station, recording.cadence_ms
        raise ArchiveRefused(cadence_refused(station, cadence_ms, model.manifest))
    declination_deg = recording.reference_declination_deg()
    scale_nt = quieter_background_nt(recording.samples(declination_deg), window)
    part = recording.between(searched.start_ms, searched.end_ms)
    samples = part.samples(declination_deg)
    marked_ms = case.marked_ms()
    return man_made(case.name, samples, scale_nt, window.spec(), marked_ms, natural=case.natural)
