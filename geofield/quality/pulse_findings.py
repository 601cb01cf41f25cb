"""Man-made pulses and steps as findings of windows, beside those of instruments."""

from dataclasses import replace

import numpy as np

from geofield.quality.findings import Fault, FaultFinding
from geofield.quality.pulses import (
    SPIKE_SAMPLES,
    Pulse,
    find_pulses,
    rates,
    stand_out,
    tallest,
)
from geofield.series.samples import COMPONENTS
from geofield.types import Bool, Float64


def pulse_findings(
    field_nt: Float64, scale_nt: Float64, candidates: Bool, cadence_ms: int
) -> dict[int, tuple[FaultFinding, ...]]:
    """Pulses and steps that stand between calm, by window; one finding of each kind."""
    findings: dict[int, tuple[FaultFinding, ...]] = {}
    rows = np.flatnonzero(candidates)
    if not len(rows):
        return findings
    difference_nt = np.diff(field_nt[rows].swapaxes(1, 2))
    rate = rates(difference_nt, scale_nt[rows][..., None])
    for row in rows[stand_out(rate, cadence_ms).any(axis=1)].tolist():
        kinds: dict[Fault, list[Pulse]] = {}
        for pulse in find_pulses(field_nt[row], scale_nt[row], cadence_ms):
            kinds.setdefault(_kind(pulse, cadence_ms), []).append(pulse)
        if kinds:
            findings[row] = tuple(_measured(fault, pulses) for fault, pulses in kinds.items())
    return findings


def _kind(pulse: Pulse, cadence_ms: int) -> Fault:
    if not pulse.returns:
        return Fault.STEP
    brief = pulse.duration_s * 1000 <= SPIKE_SAMPLES * cadence_ms
    return Fault.SPIKE if brief else Fault.PULSE


def _measured(fault: Fault, pulses: list[Pulse]) -> FaultFinding:
    most = tallest(pulses)
    letters = "".join(np.compress(most.shows, COMPONENTS))
    return FaultFinding(fault, letters, most.height_nt, most.duration_s)


def together(
    unmeasured: tuple[FaultFinding, ...], measured: tuple[FaultFinding, ...]
) -> tuple[FaultFinding, ...]:
    """One finding of each kind, with the components of both, in the order of `Fault`."""
    findings = {finding.fault: finding for finding in unmeasured}
    for finding in measured:
        also = findings[finding.fault].components if finding.fault in findings else ""
        letters = "".join(c for c in COMPONENTS if c in finding.components + also)
        findings[finding.fault] = replace(finding, components=letters)
    return tuple(findings[fault] for fault in Fault if fault in findings)
