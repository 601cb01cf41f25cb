"""Sections about a model: what it is, its data and classes, and how to make it again."""

import inspect
from collections.abc import Iterable

from geofield.scoring.manifest import Manifest
from training.recipe.transients import FAMILIES
from training.report.blocks import Bullets, Command, Paragraph, ReportSection, Row, Table
from training.report.format import dates, decimal, figure, percent
from training.results import Evaluation

_NOT_RECORDED = "not recorded"


def what_it_is(manifest: Manifest) -> ReportSection:
    """Section on network, input, filter and scale."""
    window = manifest.window
    scale = ", ".join(
        f"{name} {value:.4f}"
        for name, value in zip(manifest.components, manifest.reference_scale_nt, strict=True)
    )
    return ReportSection(
        "What it is",
        [
            Paragraph(
                "A bidirectional LSTM autoencoder trained by negative learning (doi "
                "10.32604/cmc.2025.066421). The score of a window is the root mean square of its "
                "reconstruction error, in units of the station's scale. The units are slightly "
                "larger for loud windows. The root mean square of a reconstruction is limited to "
                f"that of its window{_floor(manifest)}.{_whitened(manifest)}"
            ),
            Bullets(
                [
                    f"Input: {'/'.join(manifest.components)} in nT every "
                    f"{window.cadence_ms / 1000:g} s, windows of {window.samples} samples, "
                    f"{window.taps - 1} more for the filter.",
                    f"Filter inside the graph: {window.low_hz:g}-{window.high_hz:g} Hz, "
                    f"{window.taps} taps that sum to zero; the network sees one sample in "
                    f"{window.step}.",
                    "Scale of the training station (1.4826 MAD of the band-passed field), nT: "
                    f"{scale}.",
                    f"sha256 of the file: {manifest.sha256}",
                ]
            ),
        ],
    )


def _floor(manifest: Manifest) -> str:
    floor = float(manifest.recipe.get("floor", "0"))
    if not floor:
        return ", so the error is at most twice that of the window"
    return f" and {floor:g} times the scale (more for loud windows), added in squares"


def _whitened(manifest: Manifest) -> str:
    emphasis = float(manifest.recipe.get("emphasis", "0"))
    if not emphasis:
        return ""
    return (
        " Errors are whitened before their mean square is taken, because the field is stronger at "
        f"lower frequencies: {emphasis:g} of each sample's error is subtracted from the next one's."
    )


def data(manifest: Manifest, evaluation: Evaluation) -> ReportSection:
    """Section on files, days and numbers of windows."""
    source = manifest.provenance
    days = {
        "train": source.train_days,
        "validation": source.validation_days,
        "test": source.test_days,
    }
    counts = {
        "train": evaluation.facts.get("windows trained on"),
        "validation": evaluation.facts.get("windows of validation"),
        "test": next((injections.windows for injections in evaluation.injections), None),
    }
    uses = [Row(use, [dates(used), figure(counts[use])]) for use, used in days.items()]
    files = [Row(name, [sha]) for name, sha in source.files_sha256.items()]
    return ReportSection(
        "Data",
        [
            Paragraph(f"Station {source.station}. {source.source} Licence: {source.licence}"),
            Table("Files", ["name"], ["sha256"], files, wordy=True),
            Table("Days by use", ["use"], ["UTC days", "windows"], uses, wordy=True),
            *_other_stations(manifest),
            Paragraph(
                "A window belongs to a day only if the day contains all of its samples, including "
                "the margins of the filter. So no sample is in two sets. Training uses windows of "
                "the two classes only. Validation and test use all complete windows, quiet and "
                "disturbed. The validation days decided weights, stopping and the choice among "
                "seeds."
            ),
        ],
    )


def _other_stations(manifest: Manifest) -> list[Paragraph | Bullets]:
    uses = manifest.recipe.get("stations", "").splitlines()
    if not uses:
        return []
    text = (
        "Other stations and days. Each station is seen in units of its own background. Windows "
        "trained on and windows of validation are counted together with those above:"
    )
    return [Paragraph(text), Bullets(uses)]


def left_out(evaluation: Evaluation) -> list[ReportSection]:
    """Section on the spans of the judged archive that were left out; empty if there are none."""
    if not evaluation.left_out:
        return []
    text = (
        "These spans (UTC) of the judged archive are not the natural field. They count as missing "
        "in all figures here, and in training if the model was trained on this archive:"
    )
    return [ReportSection("Left out", [Paragraph(text), Bullets(evaluation.left_out)])]


