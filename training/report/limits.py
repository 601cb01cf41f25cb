"""What a reader must not conclude: as much of it as the figures say, made from the figures."""

from datetime import date

import numpy as np

from geofield.manifest import Manifest
from training.evaluation import NEGATIVE, Evaluation, Injections, Labelled
from training.report.numerals import counted, days_in, decimal, listed
from training.report.parts import Bullets, Section
from training.report.selection import in_any_direction, strengths_of

_ALWAYS = [
    "The threshold does not carry to another station: every station is calibrated by itself. Where "
    "natural pulsations are stronger than at the training station, or shaped otherwise, less of "
    "this holds.",
    "The transients are linearly polarized and drawn from a few simple families; natural "
    "pulsations, traffic, pumps and sensor faults can look like any of them. An anomaly is not a "
    "cause.",
]


def limitations(manifest: Manifest, evaluation: Evaluation) -> Section:
    """A list, longer where less was measured."""
    items = [
        *_about_earthquakes(evaluation),
        *map(_few_days, evaluation.injections),
        *_ALWAYS,
        *_left_out(evaluation),
        *(limit for known in evaluation.injections for limit in _missed(known)),
        *_season(manifest),
    ]
    return Section("Limitations", [Bullets(items)])


def _about_earthquakes(evaluation: Evaluation) -> list[str]:
    if not evaluation.labelled:
        return [
            "No earthquake was evaluated. How the model does on synthetic transients says nothing "
            "about whether anything precedes earthquakes."
        ]
    return [_few_earthquakes(real) for real in evaluation.labelled]


def _few_earthquakes(real: Labelled) -> str:
    first = real.methods[0]
    return (
        f"The judgement at {real.station} rests on {counted(real.events, 'earthquake')} at one "
        f"station: an AUC anywhere in {decimal(first.auc_low)}-{decimal(first.auc_high)} is "
        "compatible with it. It says nothing about other stations, lead times or magnitudes."
    )


def _few_days(known: Injections) -> str:
    return (
        f"The benchmark at {known.station} covers {counted(days_in(known.days), 'day')} of one "
        "station; storms and other seasons are in it only as far as those days hold them."
    )


def _left_out(evaluation: Evaluation) -> list[str]:
    if not evaluation.left_out:
        return []
    number = counted(len(evaluation.left_out), "disturbance")
    return [
        f"The archive held {number} that no field made, and these were left out. In operation such "
        "a disturbance may open an alert, which no promise of false alarms holds."
    ]


def _missed(known: Injections) -> list[str]:
    """Signal/noise at which less than half is found, on average over the families."""
    own = [cell for cell in in_any_direction(known).cells if cell.method == NEGATIVE]
    found = {one: [cell.found for cell in own if cell.snr == one] for one in strengths_of(own)}
    weak = [one for one, shares in found.items() if shares and np.mean(shares) < 0.5]
    if not weak:
        return []
    return [
        f"Transients of signal/noise {listed(weak)} at {known.station} are mostly missed when 1 % "
        "of the other windows are flagged, which is far more than anyone could live with."
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
        "saw, so they share its season and the state of the Sun."
    ]
