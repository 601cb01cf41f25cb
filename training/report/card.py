"""The model card: Markdown made from manifest and evaluation, without manual figures."""

from collections.abc import Sequence

from geofield.scoring.manifest import Manifest
from training.report.blocks import Paragraph, ReportSection
from training.report.sections import about, alerts, operation, summary
from training.report.sections import earthquakes as real
from training.report.sections import injections as known
from training.report.sections.limits import limitations
from training.report.select import detailed
from training.report.templates import template
from training.results import Evaluation, Labelled


def render_card(manifest: Manifest, evaluation: Evaluation) -> str:
    """Render the model card as Markdown."""
    return template("card.md.j2", plain=_plain).render(
        manifest=manifest,
        headline=summary.headline(evaluation, manifest),
        verdict=real.verdict_words(evaluation.verdict),
        sections=_sections(manifest, evaluation),
    )


def _plain(text: str) -> str:
    """Text on one line, with the characters of HTML escaped."""
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())


def _sections(manifest: Manifest, evaluation: Evaluation) -> Sequence[ReportSection]:
    judged = [
        section
        for injections in detailed(evaluation, manifest)
        for section in known.sections(injections)
    ]
    return [
        *summary.stations(evaluation, manifest),
        *operation.drift(evaluation),
        *operation.man_made(evaluation),
        about.what_it_is(manifest),
        about.data(manifest, evaluation),
        *about.left_out(evaluation),
        about.classes(manifest, evaluation),
        *judged,
        *([alerts.false_alarms(evaluation, manifest)] if evaluation.injections else []),
        *map(_real, evaluation.labelled),
        *([about.ablation(evaluation)] if evaluation.ablation else []),
        limitations(manifest, evaluation),
        *about.remarks(manifest),
        about.made_again(manifest),
    ]


def _real(labelled: Labelled) -> ReportSection:
    section = real.real_section(labelled)
    return ReportSection(section.title, [Paragraph(real.two_p(labelled)), *section.blocks])
