"""*Runbook*: docs/runbook.md where whoever is woken looks first."""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.builders import text
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.text import TextMode

from deploy.grafana.boards.parts import frame

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"


def runbook() -> Dashboard:
    """Built anew at each call."""
    page = text.Panel().mode(TextMode.MARKDOWN).content(RUNBOOK.read_text(encoding="utf-8"))
    page.title("").description("docs/runbook.md").height(40).span(24)
    board = frame("runbook", "magwatch: runbook", "What to do about it.", tags=())
    return board.with_panel(page)
