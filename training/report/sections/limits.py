"""Section on limitations, made from the figures of the evaluation."""

from datetime import date

import numpy as np

from geofield.scoring.manifest import Manifest
from training.report.blocks import Bullets, ReportSection
from training.report.format import counted, days_in, decimal, listed
from training.report.select import detailed, in_any_direction, strengths_of
from training.results import NEGATIVE, Evaluation, Injections, Labelled

_ALWAYS = [
    "The threshold holds for one station only: every station has its own calibration. The "
    "figures hold less where natural pulsations are stronger than at the training station or have "
    "another shape.",
    "The transients are linearly polarized and come from a few simple families. Natural "
    "pulsations, traffic, pumps and sensor faults can look like any of them. An anomaly does not "
    "tell its cause.",
]


def limitations(manifest: Manifest, evaluation: Evaluation) -> ReportSection:
    """Section on limitations; it is longer where less was measured."""
    judged = detailed(evaluation, manifest)
    items = [
        *_about_earthquakes(evaluation),
        *map(_few_days, judged),
        *_ALWAYS,
        *_left_out(evaluation),
        *(limit for known in judged for limit in _missed(known)),
        *_season(manifest),
    ]
    return ReportSection("Limitations", [Bullets(items)])


def _about_earthquakes(evaluation: Evaluation) -> list[str]:
    if not evaluation.labelled:
        return [
            "No earthquake was evaluated. Results on synthetic transients do not show whether "
            "anything precedes earthquakes."
        ]
    return [_few_earthquakes(real) for real in evaluation.labelled]


def _few_earthquakes(real: Labelled) -> str:
    first = real.methods[0]
    return (
        f"The judgement at {real.station} rests on {counted(real.events, 'earthquake')} at one "
        f"station. It is compatible with any AUC in {decimal(first.auc_low)}-"
        f"{decimal(first.auc_high)}. It does not apply to other stations, lead times or magnitudes."
    )


def _few_days(known: Injections) -> str:
    return (
        f"The benchmark at {known.station} covers {counted(days_in(known.days), 'day')} of one "
        "station. It includes storms and seasons only as far as these days do."
    )


def _left_out(evaluation: Evaluation) -> list[str]:
    if not evaluation.left_out:
        return []
    number = counted(len(evaluation.left_out), "disturbance")
    return [
        f"The archive has {number} that are not the natural field. They were left out. "
        "In operation such a disturbance may open an alert, which the false-alarm rate does not "
        "include."
    ]


def _missed(known: Injections) -> list[str]:
    """Sentence on the signal/noise at which less than half is found, on average over families."""
    cells = [cell for cell in in_any_direction(known).cells if cell.method == NEGATIVE]
    shares_by_snr = {
        snr: [cell.found for cell in cells if cell.snr == snr] for snr in strengths_of(cells)
    }
    weak = [snr for snr, shares in shares_by_snr.items() if shares and np.mean(shares) < 0.5]
    if not weak:
        return []
    return [
        f"Transients of signal/noise {listed(weak)} at {known.station} are mostly missed when 1 % "
        "of the other windows are flagged. In operation 1 % would be far too many."
    ]


def _season(manifest: Manifest) -> list[str]:
    source = manifest.provenance
    decided = [*source.train_days, *source.validation_days]
    if not decided or not source.test_days:
        return []
    begin = min(day.partition("/")[0] for day in source.test_days)
    last = max(day.rpartition("/")[2] for day in decided)
    gap = (date.fromisoformat(begin) - date.fromisoformat(last)).days
    if not 0 < gap <= 90:
        return []
    return [
        f"The test days begin {counted(gap, 'day')} after the last day that training or choices "
        "used, so they share its season and the state of the Sun."
    ]
