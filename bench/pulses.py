"""Man-made pulses found and missed, and what the field did that was called man-made.

Run it with ``python -m bench.pulses``. It needs the observatory data of the tests; without them
only what geomagpy installs is judged. The background is the median of the quieter hours of each
file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from scipy.signal import fftconvolve, firwin

from archive.observatory import read_file
from bench.report import Row, publish
from geofield.quality.findings import Fault, FaultFinding
from geofield.quality.pulses import RATE_SCALES, rates
from geofield.quality.search import faults_of
from geofield.series.samples import Samples
from geofield.series.windows import WindowSpec, cut_out, under_windows
from geofield.types import Float64
from geofield.utc import DAY_MS, time_ms
from tests.data import CHECKOUT, conrad

SECONDS = WindowSpec(cadence_ms=1000, samples=256, hop=64, taps=385)
MINUTES = WindowSpec(cadence_ms=60_000, samples=128, hop=32, taps=129)
BAND_HZ = {1000: (0.005, 0.1), 60_000: (0.0006, 0.003)}
MAN_MADE = {Fault.STEP, Fault.SPIKE, Fault.PULSE}
QUIETER = 0.3
LIGHTNING = ("14:59:04", "15:00:09", "15:02:13", "15:03:01", "15:06:55")  # marked by hand
NOTE = """\
Fast: windows in which a rate of change reaches five scales in a sample. Called: those with a step,
a spike or a pulse. Marked: man-made pulses that are known; found: those whose window is called.
Episodes: called windows in a row without a marked pulse. Where the file is natural, these are
wrong; elsewhere they were looked at one by one."""


@dataclass(frozen=True, slots=True)
class Case:
    """A file and the moments at which something man-made is known in it.

    `natural` says that nothing else man-made is in it.
    """

    name: str
    file: str
    natural: bool
    marked: tuple[str, ...] = ()
    span: tuple[str, str] | None = None

    def path(self, data: Path) -> Path:
        """Where the file is: in geomagpy if it is one of its examples."""
        return conrad(self.file) if self.file.startswith("example") else data / self.file


CASES = (
    Case("WIC, May 2024, storm", "example4.cdf", True),
    Case("WIC, 29 Aug 2018", "example5.sec", True),
    Case("WIC, 3 Aug 2022", "1s/WIC_FGE_1s_2022-08-03.parquet", True),
    Case("WIC, 10 Aug 2022", "1s/WIC_FGE_1s_2022-08-10.parquet", True),
    Case("WIC, 22 Aug 2022", "1s/WIC_FGE_1s_2022-08-22.parquet", True),
    Case("WIC, 2 Nov 2017", "1s/WIC_LEMI036_1s_2017-11-02.parquet", True),
    Case(
        "HON, Feb-Mar 2024",
        "HON_1s_202402-20240316.parquet",
        True,
        ("2024-03-09T01:28:46Z", "2024-03-09T11:16:22Z"),
    ),
    Case(
        "HON, Mar-May 2024",
        "1s/HON_1s_20240317-20240508.parquet",
        True,
        ("2024-03-20T05:05:40Z",),
    ),
    Case("BOU, Apr 2014", "1s/BOU_1s_20140407-08.parquet", True),
    Case("FRN, Apr 2014", "1s/FRN_1s_20140407-08.parquet", True),
    Case("NEW, Apr 2014", "1s/NEW_1s_20140407-08.parquet", True),
    Case("GDH, Dec 2009", "1s/GDH_1s_2009-12-15.parquet", True),
    Case("CMO, Apr 2014", "1s/CMO_1s_20140407-08.parquet", False, ("2014-04-07T16:19:35Z",)),
    Case("DED, Apr 2014", "1s/DED_1s_20140407-08.parquet", False, ("2014-04-07T17:02:58Z",)),
    Case("BRW, Apr 2014", "1s/BRW_1s_20140407-08.parquet", False),
    Case("BSL, Apr 2014", "1s/BSL_1s_20140407-08.parquet", False),
    Case("FRD, Apr 2014", "1s/FRD_1s_20140407-08.parquet", False),
    Case("CNB, Aug 2012", "1s/CNB_1s_2012-08-02.parquet", False),
    Case("LUT, Jan 2023", "1s/LUT_1s_2023-01-01.parquet", False),
    Case("WIK, Sep 2011", "1s/WIK_LEMI_1s_2011-09-08.parquet", False),
    Case(
        "WIC, 2 Aug 2018, lightning",
        "1s/WIC_LEMI036_1s_2018-08-02.parquet",
        False,
        tuple(f"2018-08-02T{at}Z" for at in LIGHTNING),
    ),
    Case(
        "ESK, Halloween 2003, minutes",
        "1min/ESK_1min_2003.parquet",
        True,
        span=("2003-10-28T00:00:00Z", "2003-11-05T00:00:00Z"),
    ),
    Case("ESK, 2003, minutes", "1min/ESK_1min_2003.parquet", False),
    Case("HRN, 2009, minutes", "1min/HRN_1min_2009.parquet", False),
    Case("BFO, 2009, minutes", "1min/BFO_1min_2009.parquet", True),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A window: its end, whether it is fast, and what makes it man-made."""

    end_ms: int
    fast: bool
    findings: tuple[FaultFinding, ...]


