"""A service of docker-compose.yml as options of `podman run`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from tests.deploy.composition import environment

# Order, restarts and logs are a supervisor's, ports and names the network's, see `run.py`
LEFT_OUT = {
    "build", "depends_on", "env_file", "healthcheck", "image", "logging", "networks", "ports",
    "profiles", "restart",
}  # fmt: skip
REPEATED = {
    "cap_drop": "--cap-drop",
    "security_opt": "--security-opt",
    "tmpfs": "--tmpfs",
    "volumes": "--volume",
}
LIMITS = {
    "cpus": ("cpu", "--cpus"),
    "memory": ("memory", "--memory"),
    "pids": ("pids", "--pids-limit"),
}
# podman's own are above what root may raise them to on some machines
ULIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")


def run_options(service: Mapping[str, Any], controllers: Set[str]) -> Iterator[str]:
    """Options that make a container what Compose would make of the service.

    Parameters
    ----------
    service
        As the compose file has it, with its variables filled in.
    controllers
        Resources that the kernel can limit; limits of others are left out.

    Raises
    ------
    ValueError
        If the service has a key that is not known here.
    """
    yield from ULIMITS
    for name, value in service.items():
        if name in REPEATED:
            yield from (f"{REPEATED[name]}={one}" for one in value)
        elif name == "user":
            yield f"--user={value}"
        elif name == "init":
            yield f"--init={value}".lower()
        elif name == "read_only":
            yield from (f"--read-only={value}".lower(), "--read-only-tmpfs=false")
        elif name == "stop_grace_period":
            yield f"--stop-timeout={value.removesuffix('s')}"
        elif name == "environment":
            yield from (f"--env={key}={text}" for key, text in environment(service).items())
        elif name == "deploy":
            yield from _limits(value["resources"]["limits"], controllers)
        elif name not in LEFT_OUT | {"command", "network_mode"}:
            raise ValueError(f"docker-compose.yml: {name} is not known to tests/containers")
    # of the thread that starts it: the tests have a network of their own
    yield f"--network={service.get('network_mode', 'host')}"


def not_limited(controllers: Set[str]) -> list[str]:
    """Limits of the compose file that cannot be set here."""
    return [name for name, (controller, _) in LIMITS.items() if controller not in controllers]


def _limits(limits: Mapping[str, Any], controllers: Set[str]) -> Iterator[str]:
    for name, value in limits.items():
        controller, option = LIMITS[name]
        if controller in controllers:
            yield f"{option}={value}"
