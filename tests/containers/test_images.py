"""What each image holds, and what its container may do."""

import tomllib
from typing import Any

import pytest

from tests.brokers import ROOT
from tests.containers.build import Image
from tests.containers.engine import Engine
from tests.containers.run import python, run

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
RIGHTS = """
import json, os, pathlib

def text(path):
    return pathlib.Path(path).read_text().strip() if os.path.exists(path) else ""

def writable(folder):
    try:
        (pathlib.Path(folder) / "trial").write_text("")
    except OSError as error:
        return error.strerror
    return "writable"

status = dict(line.split(":\\t", 1) for line in text("/proc/self/status").splitlines())
cgroup = "/sys/fs/cgroup/"
size = os.statvfs("/tmp")
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "capabilities": [status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privileges": status["NoNewPrivs"],
    "folders": {one: writable(one) for one in ("/", "/opt/magwatch", "/var/tmp", "/tmp")},
    "tmp_bytes": size.f_blocks * size.f_frsize,
    "memory": text(cgroup + "memory.max") or text(cgroup + "memory/memory.limit_in_bytes"),
    "pids": text(cgroup + "pids.max") or text(cgroup + "pids/pids.max"),
}))
"""
PACKAGES = """
import json
from importlib.metadata import distributions
print(json.dumps([one.name for one in distributions()]))
"""
NONE = "0000000000000000"
READ_ONLY = "Read-only file system"


@pytest.mark.parametrize("name", ["worker", "replay"])
def test_a_container_has_no_more_rights_than_it_needs(
    engine: Engine, composed: dict[str, Any], images: list[Image], name: str
) -> None:
    service = {**composed[name], "network_mode": "none"}
    found = python(engine, service, RIGHTS)
    assert found["user"] == [10001, 10001]
    assert found["capabilities"] == [NONE] * 4
    assert found["no_new_privileges"] == "1"
    assert found["folders"].pop("/tmp") == "writable"  # noqa: S108 - of the container
    assert set(found["folders"].values()) == {READ_ONLY}
    assert found["tmp_bytes"] == 256 << 20
    if "memory" in engine.controllers:
        assert found["memory"] == str(1 << 30)
    if "pids" in engine.controllers:
        assert found["pids"] == "128"


@pytest.mark.parametrize("name", ["worker", "replay"])
def test_a_container_is_of_this_version(
    engine: Engine, composed: dict[str, Any], images: list[Image], name: str
) -> None:
    service = {**composed[name], "network_mode": "none"}
    assert run(engine, service, "--version").split()[-1] == VERSION


def test_archive_formats_are_in_the_archive_image_alone_and_torch_in_none(
    engine: Engine, composed: dict[str, Any], images: list[Image]
) -> None:
    found = {name: set(python(engine, composed[name], PACKAGES)) for name in ("worker", "replay")}
    assert "onnxruntime" in found["worker"] & found["replay"]
    assert {"geomagpy", "pyarrow"} <= found["replay"] - found["worker"]
    assert not found["replay"] & {"torch", "pandas", "numba", "llvmlite"}
