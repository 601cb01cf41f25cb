"""Kafka started as its image starts it: the image's own code turns KAFKA_… into a configuration.

`kafka.docker.KafkaDockerWrapper` is what the image apache/kafka runs before the broker; it is in
Kafka's jar. What the container's network and volume would do is done to the values here: names and
ports become free ports of this machine, the volume a folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from monitor.kafka.embedded_broker import free_port
from tests.brokers import KafkaProcess
from tests.deploy.composition import environment
from tests.deploy.natively import replaced

DATA = "/var/lib/kafka/data"


class ImageKafka(KafkaProcess):
    """A Kafka with the compose file's own environment; `address` is the listener for workers."""

    def __init__(self, jars: Path, folder: Path, service: dict[str, Any], host_port: int) -> None:
        self._service, self._host_port = service, host_port
        super().__init__(jars, folder)
        self.host_address = f"127.0.0.1:{host_port}"

    def _prepare(self) -> None:
        """As the image's start script: configuration from the environment, data formatted."""
        options = []
        for name in ("default", "mounted", "final"):
            (self._folder / name).mkdir()
            options.append(f"--{name}-configs-dir={self._folder / name}")
        variables = {"PATH": os.environ["PATH"], **self._environment()}
        self._run("kafka.docker.KafkaDockerWrapper", "setup", *options, environment=variables)
        self._config = self._folder / "final" / "server.properties"

    def _environment(self) -> dict[str, str]:
        controller = free_port()
        here = {
            "kafka:9092": f"127.0.0.1:{self._port}",
            "://:9092": f"://127.0.0.1:{self._port}",
            "://:9093": f"://127.0.0.1:{controller}",
            "@localhost:9093": f"@127.0.0.1:{controller}",
            "://:9094": f"://127.0.0.1:{self._host_port}",
            DATA: str(self._folder / "data"),
        }
        return {name: replaced(text, here) for name, text in environment(self._service).items()}