def classes(manifest: Manifest, evaluation: Evaluation) -> ReportSection:
    """Section on both classes, and on the definitions of the families of transients."""
    source = manifest.provenance
    return ReportSection(
        "Classes",
        [
            Bullets(
                [
                    f"Non-seismic: {source.non_seismic}.",
                    f"Seismic: {source.seismic}.",
                    "Training varies both at random, so that the model generalizes to the "
                    "background of other stations. It varies strength, balance, coupling and phase "
                    "of the components, and adds windows to each other.",
                ]
            ),
            Paragraph(
                "Transients are linearly polarized and begin at random times. In the evaluation "
                "their direction in space is random unless another is named. In training an edge "
                "of the window may cut a transient; in the evaluation transients lie mostly "
                "inside. Signal/noise is the peak of the transient in its largest component, "
                "divided by 1.4826 MAD of the station's band-passed background in that component. "
                "In the evaluation the peak is taken after the filter. Seconds and hertz hold at "
                "one sample a second and scale with the cadence. The families:"
            ),
            Bullets([f"{family}: {_defined(family)}" for family in _families(evaluation)]),
        ],
    )


def ablation(evaluation: Evaluation) -> ReportSection:
    """Section that compares losses, weights, margins and scale policies."""
    if not evaluation.ablation:
        why = "Absent: no other losses or scale policies were tried for this evaluation."
        return ReportSection("Ablation", [Paragraph(why)])
    columns = [
        "softness",
        "AUC",
        "found, %",
        "reconstructs",
        "over the line at night, %",
        "by day, %",
        "worst day less best, %",
        "elsewhere, %",
        "AUC on real labels",
    ]
    rows = [
        Row(
            f"{arm.loss}, weight {arm.weight:g}, margin {arm.margin:g}, {arm.scale_policy}",
            [
                figure(arm.softness),
                decimal(arm.auc),
                percent(arm.found),
                "no" if arm.collapsed else "yes",
                percent(arm.night_share),
                percent(arm.day_share),
                percent(arm.daily_spread),
                percent(arm.elsewhere_share),
                decimal(arm.label_auc),
            ],
        )
        for arm in evaluation.ablation
    ]
    return ReportSection(
        "Ablation",
        [
            Paragraph(
                "AUC and share found are means over families and signal/noise on the validation "
                "days. Over the line: share of quiet windows with a score that 1 % of the training "
                "windows exceed. It is given at local night, by day, as the difference between the "
                "worst and the best day, and at another station for which only the scale was "
                "fitted."
            ),
            Table("Losses and scale policies", ["arm"], columns, rows),
        ],
    )


def remarks(manifest: Manifest) -> list[ReportSection]:
    """Section of the recipe's remarks; empty if there are none."""
    lines = manifest.recipe.get("remarks", "").splitlines()
    return [ReportSection("How the recipe was found", [Bullets(lines)])] if lines else []


def made_again(manifest: Manifest) -> ReportSection:
    """Section on the training command and the versions it depends on."""
    facts = manifest.recipe

    def fact(name: str) -> str:
        return facts.get(name, _NOT_RECORDED)

    return ReportSection(
        "Made again",
        [
            Command(f"magwatch train training/recipes/{fact('file')} --data FOLDER"),
            Paragraph(
                f"FOLDER has the files listed above. Recipe sha256 {fact('sha256')}, published "
                f"seed {fact('seed')}, PyTorch {fact('torch')}, numpy {fact('numpy')}, Python "
                f"{fact('python')}, {fact('machine')}. Repeated training on one machine gives the "
                "same weights. On another machine the weights differ about as much as those of two "
                "seeds."
            ),
        ],
    )


def provenance(manifest: Manifest, evaluation: Evaluation) -> ReportSection:
    """Section on the judged model file, and further figures by name."""
    files = manifest.provenance.files_sha256
    rows = [
        Row("model", [f"{evaluation.model} {evaluation.version}"]),
        Row("sha256 of the model file", [evaluation.sha256]),
        Row("sha256 of the recipe", [manifest.recipe.get("sha256", _NOT_RECORDED)]),
        *(Row(f"sha256 of {name}", [sha]) for name, sha in files.items()),
    ]
    tables = [Table("What was judged", ["thing"], ["value"], rows, wordy=True)]
    if evaluation.facts:
        facts = [Row(name, [figure(value)]) for name, value in evaluation.facts.items()]
        tables.append(Table("Further figures", ["name"], ["value"], facts))
    return ReportSection("Provenance", tables)


def _families(evaluation: Evaluation) -> Iterable[str]:
    judged = [
        family for known in evaluation.injections for family in (*known.trained, *known.unseen)
    ]
    return [family for family in dict.fromkeys(judged or FAMILIES) if family in FAMILIES]


def _defined(family: str) -> str:
    """Definition of a family, which is the docstring of its function."""
    return " ".join((inspect.getdoc(FAMILIES[family]) or "not described").split())
