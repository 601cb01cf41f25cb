"""What a model is, what it was made of, what it cannot do, and how to make it again."""

import inspect
from collections.abc import Iterable

from geofield.manifest import Manifest
from training.evaluation import Evaluation
from training.report.numerals import dates, decimal, figure, percent
from training.report.parts import Bullets, Command, Paragraph, Row, Section, Table
from training.transients import FAMILIES

_NOT_RECORDED = "not recorded"


def what_it_is(manifest: Manifest) -> Section:
    """Network, input, filter, scale."""
    window = manifest.window
    scale = ", ".join(
        f"{name} {value:.4f}"
        for name, value in zip(manifest.components, manifest.reference_scale_nt, strict=True)
    )
    return Section(
        "What it is",
        [
            Paragraph(
                "A bidirectional LSTM autoencoder trained by negative learning (doi "
                "10.32604/cmc.2025.066421). The score of a window is the root mean square of its "
                "reconstruction error, in units of the station's own scale (for loud windows in "
                "slightly larger ones). A reconstruction is limited to the root mean square of "
                f"its window{_floor(manifest)}.{_whitened(manifest)}"
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
        return ", so that none is missed by more than twice itself"
    return f" and {floor:g} times the scale (for loud windows more, likewise), added in squares"


def _whitened(manifest: Manifest) -> str:
    emphasis = float(manifest.recipe.get("emphasis", "0"))
    if not emphasis:
        return ""
    return (
        f" Errors are whitened before their mean square: {emphasis:g} of every sample's is taken "
        "from the next one's, since the field is the stronger the slower."
    )


def data(manifest: Manifest, evaluation: Evaluation) -> Section:
    """Files, days and numbers of windows."""
    source = manifest.provenance
    days = {
        "train": source.train_days,
        "validation": source.validation_days,
        "test": source.test_days,
    }
    counts = {
        "train": evaluation.facts.get("windows trained on"),
        "validation": evaluation.facts.get("windows of validation"),
        "test": next((one.windows for one in evaluation.injections), None),
    }
    uses = [Row(use, [dates(used), figure(counts[use])]) for use, used in days.items()]
    files = [Row(name, [sha]) for name, sha in source.files_sha256.items()]
    return Section(
        "Data",
        [
            Paragraph(f"Station {source.station}. {source.source} Licence: {source.licence}"),
            Table("Files", ["name"], ["sha256"], files, wordy=True),
            Table("Days by use", ["use"], ["UTC days", "windows"], uses, wordy=True),
            Paragraph(
                "A window belongs to a day only with its whole span, the filter's margins "
                "included, so no sample is in two of them. Training uses windows of the two "
                "classes only; validation and test use all complete windows, quiet and disturbed "
                "alike. Weights, stopping and the choice among seeds were decided on the "
                "validation days."
            ),
        ],
    )


def left_out(evaluation: Evaluation) -> list[Section]:
    """Spans of the judged archive that were not believed."""
    if not evaluation.left_out:
        return []
    text = (
        "In the archive that was judged, but not the field (UTC); missing for everything here, "
        "for training too if it is the archive that the model was trained on:"
    )
    return [Section("Left out", [Paragraph(text), Bullets(evaluation.left_out)])]


def classes(manifest: Manifest, evaluation: Evaluation) -> Section:
    """Both classes, and how each family of transients is defined."""
    source = manifest.provenance
    return Section(
        "Classes",
        [
            Bullets(
                [
                    f"Non-seismic: {source.non_seismic}.",
                    f"Seismic: {source.seismic}.",
                    "Both are varied at random in training (strength, balance, coupling and phase "
                    "of the components, windows laid over each other), so that the background of "
                    "other stations is less of a surprise.",
                ]
            ),
            Paragraph(
                "Transients are linearly polarized, in judgement in a random direction of space "
                "unless another is named, and begin at random. In training they may be cut by an "
                "edge of the window; in judgement they lie mostly inside. Signal/noise is the peak "
                "of the transient in the component in which it is largest, over 1.4826 MAD of the "
                "station's band-passed background in that component; in judgement the peak is that "
                "after the filter. Seconds and hertz hold at one sample a second and are stretched "
                "with any other cadence. The "
                "families:"
            ),
            Bullets([f"{family}: {_defined(family)}" for family in _families(evaluation)]),
        ],
    )


def ablation(evaluation: Evaluation) -> Section:
    """Losses, weights, margins and scale policies side by side."""
    if not evaluation.ablation:
        why = "Absent: no other losses or scale policies were tried for this evaluation."
        return Section("Ablation", [Paragraph(why)])
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
    return Section(
        "Ablation",
        [
            Paragraph(
                "AUC and share found are means over families and signal/noise on the validation "
                "days. Over the line: share of quiet windows that pass the score which 1 % of the "
                "training days pass: at local night, by day, that of the worst day less that of "
                "the best, and that at another station whose scale alone was fitted."
            ),
            Table("Losses and scale policies", ["arm"], columns, rows),
        ],
    )


def remarks(manifest: Manifest) -> list[Section]:
    """What the author of the recipe has to say about it."""
    lines = manifest.recipe.get("remarks", "").splitlines()
    return [Section("How the recipe was found", [Bullets(lines)])] if lines else []


def made_again(manifest: Manifest) -> Section:
    """The command, and what it depends on."""
    facts = manifest.recipe

    def fact(name: str) -> str:
        return facts.get(name, _NOT_RECORDED)

    return Section(
        "Made again",
        [
            Command(f"magwatch train training/recipes/{fact('file')} --data FOLDER"),
            Paragraph(
                f"With the files above in FOLDER. Recipe sha256 {fact('sha256')}, published seed "
                f"{fact('seed')}, PyTorch {fact('torch')}, numpy {fact('numpy')}, Python "
                f"{fact('python')}, {fact('machine')}. On one machine it gives the same weights "
                "every time; on another, weights that agree as the seeds do."
            ),
        ],
    )


def provenance(manifest: Manifest, evaluation: Evaluation) -> Section:
    """The model file that was judged, and further figures by name."""
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
    return Section("Provenance", tables)


def _families(evaluation: Evaluation) -> Iterable[str]:
    judged = [
        family for known in evaluation.injections for family in (*known.trained, *known.unseen)
    ]
    return [family for family in dict.fromkeys(judged or FAMILIES) if family in FAMILIES]


def _defined(family: str) -> str:
    """The docstring of a family is its definition."""
    return " ".join((inspect.getdoc(FAMILIES[family]) or "not described").split())
