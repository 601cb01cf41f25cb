"""External evaluation: a finished model judged on archives of any stations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from archive.catalogue import read_catalogue
from archive.files import FileRefused
from archive.kp_file import KpFile
from archive.model import Model, load_model
from archive.observatory import ArchiveRefused
from archive.outputs import check_output_folder
from geofield.earthquakes.types import Site
from support.spans import Span
from training.evaluation.data_split import DataSplit
from training.evaluation.run import (
    Earthquakes,
    Steps,
    evaluation_of,
    fit_contestants,
    with_earthquakes,
    with_injections,
)
from training.pipelines.judged_tables import drift_of, man_made_of
from training.pipelines.own_card import into_own_card, own_evaluation
from training.pipelines.rivals import check_beaten, rivals_of
from training.pipelines.station_cases import (
    FilesAsked,
    JudgedBy,
    OpenCase,
    StationCase,
    cases_of_files,
    cases_of_tables,
)
from training.recipe.judged import JudgedTables, load_judged
from training.recipe.recipe import Recipe, load_recipe, shipped_recipe
from training.recipe.section import RecipeRefused
from training.report.sections.summary import headline
from training.report.select import was_seen
from training.report.write import write_report
from training.results import Evaluation, Injections, Labelled

FEW_PACKETS = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Request for an external evaluation.

    Attributes
    ----------
    data
        Files, or folders of files; with `stations` the folder of the files that it names.
    model
        The ONNX file; its rivals are in the folder ``rivals`` beside it.
    recipe
        Rules; None for the shipped recipe of the model.
    catalogue
        Earthquakes to judge on; None to leave them out.
    station
        IAGA code; None for that of the files.
    position_deg
        Latitude and longitude; None for those of the files.
    inject
        Whether to judge on injected transients.
    calibrate_until
        UTC date at which the judged days begin; None for the end of the first third of the data.
    left_out
        Spans of time in which the data are not the field.
    kp_file
        Kp of days that the installed table does not have.
    stations
        File with the tables of `training.recipe.judged`; None to judge all files of `data`.
    card
        Whether to write into the model's own card, evaluation and report.
    """

    data: Sequence[Path]
    model: Path
    recipe: Path | None
    catalogue: Path | None
    station: str | None
    position_deg: tuple[float, float] | None
    inject: bool
    calibrate_until: str | None
    left_out: Sequence[Span] = ()
    kp_file: KpFile | None = None
    stations: Path | None = None
    card: bool = False


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Result of an external evaluation.

    Attributes
    ----------
    evaluation, paths
        The document and its files.
    headline
        What an operator gets, in a line; empty without transients.
    warnings
        What the reader should know.
    """

    evaluation: Evaluation
    paths: Sequence[Path]
    headline: str
    warnings: Sequence[str]


def evaluate_elsewhere(asked: Asked, output: Path, steps: Steps) -> Evaluated:
    """Evaluate a model on archives, and write the report.

    Raises
    ------
    archive.model.ModelRefused, archive.observatory.ArchiveRefused
        If a file is missing or does not fit.
    archive.outputs.CannotWrite
        If the report cannot be written; where possible before the work.
    training.recipe.section.RecipeRefused, training.labels.selection.LabelsRefused
        If the rules leave nothing to judge on.
    """
    check_output_folder(asked.model.parent if asked.card else output)
    model = load_model(asked.model)
    recipe = load_recipe(asked.recipe or _own_recipe(model))
    tables = load_judged(asked.stations) if asked.stations else JudgedTables()
    own = own_evaluation(asked.model, model.manifest) if asked.card else None
    rivals, missing = rivals_of(asked.model, model)
    if asked.catalogue is not None:
        check_beaten(recipe, missing)
    by = JudgedBy(model, recipe, asked.kp_file)
    cases = _cases(asked, tables, by)
    judgement = _Judgement(asked, by, rivals, steps)
    judgement.judge(cases)
    evaluation = replace(
        evaluation_of(model, judgement.injections, judgement.labelled, {}, judgement.left_out),
        drift=drift_of(tables.drift, asked.data[0], by, steps),
        man_made=man_made_of(tables.man_made, asked.data[0], model, steps),
    )
    if own is not None:
        paths = into_own_card(asked.model, model.manifest, own, evaluation)
    else:
        paths = write_report(output, _name(model, evaluation), evaluation, model.manifest)
    warnings = [*missing.values(), *judgement.warnings, *_few_packets(evaluation, recipe)]
    return Evaluated(evaluation, paths, headline(evaluation, model.manifest), warnings)


def _cases(asked: Asked, tables: JudgedTables, by: JudgedBy) -> list[StationCase]:
    if asked.stations:
        folder, *more = asked.data
        if more:
            raise ArchiveRefused(f"--data: give one folder, that of the files in {asked.stations}")
        if not folder.is_dir():
            raise ArchiveRefused(f"{folder}: no such folder of the files in {asked.stations}")
        return cases_of_tables(tables.stations, asked.data[0], by)
    files = FilesAsked(asked.data, asked.station, asked.calibrate_until, asked.left_out)
    cases = cases_of_files(files, by)
    if asked.catalogue is not None and len(cases) > 1:
        codes = ", ".join(case.name for case in cases)
        raise ArchiveRefused(f"--catalogue judges one station, the files are of {codes}")
    return cases


class _Judgement:
    """Judges one station after the other, so that the data of one at a time are in memory."""

    def __init__(
        self, asked: Asked, by: JudgedBy, rivals: Mapping[str, Model], steps: Steps
    ) -> None:
        self._asked, self._by, self._rivals, self._steps = asked, by, rivals, steps
        self.injections: list[Injections] = []
        self.labelled: list[Labelled] = []
        self.left_out: list[str] = []
        self.warnings: list[str] = []

    def judge(self, cases: Sequence[StationCase]) -> None:
        """Judge all cases. Among several stations of `data`, one that cannot be is warned of."""
        refused: list[FileRefused] = []
        for case in cases:
            try:
                self._judge(case.opened())
            except (ArchiveRefused, RecipeRefused) as error:
                if self._asked.stations or len(cases) == 1:
                    raise
                refused.append(error)
                self.warnings.append(f"not judged: {error}")
        if refused and len(refused) == len(cases):
            raise refused[0]

    def _judge(self, case: OpenCase) -> None:
        split, recipe = case.split, self._by.recipe
        earthquakes = _earthquakes(case, self._asked)
        self.warnings += [*_seen(self._by.model, split), *case.warnings]
        self.left_out += [text for text in case.left_out if text not in self.left_out]
        contestants = fit_contestants(self._by.model, self._rivals, split, recipe, self._steps)
        if self._asked.inject or self._asked.stations:
            self.injections.append(with_injections(contestants, split, recipe, self._steps))
        if earthquakes is not None:
            judged = with_earthquakes(contestants, split, recipe, earthquakes, self._steps)
            self.labelled.append(judged)


def _name(model: Model, evaluation: Evaluation) -> str:
    """Name of the report: of the model and the station, or of several stations together."""
    stations = {known.station for known in evaluation.injections}
    stations |= {real.station for real in evaluation.labelled}
    where = min(stations) if len(stations) == 1 else "stations"
    return f"{model.manifest.name}-{where}"


def _own_recipe(model: Model) -> Path:
    name = model.manifest.recipe.get("file", "")
    path = shipped_recipe(name)
    if not path.is_file():
        raise RecipeRefused(
            f"the recipe of {model.manifest.name} ({name or 'not named'}) is not installed here: "
            "give it with --recipe"
        )
    return path


def _earthquakes(case: OpenCase, asked: Asked) -> Earthquakes | None:
    if asked.catalogue is None:
        return None
    station = case.split.judged.station
    position_deg = asked.position_deg or case.position_deg
    if position_deg is None:
        raise ArchiveRefused(
            f"{station}: its files do not state where it stands; give --latitude and --longitude"
        )
    return Earthquakes(read_catalogue(asked.catalogue), Site(station, *position_deg))


def _few_packets(evaluation: Evaluation, recipe: Recipe) -> list[str]:
    """Warnings of durations without any packet, and of too few packets for meaningful shares."""
    warnings = []
    curves = [curve for known in evaluation.injections for curve in known.sensitivity]
    methods = {cell.method for known in evaluation.injections for cell in known.cells}
    for duration in recipe.promise.durations if evaluation.injections else ():
        duration_s = duration * recipe.window.cadence_ms / 1000
        if missing := methods - {
            curve.method for curve in curves if curve.duration_s == duration_s
        }:
            whom = "" if missing == methods else f" with {', '.join(sorted(missing))}"
            warnings.append(
                f"no transient of {duration_s:,.0f} s could be tried{whom}: the curves leave this "
                "duration out; judge more days without gaps and without alerts"
            )
    fewest = min((curve.packets for curve in curves), default=FEW_PACKETS)
    if fewest < FEW_PACKETS:
        warnings.append(
            f"few transients could be tried, of some duration {fewest} at each signal/noise: judge "
            "more days without gaps and without alerts"
        )
    return warnings


def _seen(model: Model, split: DataSplit) -> list[str]:
    """A warning if the model was trained on some of the judged days."""
    manifest = model.manifest
    if not was_seen(split.judged.station, split.days, manifest):
        return []
    return [
        f"some of the judged days trained {manifest.name}: what it shows there is no test "
        f"({split.judged.station})"
    ]
