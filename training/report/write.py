"""Write an evaluation beside the model: a JSON document and an HTML page."""

from pathlib import Path

from archive.outputs import output_folder, write_together
from geofield.scoring.manifest import Manifest
from training.report.page import render_page
from training.results import Evaluation, encode


def write_report(
    folder: Path, name: str, evaluation: Evaluation, manifest: Manifest
) -> tuple[Path, Path]:
    """Write ``<name>.evaluation.json`` and ``<name>.html``.

    Parameters
    ----------
    folder
        Folder of the files; made if it does not exist.
    name
        Name of the model.
    evaluation, manifest
        Content of the page; the document holds the evaluation alone.

    Returns
    -------
    Paths of the document and the page.
    """
    page = render_page(evaluation, manifest)
    output_folder(folder)
    document, html = folder / f"{name}.evaluation.json", folder / f"{name}.html"
    write_together({document: encode(evaluation), html: page.encode()})
    return document, html
