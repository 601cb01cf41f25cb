"""One small model, trained once for all tests that need one."""

import os
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from tests.training.builders import write_archive, write_recipe
from training import half
from training.commands.train import train


@pytest.fixture(scope="session", autouse=True)
def _few_resamples():
    """Intervals of the small models are looked at by nobody: a tenth of the tails will do."""
    with patch.object(half, "_RESAMPLES", 40):
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A small archive and its recipe."""
    folder = tmp_path_factory.mktemp("training")
    write_archive(folder)
    write_recipe(folder)
    return folder


@pytest.fixture(scope="session")
def published(folder):
    """What `magwatch train` makes of them."""
    result = run_train(folder, folder / "one")
    assert result.exit_code == 0, result.output
    return folder / "one"


def run_train(folder, output, *more, cores=1):
    """The command, in this process; with more cores the arms are trained in others."""
    arguments = [str(folder / "tiny.toml"), "--data", str(folder), "--output", str(output), *more]
    with patch.object(os, "cpu_count", return_value=cores):
        return CliRunner().invoke(train, arguments)
