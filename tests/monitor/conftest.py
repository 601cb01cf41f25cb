"""The shipped model, and a site of topics for each test."""

import os
from pathlib import Path

import pytest

from archive.model import default_model_path
from tests.monitor.workers import Site, new_site


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The shipped model; another one by MAGWATCH_TEST_MODEL."""
    return Path(os.environ.get("MAGWATCH_TEST_MODEL") or default_model_path())


@pytest.fixture
def site(broker: str, tmp_path: Path, model_path: Path) -> Site:
    """A site on each broker in turn."""
    return new_site(broker, tmp_path, model_path)


@pytest.fixture
def kafka_site(kafka_address: str, tmp_path: Path, model_path: Path) -> Site:
    """A site on Apache Kafka."""
    return new_site(kafka_address, tmp_path, model_path)


@pytest.fixture
def tansu_site(tansu_address: str, tmp_path: Path, model_path: Path) -> Site:
    """A site on the embedded broker."""
    return new_site(tansu_address, tmp_path, model_path)
