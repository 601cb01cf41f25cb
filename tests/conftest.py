"""Brokers for every test that needs one; each test uses topics and a group of its own."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from tests.brokers import OWN_KAFKA, ROOT, SHARED, NoKafka, SharedKafka, apache_kafka, tansu

# Processes that tests start are of this checkout, whichever one the environment was made for.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
)

NEEDS_TORCH = ["training", "bench/test_shapes.py"]
collect_ignore = [] if find_spec("torch") else NEEDS_TORCH

# No deadlines: brokers on the same machine make it slow now and then. In CI the same examples
# every time.
settings.register_profile("magwatch", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("magwatch")

# Begun first, the longest foremost, so that no process has minutes of them to itself at the end.
LONGEST = [
    "documents", "chaos", "calibrate", "seedlink", "natively", "publish", "demo", "teo", "restart",
    "abuse_run", "readers", "service_answers", "page", "budget", "two_models", "standstill", "fuzz",
    "evaluate", "live", "secured_broker", "as_archive", "end_to_end", "printing", "stopping",
    "wheel",
]  # fmt: skip


def pytest_report_header() -> str | None:
    return f"left out for want of PyTorch: {', '.join(collect_ignore)}" if collect_ignore else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {f"test_{name}": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


def pytest_configure(config: pytest.Config) -> None:
    """Several processes share one Apache Kafka: it costs as much to start as many tests."""
    alone = not getattr(config.option, "numprocesses", None)
    if alone or hasattr(config, "workerinput") or OWN_KAFKA in os.environ:
        return
    folder = TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    config.add_cleanup(SharedKafka(Path(folder.name)).stop)  # before the folder goes
    os.environ[SHARED] = folder.name


@pytest.fixture(scope="session")
def tansu_address() -> Iterator[str]:
    with tansu() as address:
        yield address


@pytest.fixture(scope="session")
def kafka_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with apache_kafka(tmp_path_factory.mktemp("kafka")) as address:
            yield address
    except NoKafka as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["tansu", "kafka"])
def broker(request: pytest.FixtureRequest) -> str:
    """Address of each broker in turn."""
    address: str = request.getfixturevalue(f"{request.param}_address")
    return address
