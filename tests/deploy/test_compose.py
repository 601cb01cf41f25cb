"""docker-compose.yml against the Compose specification, and against what we ask of a service."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from importlib.resources import files
from typing import Any

import click
import jsonschema
import pytest
import yaml

from monitor.cli import main
from monitor.settings import refuse_unknown
from tests.brokers import POM, ROOT
from tests.deploy.composition import (
    FILE,
    Unset,
    document,
    environment,
    services,
    variables,
)

PASSWORD = {"GRAFANA_ADMIN_PASSWORD": "for-the-test"}
SERVICES = services(**PASSWORD)
AS_WRITTEN = [
    "cap_drop", "command", "entrypoint", "image", "init", "logging", "network_mode", "read_only",
    "restart", "security_opt", "tmpfs", "user",
]  # fmt: skip
JOBS = {"topics", "calibrate", "replay"}
BUILT = ROOT / ".cache" / "compose" / "docker-compose"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
each_service = pytest.mark.parametrize("name", SERVICES)


def schema() -> dict[str, Any]:
    """The Compose specification's own schema, as check-jsonschema brings it."""
    path = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def docker_compose() -> list[str]:
    """Docker's Compose, or that of `make containers`; skips the test where neither is."""
    if shutil.which("docker"):
        version = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if version.returncode == 0:
            return ["docker", "compose"]
    if BUILT.exists():
        return [str(BUILT)]
    pytest.skip("no docker compose here; the schema is checked without it")


def ours(service: dict[str, Any]) -> bool:
    return str(service["image"]).startswith("magwatch-")


def test_the_file_is_valid_by_the_compose_specification() -> None:
    jsonschema.Draft7Validator(schema()).validate(document())


def test_the_schema_would_refuse_a_misspelt_key() -> None:
    broken = json.loads(json.dumps(document()))
    broken["services"]["kafka"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        jsonschema.Draft7Validator(schema()).validate(broken)


def test_docker_itself_reads_the_file_as_the_tests_do() -> None:
    result = subprocess.run(
        [*docker_compose(), "--env-file", os.devnull, "--profile", "*", "config", "--format=json"],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "HOME")} | PASSWORD,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    read = json.loads(result.stdout)["services"]
    assert {name: as_written(one) for name, one in read.items()} == {
        name: as_written(one) for name, one in SERVICES.items()
    }


def as_written(service: dict[str, Any]) -> dict[str, Any]:
    """The part of a service that Compose does not bring into another form."""
    return {
        **{key: service.get(key) for key in AS_WRITTEN},
        "environment": environment(service),
        "check": service.get("healthcheck", {}).get("test"),
    }


@each_service
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].split(":")[0] != "0"
    assert service["init"]
    assert service.get("read_only") or name == "kafka"
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & service.keys()
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


@each_service
def test_a_service_is_pinned_bounded_and_watched(name: str) -> None:
    service = SERVICES[name]
    tag = service["image"].partition(":")[2]
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag)
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= limits.keys()
    assert service["restart"] == ("no" if name in JOBS else "unless-stopped")
    assert ("healthcheck" in service) == (name not in JOBS)
    assert service["logging"]["options"]["max-size"]


@each_service
def test_nothing_listens_beyond_this_machine(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_metrics_of_workers_are_not_published_and_grafana_does_not_see_the_broker() -> None:
    assert "ports" not in SERVICES["worker"]
    assert SERVICES["grafana"]["networks"] == SERVICES["prometheus"]["networks"] == ["watch"]
    assert SERVICES["kafka"]["networks"] == ["stream"]


def test_there_is_no_default_password() -> None:
    with pytest.raises(Unset, match=r"set it in \.env"):
        services()
    assert "GRAFANA_ADMIN_PASSWORD=\n" in (ROOT / ".env.example").read_text(encoding="utf-8")


def test_the_example_names_every_variable_and_no_other() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.lstrip("#").partition("=")[0] for line in lines if re.match(r"#?[A-Z_]+=", line)}
    assert named - {"COMPOSE_PROFILES"} == variables()


def test_what_must_outlive_a_container_is_in_a_named_volume() -> None:
    mounts = [str(volume) for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = {mount.partition(":")[0] for mount in mounts if not mount.startswith(".")}
    assert named == document()["volumes"].keys() == {
        "alertmanager", "grafana", "history", "kafka", "profiles", "prometheus",
    }  # fmt: skip
    folders = {mount.partition(":")[0] for mount in mounts if mount.startswith(".")}
    assert all((ROOT / folder).is_dir() for folder in folders)


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if ours(service)])
def test_the_commands_and_settings_of_our_services_exist(name: str) -> None:
    command, *arguments = SERVICES[name]["command"]
    with click.Context(main) as context:
        found = main.get_command(context, command)
        assert found is not None
        found.make_context(command, arguments)
    refuse_unknown(environment(SERVICES[name]))


def test_versions_are_those_that_are_tested() -> None:
    assert SERVICES["kafka"]["image"].partition(":")[2] in POM.read_text(encoding="utf-8")
    version = PROJECT["project"]["version"]
    assert {s["image"].partition(":")[2] for s in SERVICES.values() if ours(s)} == {version}


def test_the_image_gets_every_package_of_the_distribution_and_no_torch() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    included = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {pattern.removesuffix("*") for pattern in included}
    assert copied == packages
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert all(f"!{name}\n" in ignored for name in packages)
    extras = PROJECT["project"]["optional-dependencies"]
    assert '[ingest,seedlink]"' in text
    named = [one for name in ("archive", "ingest", "seedlink") for one in extras[name]]
    for requirement in [*PROJECT["project"]["dependencies"], *named]:
        assert not requirement.startswith("torch")
    assert text.rstrip().splitlines()[-2].startswith("FROM base")
    assert "\nUSER 10001:10001\n" in text


def test_make_fills_in_a_password_of_its_own_and_never_another(tmp_path: Any) -> None:
    for name in ("Makefile", ".env.example"):
        shutil.copy(ROOT / name, tmp_path)
    made = []
    for _ in range(2):
        subprocess.run(["make", ".env"], cwd=tmp_path, check=True, capture_output=True)
        made.append((tmp_path / ".env").read_text(encoding="utf-8"))
    (password,) = re.findall(r"^GRAFANA_ADMIN_PASSWORD=(\w{32})$", made[0], re.MULTILINE)
    assert made[0] == made[1]
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert services(GRAFANA_ADMIN_PASSWORD=password)


@pytest.mark.parametrize("name", ["worker", "ingest"])
def test_prometheus_scrapes_every_worker_and_rules_are_mounted(name: str) -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    lookups = [
        lookup
        for job in config["scrape_configs"]
        for lookup in job.get("dns_sd_configs", [])
        if name in lookup["names"]
    ]
    assert [(one["type"], one["port"]) for one in lookups] == [("A", 9464)]
    assert FILE.exists()
