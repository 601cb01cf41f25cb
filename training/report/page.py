"""The page: one HTML file that needs nothing else, made from manifest and evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from geofield.manifest import Manifest
from training.evaluation import CONTROL, NEGATIVE, Evaluation, Injections, Labelled
from training.report import about, alerts, known, real
from training.report.ink import PALETTE
from training.report.limits import limitations
from training.report.numerals import counted, decimal, figure, p_value
from training.report.parts import Paragraph, Section, Table
from training.report.selection import in_any_direction, strengths_of
from training.report.svg import embed, keys

_NO_LABELS = Section(
    "Real earthquakes",
    [Paragraph("Absent: no station was judged on a catalogue of earthquakes.")],
)
_NO_TRANSIENTS = Section(
    "Known transients", [Paragraph("Absent: no transients were added to any data.")]
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure to take in at a glance: what it is, how much, and what to hold against it."""

    name: str
    value: str
    note: str


def render_page(evaluation: Evaluation, manifest: Manifest) -> str:
    """The whole page.

    Parameters
    ----------
    evaluation
        All figures.
    manifest
        What the model is and what it was made of.

    Returns
    -------
    HTML without scripts and without references to anything outside itself.
    """
    lead, _, rest = real.verdict_words(evaluation.verdict).partition(":")
    environment = Environment(
        loader=PackageLoader("training.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    numbers = count()
    environment.filters["embed"] = lambda svg: Markup(embed(svg, next(numbers)))  # noqa: S704
    environment.filters["keys"] = keys
    return environment.get_template("page.html.j2").render(
        evaluation=evaluation,
        manifest=manifest,
        lead=lead[:1].upper() + lead[1:],
        rest=rest.strip(),
        tiles=_tiles(evaluation),
        rules=_rules(evaluation),
        sentences=[(one.station, real.two_p(one)) for one in evaluation.labelled],
        sections=_sections(evaluation, manifest),
        light={name: light for name, (light, _) in PALETTE.items()},
        dark={name: dark for name, (_, dark) in PALETTE.items()},
    )


def _sections(evaluation: Evaluation, manifest: Manifest) -> Sequence[Section]:
    labelled, judged = evaluation.labelled, evaluation.injections
    return [
        *([real.real_section(one, evaluation.verdict) for one in labelled] or [_NO_LABELS]),
        *([part for one in judged for part in known.sections(one)] or [_NO_TRANSIENTS]),
        alerts.false_alarms(judged),
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


def _tiles(evaluation: Evaluation) -> list[Tile]:
    return [
        *(tile for one in evaluation.labelled for tile in _real_tiles(one)),
        *(tile for one in evaluation.injections for tile in _known_tiles(one)),
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
    watched = [one for one in injections.false_alarms if one.method == NEGATIVE]
    most = {one.station: one for one in sorted(watched, key=lambda one: one.expected)}
    return tiles + [
        Tile(
            f"False alarms, {one.station}",
            f"{one.counted:,}",
            f"{figure(one.expected)} promised in {figure(one.quiet_days)} quiet days",
        )
        for one in most.values()
    ]


def _known_tile(injections: Injections, snr: float) -> Tile:
    own, control = (_mean_auc(injections, method, snr) for method in (NEGATIVE, CONTROL))
    return Tile(
        f"Mean AUC, known transients, {injections.station}",
        decimal(own),
        f"at {snr:g} times the background; {CONTROL}: {decimal(control)}",
    )


def _mean_auc(injections: Injections, method: str, snr: float) -> float | None:
    values = [cell.auc for cell in injections.cells if (cell.method, cell.snr) == (method, snr)]
    return float(np.mean(values)) if values else None
