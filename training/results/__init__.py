"""The evaluation document: the content of the JSON file, the HTML page and the model card.

All parts are plain data. Times are UTC, rates are per station-month of 30.4375 days, shares are
0-1, signal/noise is in units of the station's band-passed background.
"""

from training.results.document import Ablation, Evaluation, decode, encode
from training.results.earthquakes import Criterion, Labelled, LabelStep, OnLabels, Verdict
from training.results.injections import (
    ActivityMeans,
    Cell,
    Drift,
    FalseAlarms,
    HalfFound,
    Injections,
    LeftOver,
    ManMade,
    Sensitivity,
)
from training.results.names import CLASSIFIER, CONTROL, KP_ONLY, NEGATIVE, RIVALS

__all__ = [
    "CLASSIFIER",
    "CONTROL",
    "KP_ONLY",
    "NEGATIVE",
    "RIVALS",
    "Ablation",
    "ActivityMeans",
    "Cell",
    "Criterion",
    "Drift",
    "Evaluation",
    "FalseAlarms",
    "HalfFound",
    "Injections",
    "LabelStep",
    "Labelled",
    "LeftOver",
    "ManMade",
    "OnLabels",
    "Sensitivity",
    "Verdict",
    "decode",
    "encode",
]
