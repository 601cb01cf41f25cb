"""The document of an evaluation: all results, and their JSON."""

import msgspec
from msgspec import field

from training.results.earthquakes import Labelled, Verdict
from training.results.injections import Drift, Injections, ManMade
from training.results.names import Record


class Ablation(Record, frozen=True):
    """A row of the ablation.

    Attributes
    ----------
    loss, weight, margin, scale_policy
        The arm.
    auc, found
        Means over families and signal/noise of the injection benchmark on the validation days.
    collapsed
        Whether the network reconstructs no better than zeros.
    night_share, day_share
        Share of quiet windows above the score that 1 % of the training windows exceed, at local
        night and day.
    daily_spread
        Largest share of a day less the smallest.
    elsewhere_share
        The share at another station, of which only the scale was fitted; None without its data.
    label_auc
        AUC on real labels; None without labels.
    softness
        Softness of the margin; None for forms without softness.
    """

    loss: str
    weight: float
    margin: float
    scale_policy: str
    auc: float
    found: float
    collapsed: bool
    night_share: float
    day_share: float
    daily_spread: float
    elsewhere_share: float | None = None
    label_auc: float | None = None
    softness: float | None = None


class Evaluation(Record, frozen=True):
    """All results of the evaluation of a model.

    Attributes
    ----------
    model, version, sha256
        Name, version and hash of the model file.
    injections, labelled, ablation
        Results by kind of evaluation.
    drift, man_made
        False alarms long after a calibration, and pulses that no field makes.
    verdict
        Verdict, which goes into the manifest.
    facts
        Further figures by name: windows trained on, seeds, steps, minutes.
    left_out
        Spans of time that were left out of the archive, with reasons if they were given.
    """

    model: str
    version: str
    sha256: str
    verdict: Verdict
    injections: list[Injections] = field(default_factory=list)
    labelled: list[Labelled] = field(default_factory=list)
    ablation: list[Ablation] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    man_made: list[ManMade] = field(default_factory=list)


def encode(evaluation: Evaluation) -> bytes:
    """Encode an evaluation as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(evaluation), indent=2) + b"\n"


def decode(content: bytes) -> Evaluation:
    """Decode the output of `encode`.

    Raises
    ------
    msgspec.MsgspecError
        If it is not an evaluation.
    """
    return msgspec.json.decode(content, type=Evaluation)
