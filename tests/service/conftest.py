"""One stack of servers for all tests that need it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.model import default_model_path
from tests.service.servers import program
from tests.service.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    for name in ("prometheus", "alertmanager"):
        program(name)
    with running_stack(tmp_path_factory.mktemp("service"), Path(default_model_path())) as whole:
        yield whole
