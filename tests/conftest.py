"""Brokers for every test that needs one; each test uses topics and a group of its own."""

from collections.abc import Iterator

import pytest

from tests.brokers import NoKafka, apache_kafka, tansu


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
