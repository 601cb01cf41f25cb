"""The report page: a self-contained HTML file, made from manifest and evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from markupsafe import Markup

from geofield.scoring.manifest import Manifest
from training.report.blocks import Paragraph, ReportSection, Table
from training.report.format import counted, decimal, figure, p_value
from training.report.sections import about, alerts, operation, summary
from training.report.sections import earthquakes as real
from training.report.sections import injections as transients
from training.report.sections.limits import limitations
from training.report.select import detailed, in_any_direction, strengths_of
from training.report.style import PALETTE
from training.report.svg import embed, keys
from training.report.templates import template
from training.results import CONTROL, NEGATIVE, Evaluation, Injections, Labelled

_NO_LABELS = ReportSection(
    "Real earthquakes",
    [Paragraph("Absent: no station was judged on a catalogue of earthquakes.")],
)
_NO_TRANSIENTS = ReportSection(
    "Known transients", [Paragraph("Absent: no transients were added to any data.")]
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure: name, value, and a note for comparison."""

    name: str
    value: str
    note: str


def render_page(evaluation: Evaluation, manifest: Manifest) -> str:
    """Render the report page.

    Parameters
    ----------
    evaluation
        All figures.
    manifest
        Manifest of the model.

    Returns
    -------
    HTML without scripts and without external references.
    """
    lead, _, rest = real.verdict_words(evaluation.verdict).partition(":")
    numbers = count()
    embedded = lambda svg: Markup(embed(svg, next(numbers)))  # noqa: E731, S704
    return template("page.html.j2", embed=embedded, keys=keys).render(
        evaluation=evaluation,
        manifest=manifest,
        lead=lead[:1].upper() + lead[1:],
        rest=rest.strip(),
        tiles=_tiles(evaluation, manifest),
        rules=_rules(evaluation),
        sentences=[(labelled.station, real.two_p(labelled)) for labelled in evaluation.labelled],
        sections=_sections(evaluation, manifest),
        headline=summary.headline(evaluation, manifest),
        light={name: light for name, (light, _) in PALETTE.items()},
        dark={name: dark for name, (_, dark) in PALETTE.items()},
    )


def _sections(evaluation: Evaluation, manifest: Manifest) -> Sequence[ReportSection]:
    labelled, judged = evaluation.labelled, detailed(evaluation, manifest)
    absent = [] if evaluation.injections else [_NO_TRANSIENTS]
    return [
        *summary.stations(evaluation, manifest),
        *operation.drift(evaluation),
        *operation.man_made(evaluation),
        *([real.real_section(site, evaluation.verdict) for site in labelled] or [_NO_LABELS]),
        *([part for site in judged for part in transients.sections(site)] or absent),
        alerts.false_alarms(evaluation, manifest),
        about.ablation(evaluation),
        limitations(manifest, evaluation),
        about.what_it_is(manifest),
        about.classes(manifest, evaluation),
        about.data(manifest, evaluation),
        *about.left_out(evaluation),
        *about.remarks(manifest),
        about.made_again(manifest),
        about.provenance(manifest, evaluation),
    ]


def _rules(evaluation: Evaluation) -> Table | None:
    criteria = evaluation.verdict.criteria
    caption = "Rules of the verdict, fixed before anything was judged"
    return real.criteria_table(criteria, caption) if criteria else None


def _tiles(evaluation: Evaluation, manifest: Manifest) -> list[Tile]:
    return [
        *(tile for labelled in evaluation.labelled for tile in _real_tiles(labelled)),
        *(
            tile
            for injections in detailed(evaluation, manifest)
            for tile in _known_tiles(injections)
        ),
    ]


def _real_tiles(labelled: Labelled) -> list[Tile]:
    first = labelled.methods[0]
    interval = f"{decimal(first.auc_low)}-{decimal(first.auc_high)}"
    return [
        Tile(
            f"AUC before {counted(labelled.events, 'real earthquake')}, {labelled.station}",
            decimal(first.auc),
            f"95 % interval {interval}; chance is 0.5",
        ),
        Tile(
            "p, earthquake by earthquake",
            p_value(first.event_p),
            f"the paper's, window by window: {p_value(first.window_p)}",
        ),
    ]


def _known_tiles(injections: Injections) -> list[Tile]:
    main = in_any_direction(injections)
    snr = strengths_of(main.cells)
    tiles = [_known_tile(main, snr[len(snr) // 2])] if snr else []
    watched = [row for row in injections.false_alarms if row.method == NEGATIVE]
    most = {row.station: row for row in sorted(watched, key=lambda row: row.expected)}
    return tiles + [
        Tile(
            f"False alarms, {row.station}",
            f"{row.counted:,}",
            f"{figure(row.expected)} promised in {figure(row.quiet_days)} quiet days",
        )
        for row in most.values()
    ]


def _known_tile(injections: Injections, snr: float) -> Tile:
    negative, control = (_mean_auc(injections, method, snr) for method in (NEGATIVE, CONTROL))
    return Tile(
        f"Mean AUC, known transients, {injections.station}",
        decimal(negative),
        f"at {snr:g} times the background; {CONTROL}: {decimal(control)}",
    )


def _mean_auc(injections: Injections, method: str, snr: float) -> float | None:
    values = [cell.auc for cell in injections.cells if (cell.method, cell.snr) == (method, snr)]
    return float(np.mean(values)) if values else None
