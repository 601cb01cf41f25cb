"""What every measurement ends in: a table on the screen and JSON in ``bench-output``."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TypeAlias

OUTPUT = Path("bench-output")
PACKAGES = ("faust-streaming", "aiokafka", "onnxruntime", "numpy")


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of repeated measurements, and how far they were apart."""

    median: float
    low: float
    high: float
    runs: int

    def __str__(self) -> str:
        return f"{_number(self.median)} ({_number(self.low)}-{_number(self.high)})"


Cell: TypeAlias = str | int | float | Spread | None
Row: TypeAlias = Mapping[str, Cell]


def spread(values: Sequence[float]) -> Spread:
    """Summarise the same measurement, repeated."""
    return Spread(median(values), min(values), max(values), len(values))


def publish(name: str, rows: Sequence[Row], asked: Mapping[str, object], note: str = "") -> Path:
    """Print the rows as a table and write them as JSON.

    Parameters
    ----------
    name
        Of the measurement and of its file.
    rows
        All with the same columns; units stand in the names of the columns.
    asked
        The parameters it was run with.
    note
        What a reader must know to understand the figures.
    """
    print(f"\n{name}\n{_table(rows)}")
    if note:
        print(note)
    OUTPUT.mkdir(exist_ok=True)
    path = OUTPUT / f"{name}.json"
    document = {"bench": name, **about(), "asked": asked, "note": note, "rows": list(rows)}
    path.write_text(json.dumps(document, indent=1, default=asdict) + "\n")
    return path


def about() -> dict[str, object]:
    """When, where and with what it was measured."""
    return {
        "at_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": {package: version(package) for package in PACKAGES},
    }


def _table(rows: Sequence[Row]) -> str:
    lines = [list(rows[0]), *([text(cell) for cell in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def text(cell: Cell) -> str:
    """As it is shown."""
    if cell is None:
        return "-"
    return _number(cell) if isinstance(cell, int | float) else str(cell)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
