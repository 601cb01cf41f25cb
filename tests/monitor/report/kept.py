"""A history with a gap, two alerts and instrument trouble, and what commands answer about it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from click.testing import CliRunner, Result

from archive.model import Model
from monitor.cli import main
from monitor.records.scores_and_alerts import FindingFields, PromiseFields
from tests.monitor.dashboard.builders import score_record
from tests.monitor.dashboard.kept import history
from tests.monitor.history.stores import record

DAY, MONTH = "2024-05-09", "2024-05"
STEP = FindingFields("step", "H", "step of 20 nT in 1 s")


def kept(folder: Path, model: Model) -> Path:
    """The history of `tests.monitor.dashboard.kept`, with steps in two parts of it."""
    troubled = [
        msgspec.structs.replace(
            score_record("WIC", number, 0.5),
            trouble=(STEP,),
            promise=PromiseFields(12.5, 0.4, 0, kept=True),
        )
        for number in (6, 7, 8, 20)
    ]
    more = [("scores", record(msgspec.json.encode(one))) for one in troubled]
    return history(folder, model, *more)


def ask(*arguments: object) -> Result:
    """What a command answers."""
    return CliRunner().invoke(main, ["report", *map(str, arguments)])
