"""Both targets of the Dockerfile, built by buildah in a chroot."""

from __future__ import annotations

import ast
import configparser
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.brokers import ROOT
from tests.containers.engine import Engine, output

# Options of pip that say how it reaches its packages; no other goes into a build.
REACH = {
    "cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url",
    "no-index", "proxy", "retries", "timeout", "trusted-host",
}  # fmt: skip
LAYERS_KEPT = "24h"  # so that packages stay current, and storage small


@dataclass(frozen=True)
class Image:
    """An image, and what it took."""

    name: str
    size_bytes: int
    build_s: float

    def __str__(self) -> str:
        return f"{self.name}: {self.size_bytes / 1e6:,.0f} MB, built in {self.build_s:.0f} s"


def build(engine: Engine, service: dict[str, Any]) -> Image:
    """The image of a service of docker-compose.yml."""
    name, target = service["image"], service["build"]["target"]
    began_s = time.monotonic()
    with TemporaryDirectory() as folder:
        engine.buildah(
            "build",
            "--isolation=chroot",
            "--pull=never",
            "--layers",
            *(f"--volume={mount}:ro" for mount in _mounts(Path(folder))),
            f"--target={target}",
            f"--tag={name}",
            str(ROOT / service["build"]["context"]),
        )
    return Image(name, size_bytes(engine, name), time.monotonic() - began_s)


def drop_old_layers(engine: Engine) -> None:
    """Remove what builds of earlier days have left."""
    engine.podman("image", "prune", "--force", f"--filter=until={LAYERS_KEPT}")


def size_bytes(engine: Engine, name: str) -> int:
    """Size of an image with all its layers."""
    return int(engine.podman("image", "inspect", "--format={{.Size}}", name))


def _mounts(folder: Path) -> Iterator[str]:
    """What a build sees of this machine: pip's configuration, and the files that it names."""
    options = _pip_options()
    config = configparser.RawConfigParser()
    config["global"] = options
    path = folder / "pip.conf"
    with path.open("w") as stream:
        config.write(stream)
    yield f"{path}:/etc/pip.conf"
    for text in " ".join(options.values()).split():
        if text.startswith("/") and Path(text).exists():
            yield f"{text}:{text}"


def _pip_options() -> dict[str, str]:
    """How pip reaches its packages here, by its files and by its environment, which comes last."""
    options = {}
    for line in output(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in ("global", ":env:") and option in REACH:
            options[option] = str(ast.literal_eval(value))
    return options
