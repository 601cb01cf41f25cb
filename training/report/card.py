"""The model card: Markdown made from manifest and evaluation; no figure is typed by hand."""

from collections.abc import Sequence

from geofield.manifest import Manifest
from training.evaluation import Evaluation, Labelled
from training.report import about, alerts, known, real
from training.report.limits import limitations
from training.report.markdown import as_markdown
from training.report.parts import Paragraph, Section


def render_card(manifest: Manifest, evaluation: Evaluation) -> str:
    """The whole card."""
    parts = [_heading(manifest, evaluation), *map(as_markdown, _sections(manifest, evaluation))]
    return "\n\n".join(parts) + "\n"


def _heading(manifest: Manifest, evaluation: Evaluation) -> str:
    return (
        f"# {manifest.name} {manifest.version}\n\n"
        f"**Verdict: {real.verdict_words(evaluation.verdict)}.**\n\n"
        "This model says how unusual a window of the magnetic field is. It does not predict "
        "earthquakes."
    )


def _sections(manifest: Manifest, evaluation: Evaluation) -> Sequence[Section]:
    judged = [
        section for injections in evaluation.injections for section in known.sections(injections)
    ]
    return [
        about.what_it_is(manifest),
        about.data(manifest, evaluation),
        *about.left_out(evaluation),
        about.classes(manifest, evaluation),
        *judged,
        *([alerts.false_alarms(evaluation.injections)] if judged else []),
        *map(_real, evaluation.labelled),
        *([about.ablation(evaluation)] if evaluation.ablation else []),
        limitations(manifest, evaluation),
        *about.remarks(manifest),
        about.made_again(manifest),
    ]


def _real(labelled: Labelled) -> Section:
    section = real.real_section(labelled)
    return Section(section.title, [Paragraph(real.two_p(labelled)), *section.blocks])
