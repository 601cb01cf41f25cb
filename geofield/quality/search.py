"""Search windows for faults: first the samples that they share, then those that may have one."""

import numpy as np

from geofield.quality.faults import examine
from geofield.quality.findings import FaultFinding
from geofield.quality.prefilter import needs_full_check
from geofield.series.windows import Series, Windows, WindowSpec
from geofield.types import Bool, Float64


def faults_of(
    series: Series,
    windows: Windows,
    wanted: Bool,
    scales_nt: Float64,
    counts: list[int],
    spec: WindowSpec,
) -> dict[int, tuple[FaultFinding, ...]]:
    """Find the faults of windows.

    Parameters
    ----------
    series, windows
        Samples of the windows in k segments, and the windows cut out of them.
    wanted
        Shape [n]: which windows to search; they must be sufficient.
    scales_nt
        Shape [k, 3]: background of the station of each segment.
    counts
        Windows of each segment.
    spec
        Shape of a window.

    Returns
    -------
    Findings by the number of the window, only of those that have any.
    """
    if not wanted.any():
        return {}
    rows = np.flatnonzero(wanted & needs_full_check(series, scales_nt, spec))
    if not len(rows):
        return {}
    scale_nt = np.repeat(scales_nt, counts, axis=0)[rows]
    findings = examine(windows.field_nt[rows], scale_nt, spec.cadence_ms)
    return {row: of_row for row, of_row in zip(rows.tolist(), findings, strict=True) if of_row}
