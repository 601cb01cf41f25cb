"""The files beside a model that say what its evaluation found."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import MsgspecError, structs

from archive.files import contents
from archive.model import ModelRefused
from archive.outputs import write_file
from geofield.scoring.manifest import Manifest
from training.pipelines.manifests import write_manifest
from training.report.card import render_card
from training.report.sections.summary import headline
from training.report.select import on_own_days
from training.report.write import write_report
from training.results import Evaluation, decode


def own_evaluation(model: Path, manifest: Manifest) -> Evaluation:
    """The evaluation beside a model.

    Raises
    ------
    archive.model.ModelRefused
        If the evaluation beside the model is none, or of another model.
    archive.files.FileRefused
        If it is missing.
    """
    path = model.with_suffix(".evaluation.json")
    try:
        own = decode(contents(path))
    except MsgspecError as error:
        raise ModelRefused(f"{path}: no evaluation ({error}): train the model again") from error
    if own.sha256 != manifest.sha256:
        raise ModelRefused(f"{path} is of another model than {model}: train the model again")
    return own


def into_own_card(
    model: Path, manifest: Manifest, own: Evaluation, elsewhere: Evaluation
) -> Sequence[Path]:
    """Write the results into the model's own files, in place of those of other stations before.

    Parameters
    ----------
    model
        The model; its evaluation, report and card lie beside it.
    manifest, own
        Its manifest and its evaluation.
    elsewhere
        The results.

    Returns
    -------
    Paths of the written files.
    """
    kept = [known for known in own.injections if on_own_days(known, manifest)]
    merged = structs.replace(
        own,
        injections=[*kept, *elsewhere.injections],
        drift=elsewhere.drift,
        man_made=elsewhere.man_made,
        left_out=list(dict.fromkeys([*own.left_out, *elsewhere.left_out])),
    )
    return write_judged(model, manifest, merged)


def write_judged(model: Path, manifest: Manifest, evaluation: Evaluation) -> Sequence[Path]:
    """Write the evaluation, its report, the card, and the manifest with the verdict.

    Parameters
    ----------
    model
        The model; the files are written beside it.
    manifest
        Its manifest, of an earlier evaluation or of none.
    evaluation
        The evaluation.

    Returns
    -------
    Paths of the written files.
    """
    words, card = evaluation.verdict.words, model.with_suffix(".md")
    told = replace(manifest, skill=words, headline=headline(evaluation, manifest))
    write_file(card, render_card(told, evaluation).encode())
    report = write_report(model.parent, model.stem, evaluation, told)
    return [write_manifest(model, told), card, *report]
