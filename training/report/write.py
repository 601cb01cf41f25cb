"""Writing an evaluation beside the model: the document for programs and the page for people."""

from pathlib import Path

from geofield.manifest import Manifest
from training.evaluation import Evaluation, encode
from training.report.page import render_page


def write_report(
    folder: Path, name: str, evaluation: Evaluation, manifest: Manifest
) -> tuple[Path, Path]:
    """Write ``<name>.evaluation.json`` and ``<name>.html``.

    Parameters
    ----------
    folder
        Made if it is not there.
    name
        Of the model.
    evaluation, manifest
        What the page shows; the document holds the evaluation alone.

    Returns
    -------
    Paths of the document and the page.
    """
    page = render_page(evaluation, manifest)
    folder.mkdir(parents=True, exist_ok=True)
    document, html = folder / f"{name}.evaluation.json", folder / f"{name}.html"
    document.write_bytes(encode(evaluation))
    html.write_text(page, encoding="utf-8")
    return document, html
