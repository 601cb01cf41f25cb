"""*Runbook*: docs/runbook.md inside Grafana."""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.builders import text
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.text import TextMode

from deploy.grafana.boards.parts import frame

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"


def runbook() -> Dashboard:
    """Return a newly built dashboard."""
    page = text.Panel().mode(TextMode.MARKDOWN).content(RUNBOOK.read_text(encoding="utf-8"))
    page.title("").description("docs/runbook.md").height(40).span(24)
    board = frame("runbook", "magwatch: runbook", "What to do about it.", tags=())
    return board.with_panel(page)
