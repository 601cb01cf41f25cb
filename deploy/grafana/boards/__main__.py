"""Write every dashboard's JSON: `python -m deploy.grafana.boards`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.boards.model import model
from deploy.grafana.boards.network import network
from deploy.grafana.boards.pipeline import pipeline
from deploy.grafana.boards.runbook import runbook
from deploy.grafana.boards.station import station

FOLDER = Path(__file__).resolve().parents[1] / "dashboards"
BOARDS = (network, station, pipeline, model, runbook)


def rendered() -> Iterator[tuple[Path, str]]:
    """Path and JSON of each dashboard."""
    for make in BOARDS:
        yield FOLDER / f"{make.__name__}.json", _json(make())


def _json(board: Dashboard) -> str:
    built = board.build()
    for number, panel in enumerate(built.panels or [], start=1):
        panel.id_val = number  # links to a panel use this number
    return JSONEncoder(sort_keys=True, indent=2).encode(built) + "\n"


def main() -> None:
    """Write all dashboards."""
    FOLDER.mkdir(exist_ok=True)
    for path, content in rendered():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