def background_nt(samples: Samples, spec: WindowSpec) -> Float64:
    """Median deviation of the band-passed field in the quieter hours (or 60 samples): [3]."""
    taps = firwin(spec.taps, BAND_HZ[spec.cadence_ms], pass_zero=False, fs=1000 / spec.cadence_ms)
    hour = max(3_600_000 // spec.cadence_ms, 60)
    scale_nt = []
    for component in samples.field_nt.T:
        known = np.flatnonzero(~np.isnan(component))
        filled = np.interp(np.arange(len(component)), known, component[known])
        filtered = fftconvolve(filled - filled.mean(), taps, "same")
        filtered[np.isnan(component)] = np.nan
        hours = filtered[: len(filtered) // hour * hour].reshape(-1, hour)
        whole = hours[np.isnan(hours).mean(axis=1) < 0.1]
        away_nt = np.abs(whole - np.nanmedian(whole, axis=1, keepdims=True))
        scale_nt.append(np.quantile(1.4826 * np.nanmedian(away_nt, axis=1), QUIETER))
    return np.array(scale_nt)


def seen_in(samples: Samples, scale_nt: Float64, spec: WindowSpec) -> Iterator[Seen]:
    """Windows of samples that are complete enough, a day's at a time."""
    series = under_windows(samples, spec)
    for begin in range(0, len(series), 1350):
        part = type(series)(
            series.field_nt, series.ends[begin : begin + 1350], series.starts[begin : begin + 1350],
            series.lengths,
        )  # fmt: skip
        windows = cut_out(part, spec)
        found = faults_of(part, windows, windows.sufficient, scale_nt[None], [len(part)], spec)
        for row in np.flatnonzero(windows.sufficient).tolist():
            difference_nt = np.diff(windows.field_nt[row], axis=0).T[None]
            fast = bool(rates(difference_nt, scale_nt[:, None]).max() >= RATE_SCALES)
            man_made = tuple(one for one in found.get(row, ()) if one.fault in MAN_MADE)
            yield Seen(int(windows.end_ms[row]), fast, man_made)


def judged(case: Case, path: Path) -> Row:
    """One row of the table."""
    recording = read_file(path)
    spec = SECONDS if recording.cadence_ms == 1000 else MINUTES
    samples = recording.samples(recording.reference_declination_deg())
    scale_nt = background_nt(samples, spec)
    if case.span:
        part = recording.between(*map(time_ms, case.span))
        samples = part.samples(recording.reference_declination_deg())
    windows = list(seen_in(samples, scale_nt, spec))
    reach_ms = spec.length_ms + spec.margin_ms  # from the begin of the span to the window's end
    moments_ms = [time_ms(one) for one in case.marked]
    found = [
        any(one.findings and 0 <= one.end_ms - spec.length_ms // 2 - at_ms < 2 * spec.hop_ms
            for one in windows)
        for at_ms in moments_ms
    ]  # fmt: skip
    other = [
        bool(one.findings)
        and not any(-spec.margin_ms <= one.end_ms - at_ms <= reach_ms for at_ms in moments_ms)
        for one in windows
    ]
    fast, episodes = sum(one.fast for one in windows), _runs(other)
    return {
        "record": case.name,
        "days": round(len(windows) * spec.hop_ms / DAY_MS, 1),
        "windows": len(windows),
        "fast": fast,
        "called": sum(bool(one.findings) for one in windows),
        "marked": len(found),
        "found": sum(found),
        "other episodes": episodes,
        "wrong, windows": sum(other) if case.natural else None,
        "wrong, % of fast": 100 * sum(other) / max(fast, 1) if case.natural else None,
    }


def _runs(marks: list[bool]) -> int:
    return sum(now and not before for before, now in zip([False, *marks], marks, strict=False))


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(os.environ.get("MAGWATCH_TEST_DATA", CHECKOUT.parent / "shared" / "data")),
    show_default=True,
    help="Folder of observatory data.",
)
@click.option("--quick", is_flag=True, help="A try: the first two records.")
def main(data: Path, quick: bool) -> None:
    """Judge how well man-made pulses are told from the field, print a table and write JSON.

    \b
    Example:
      python -m bench.pulses --data ../shared/data
    """
    rows: list[Row] = []
    missing = []
    for case in CASES[:2] if quick else CASES:
        path = case.path(data)
        if path.exists():
            rows.append(judged(case, path))
        else:
            missing.append(case.file)
    absent = f"\nNot here, so not judged: {', '.join(missing)}." if missing else ""
    publish("pulses", rows, {"data": str(data)}, NOTE + absent)


if __name__ == "__main__":
    main()
