"""Results of other stations in the model's own evaluation, report and card."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import MsgspecError
from msgspec.structs import replace

from archive.files import contents
from archive.model import ModelRefused
from archive.outputs import write_file
from geofield.scoring.manifest import Manifest
from training.report.card import render_card
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
    Paths of the evaluation, the report and the card.
    """
    kept = [known for known in own.injections if on_own_days(known, manifest)]
    merged = replace(
        own,
        injections=[*kept, *elsewhere.injections],
        drift=elsewhere.drift,
        man_made=elsewhere.man_made,
        left_out=list(dict.fromkeys([*own.left_out, *elsewhere.left_out])),
    )
    card = model.with_suffix(".md")
    report = write_report(model.parent, model.stem, merged, manifest)
    write_file(card, render_card(manifest, merged).encode())
    return [*report, card]
