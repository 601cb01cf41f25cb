"""One small model, trained once for all tests that need one."""

import fcntl
import os
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from tests.training.builders import write_archive, write_recipe
from training.commands.train import train
from training.evaluation.injection import snr50 as half


@pytest.fixture(scope="session", autouse=True)
def _few_resamples():
    """Intervals of the small models are looked at by nobody: a tenth of the tails will do."""
    with patch.object(half, "_RESAMPLES", 40):
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory, worker_id):
    """A small archive and its recipe; several test processes share one."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "training"
    with alone(folder):
        if not (folder / "tiny.toml").exists():
            write_archive(folder)
            write_recipe(folder)
    return folder


@pytest.fixture(scope="session")
def published(folder):
    """What `magwatch train` makes of them, in the process that comes first."""
    with alone(folder):
        if not (folder / "one").exists():
            result = run_train(folder, folder / "one")
            assert result.exit_code == 0, result.output
    return folder / "one"


@contextmanager
def alone(folder):
    """The block runs in one test process at a time."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_train(folder, output, *more, cores=1):
    """The command, in this process; with more cores the arms are trained in others."""
    arguments = [str(folder / "tiny.toml"), "--data", str(folder), "--output", str(output), *more]
    with patch.object(os, "cpu_count", return_value=cores):
        return CliRunner().invoke(train, arguments)
