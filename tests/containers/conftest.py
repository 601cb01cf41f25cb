"""The images and the broker that the tests of this folder share; skipped unless asked for."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from monitor.kafka.embedded_broker import embedded_broker
from monitor.settings import Settings
from tests.containers.base_image import base_image, base_name
from tests.containers.build import Image, build, drop_old_layers, size_bytes
from tests.containers.engine import Engine, EngineMissing, container_engine
from tests.containers.options import not_limited
from tests.containers.run import private_network
from tests.deploy.composition import services
from tests.monitor.workers import Site

ASKED = "MAGWATCH_TEST_CONTAINERS"
KAFKA_PORT = 9092
REPORT = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    if ASKED not in os.environ:
        pytest.skip("building images takes minutes: `make containers`")
    try:
        with container_engine() as found:
            yield found
    except EngineMissing as reason:
        pytest.fail(str(reason))


@pytest.fixture(scope="session")
def composed() -> dict[str, dict[str, Any]]:
    """The services of docker-compose.yml, the replay as fast as it can."""
    return services(GRAFANA_ADMIN_PASSWORD="unused", REPLAY_SPEED="max")  # noqa: S106


@pytest.fixture(scope="session")
def images(
    engine: Engine, composed: dict[str, dict[str, Any]], pytestconfig: pytest.Config
) -> list[Image]:
    """Both targets, `worker` and `archive`."""
    drop_old_layers(engine)
    base_mb = size_bytes(engine, base_image(engine)) / 1e6
    built = [build(engine, composed[name]) for name in ("worker", "replay")]
    pytestconfig.stash[REPORT] = [
        *map(str, built),
        f"{base_mb:,.0f} MB of each are the stand-in for {base_name()}",
        *(f"not limited here: {name}" for name in not_limited(engine.controllers)),
    ]
    return built


@pytest.fixture(scope="module")
def site(images: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker where the compose file has it, on a network that the machine does not see."""
    with private_network(), embedded_broker(KAFKA_PORT) as broker:
        yield Site(Settings(broker=broker.address), tmp_path_factory.mktemp("site"))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if lines := config.stash.get(REPORT, []):
        terminalreporter.section("images")
        for line in lines:
            terminalreporter.write_line(line)
