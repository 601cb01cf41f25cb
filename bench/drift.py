"""False alerts weeks after a calibration: with the profile as it was made, and living on.

Run it with ``python -m bench.drift``. It needs the observatory data of the tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from archive.model import Model, load_model
from bench.report import Row, publish
from geofield.calibration.false_alarm_budget import openings
from geofield.calibration.living.budget import lived
from geofield.calibration.living.rules import LivingRules, half_life_ms
from geofield.calibration.pareto import poisson_interval
from geofield.utc import DAY_MS, time_ms
from monitor.assembly import alert_rules, window_spec
from monitor.offline.calibration.archive_parts import read_parts
from monitor.offline.calibration.calibrate import Calibrated, CalibrationPlan, calibrated
from monitor.settings import load_settings
from support.spans import Span
from tests.data import CHECKOUT

EXPORTS = CHECKOUT / "exports"
RATES_DAYS = (1.0, 2.0, 3.5, 7.0, 14.0, 30.4375)
WEEKLY_DAYS = (7.0, 30.4375)  # minutes have about one independent peak a day
NOTE = """\
Asked: alerts promised in the later quiet data, with the central 95 % interval of a Poisson count.
As made: alerts opened with the threshold of the calibration; living: with the profile living on."""


@dataclass(frozen=True, slots=True)
class Case:
    """Files of a station, and the first moment after its calibration."""

    files: tuple[str, ...]
    until: str
    to: str = "2100-01-01T00:00:00Z"
    group: str = ""

    @property
    def name(self) -> str:
        """The station, and when its calibration ends."""
        return f"{Path(self.files[0]).name[:3]} to {self.until[:10]}"


HON = ("HON_1s_202402-20240316.parquet", "1s/HON_1s_20240317-20240508.parquet")
WIC = tuple(f"1s/WIC_FGE_1s_2022-08-{day}.parquet" for day in ("03", "10", "22"))
EIGHT, FIVE = "8 stations, 1 s", "5 stations, 1 min"
CASES = [
    *(Case(HON, f"2024-03-{day}T00:00:00Z") for day in ("17", "13", "09")),
    *(
        Case((f"1s/{code}_1s_20140407-08.parquet",), "2014-04-08T00:00:00Z", group=EIGHT)
        for code in ("BOU", "BRW", "BSL", "CMO", "DED", "FRD", "FRN", "NEW")
    ),
    Case(WIC, "2022-08-09T00:00:00Z"),
    *(
        Case((f"1min/{name}.parquet",), f"{name[-4:]}-07-02T00:00:00Z", group=FIVE)
        for name in ("BFO_1min_2009", "ESK_1min_2003", "HRN_1min_2009")
    ),
    Case(("SLZ_1min_2013.parquet",), "2013-07-02T00:00:00Z", group=FIVE),
    Case(
        ("TEO_1min_2002-2016.parquet",),
        "2003-01-01T00:00:00Z",
        "2003-07-02T00:00:00Z",
        FIVE,
    ),
]  # fmt: skip


@dataclass(slots=True)
class Count:
    """Alerts promised and opened, of one station or of several."""

    asked: float = 0.0
    made: int = 0
    living: int = 0

    def row(self, name: str, days: float) -> Row:
        """The row of the table."""
        low, high = poisson_interval(self.asked)
        return {
            "calibrated": name,
            "one in, days": days,
            "asked": round(self.asked, 2),
            "95 %": f"{low}-{high}",
            "as made": self.made,
            "living": self.living,
            "living, verdict": "within" if low <= self.living <= high else "outside",
        }


def counts(case: Case, data: Path, model: Model) -> Iterator[tuple[float, Count]]:
    """Counts of the alerts of one case at each rate."""
    settings = load_settings()
    window = window_spec(settings, model.manifest)
    plan = CalibrationPlan(
        window,
        alert_rules(settings),
        1.0,
        check_from_ms=time_ms(case.until),
        living=LivingRules(half_life_ms(window)),
    )
    span = Span(0, time_ms(case.to))
    parts = read_parts([data / name for name in case.files], None, span, (), model.manifest)
    fitted = calibrated(parts, model, plan)
    for days in WEEKLY_DAYS if model.manifest.window.cadence_ms > 1000 else RATES_DAYS:
        yield days, _count(fitted, plan, days)


def _count(fitted: Calibrated, plan: CalibrationPlan, days: float) -> Count:
    later, living = fitted.later, plan.living_setting
    assert later is not None
    assert living is not None
    profile = fitted.profile.at_rate(30.4375 / days)
    return Count(
        len(later) * plan.window.hop_ms / DAY_MS / days,
        len(openings(later, profile.threshold, plan.alert, plan.window)),
        len(lived(profile, later, living).opened_ms),
    )


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(os.environ.get("MAGWATCH_TEST_DATA", CHECKOUT.parent / "shared" / "data")),
    show_default=True,
    help="Folder of observatory data.",
)
@click.option("--quick", is_flag=True, help="A try: Honolulu only.")
def main(data: Path, quick: bool) -> None:
    """Count false alerts after calibrations, print a table and write JSON.

    \b
    Example:
      python -m bench.drift --data ../shared/data
    """
    rows: list[Row] = []
    pooled: dict[tuple[str, float], Count] = {}
    for case in CASES[:1] if quick else CASES:
        name = "minute-teo" if "1min" in case.files[0] else "ulf-1hz"
        for days, count in counts(case, data, load_model(EXPORTS / f"{name}.onnx")):
            rows.append(count.row(case.name, days))
            if case.group:
                total = pooled.setdefault((case.group, days), Count())
                total.asked += count.asked
                total.made += count.made
                total.living += count.living
    rows += [total.row(group, days) for (group, days), total in pooled.items()]
    publish("drift", rows, {"data": str(data)}, NOTE)


if __name__ == "__main__":
    main()
