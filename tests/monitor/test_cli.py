"""The command as a user meets it: a real process, its output and its exit code."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import COMMANDS, main
from monitor.kafka.embedded_broker import free_port
from monitor.kafka.topics import plans
from monitor.settings import Settings
from tests import processes

CLEAN = {name: text for name, text in os.environ.items() if not name.startswith("MAGWATCH_")}


def magwatch(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = CLEAN | {f"MAGWATCH_{name}": text for name, text in settings.items()}
    return processes.magwatch(*arguments, env=environment)


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of a refusal."""
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.strip().splitlines()
    return line


@pytest.fixture
def model(model_path: Path, tmp_path: Path) -> Path:
    """A copy of the model with its manifest, to be spoilt."""
    for suffix in (".onnx", ".json"):
        shutil.copy(model_path.with_suffix(suffix), tmp_path / f"copy{suffix}")
    return tmp_path / "copy.onnx"


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from monitor.cli import main; main(['--help'], standalone_mode=False); "
        "heavy = {'numpy', 'faust', 'onnxruntime', 'kafka', 'scipy', 'torch'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    began_s = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert time.monotonic() - began_s < 5
    assert all(name in result.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Example" in result.output
    assert f"magwatch {name}" in result.output or "make demo" in result.output


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    line = refused(magwatch("worker", MODEL=str(tmp_path / "none.onnx")))
    assert "no such model file" in line
    assert "MAGWATCH_MODEL" in line


def test_a_model_without_manifest_is_refused(model: Path) -> None:
    model.with_suffix(".json").unlink()
    assert "manifest is missing" in refused(magwatch("worker", MODEL=str(model)))


def test_an_altered_model_is_refused(model: Path) -> None:
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(bytes(content))
    assert "altered" in refused(magwatch("worker", MODEL=str(model)))


def test_a_newer_schema_is_refused(model: Path) -> None:
    edit_manifest(model, schema_version=99)
    assert "newer" in refused(magwatch("worker", MODEL=str(model)))


def test_another_shape_is_refused(model: Path) -> None:
    manifest = json.loads(model.with_suffix(".json").read_text())
    edit_manifest(model, window={**manifest["window"], "samples": 512})
    assert "shape" in refused(magwatch("worker", MODEL=str(model)))


def test_another_number_of_channels_is_refused(model: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="making a wrong model needs onnx")
    graph = onnx.load(model)
    next(port for port in graph.graph.input if port.name == "field").type.tensor_type.shape.dim[
        2
    ].dim_value = 2
    content = graph.SerializeToString()
    model.write_bytes(content)
    edit_manifest(model, sha256=hashlib.sha256(content).hexdigest())
    line = refused(magwatch("worker", MODEL=str(model)))
    assert "shape" in line or "cannot load" in line


def edit_manifest(model: Path, **fields: object) -> None:
    path = model.with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_bad_setting_ends_the_worker_with_its_name() -> None:
    result = magwatch("worker", METRICS_PORT="many")
    assert "MAGWATCH_METRICS_PORT: " in refused(result)
    assert result.returncode == 2


def test_an_unknown_setting_ends_the_worker(model_path: Path) -> None:
    assert "did you mean MAGWATCH_MODEL?" in refused(magwatch("worker", MODELL=str(model_path)))


def test_a_taken_metrics_port_is_named(model_path: Path) -> None:
    import socket  # noqa: PLC0415

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        line = refused(magwatch("worker", METRICS_PORT=port, MODEL=str(model_path)))
    assert "MAGWATCH_METRICS_PORT" in line


def test_check_says_what_to_do_without_a_broker(model_path: Path) -> None:
    result = magwatch("check", BROKER=f"127.0.0.1:{free_port()}", MODEL=str(model_path))
    assert result.returncode == 3
    lines = [line.split()[:2] for line in result.stdout.splitlines()]
    assert lines == [
        ["ok", "settings"],
        ["failed", "broker"],
        ["failed", "topics"],
        ["ok", "model"],
        ["ok", "profiles"],
    ]
    assert "magwatch broker" in result.stdout


def test_only_who_reads_profiles_asks_for_their_folder(
    tansu_address: str, model_path: Path, tmp_path: Path
) -> None:
    """README names the folder before there is one."""
    folder = str(tmp_path / "profiles")
    topics = magwatch("topics", BROKER=tansu_address, PROFILES=folder, TOPIC_PREFIX="folder.")
    assert topics.returncode == 0
    line = refused(magwatch("worker", BROKER=tansu_address, PROFILES=folder))
    assert f"MAGWATCH_PROFILES: no such folder: {folder}: make it (mkdir -p {folder})" in line
    check = magwatch("check", BROKER=tansu_address, PROFILES=folder, MODEL="minute-teo")
    assert check.returncode == 2
    assert "minute-teo" in check.stdout


def test_topics_are_created_once_and_check_is_content(broker: str, model_path: Path) -> None:
    prefix = f"cli{free_port()}."
    first = magwatch("topics", BROKER=broker, TOPIC_PREFIX=prefix)
    again = magwatch("topics", BROKER=broker, TOPIC_PREFIX=prefix)
    assert first.stdout.count("created") == len(plans(Settings()))
    assert again.stdout.count("exists") == len(plans(Settings()))
    check = magwatch("check", BROKER=broker, TOPIC_PREFIX=prefix, MODEL=str(model_path))
    assert check.returncode == 0, check.stdout


def test_alerts_without_topics_say_so(tansu_address: str) -> None:
    line = refused(magwatch("alerts", BROKER=tansu_address, TOPIC_PREFIX="none."))
    assert "magwatch topics" in line


def test_an_unreachable_broker_is_one_line() -> None:
    result = magwatch("topics", BROKER=f"127.0.0.1:{free_port()}")
    assert "no broker answers" in refused(result)
    assert result.returncode == 3
