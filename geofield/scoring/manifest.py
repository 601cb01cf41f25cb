"""The manifest beside a model file: its input, its provenance, and its verdict."""

from dataclasses import dataclass, field

from geofield.series.windows import WindowSpec

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ModelWindow:
    """The window a model was trained on.

    Attributes
    ----------
    cadence_ms
        Sampling interval of the input, ms.
    samples
        Length of the window after the filter, in input samples.
    hop
        Distance between windows in the evaluation, in samples.
    taps
        Length of the FIR inside the graph, in samples.
    step
        The network takes every `step`-th filtered sample.
    low_hz, high_hz
        Pass band of the FIR, Hz.
    """

    cadence_ms: int
    samples: int
    hop: int
    taps: int
    step: int
    low_hz: float
    high_hz: float

    def spec(self, hop: int | None = None, lateness: int = 60, max_gap: int = 5) -> WindowSpec:
        """The window of the online monitor; the operator may choose hop, lateness and gap."""
        return WindowSpec(
            self.cadence_ms, self.samples, hop or self.hop, self.taps, lateness, max_gap
        )


@dataclass(frozen=True, slots=True)
class Provenance:
    """Origin of the training data: enough to find them again and to give credit."""

    station: str
    source: str
    licence: str
    files_sha256: dict[str, str]
    train_days: tuple[str, ...]
    validation_days: tuple[str, ...]
    test_days: tuple[str, ...]
    non_seismic: str
    seismic: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of ``<name>.json``.

    Attributes
    ----------
    schema_version
        Version of this layout; a reader refuses a newer one.
    name, version
        Name and version of the model.
    sha256
        Hash of the model file, hexadecimal.
    window
        Window of the model's input.
    components
        Order of the channels.
    reference_scale_nt
        Scale of the training station, H, E, Z in nT.
    skill
        Verdict of the evaluation in words; part of every alert.
    provenance
        Origin of the training data.
    recipe
        Name and sha256 of the recipe file, seed, library versions.
    headline
        What an operator gets, in a sentence; empty if no transients were tried.
    """

    schema_version: int
    name: str
    version: str
    sha256: str
    window: ModelWindow
    components: tuple[str, str, str]
    reference_scale_nt: tuple[float, float, float]
    skill: str
    provenance: Provenance
    recipe: dict[str, str] = field(default_factory=dict)
    headline: str = ""
