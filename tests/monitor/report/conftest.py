"""The history that all tests of reports read."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.model import default_model_path, load_model
from tests.monitor.report.kept import kept


@pytest.fixture(scope="package")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "history"
    return kept(folder, load_model(default_model_path()))
