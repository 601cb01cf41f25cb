"""What the runs did and found, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.chaos.doomed import FATES, STANDSTILL
from tests.chaos.storm import Run

KILLS = ("at a random instant", *(fate for fate in FATES if fate != STANDSTILL))


def as_row(run: Run) -> dict[str, object]:
    """One run as plain values."""
    return {
        "workload": run.workload,
        "broker": run.broker,
        "seed": run.plan.seed,
        "records": run.records,
        "windows": run.windows,
        "workers at once": run.plan.workers,
        "workers in all": run.recruited,
        "kills": run.kills.total(),
        **{f"kills {point}": run.kills[point] for point in KILLS},
        "workers ended": run.did["leave"],
        "workers that stood still": run.stood_still,
        "broker pauses": run.did["pause"],
        "broker kills and restarts": run.did["restart"],
        "records published again": run.repeated,
        "seconds": round(run.seconds, 1),
        "identical": not run.faults,
    }


def table(runs: Sequence[Run]) -> str:
    """A column for each run."""
    rows = [as_row(run) for run in runs]
    lines = [f"{name:<28}" + "".join(f"{row[name]!s:>16}" for row in rows) for name in rows[0]]
    faults = [f"{run.workload}, {run.broker}: {fault}" for run in runs for fault in run.faults]
    return "\n".join([*lines, *faults])


def as_json(runs: Sequence[Run]) -> str:
    """One line for machines."""
    return json.dumps({"chaos": [{**as_row(run), "faults": run.faults} for run in runs]})
