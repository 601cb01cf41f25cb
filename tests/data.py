"""Where tests find real data: what geomagpy installs, and what may not be redistributed."""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from archive.observatory import read_file
from archive.recording import Recording

CHECKOUT = Path(__file__).parent.parent


def conrad(name: str) -> Path:
    """A file of the Conrad Observatory that geomagpy installs."""
    spec = find_spec("magpy")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "examples" / name


@cache
def quiet_day() -> Recording:
    """The Conrad Observatory's 29 August 2018, 1 s: geomagpy takes seconds to read its text."""
    return read_file(conrad("example5.sec"))


def shared_data() -> Path:
    """Folder of data that are not redistributed; skips the test where there is none."""
    folder = Path(os.environ.get("MAGWATCH_TEST_DATA", CHECKOUT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("observatory data that may not be redistributed are not here")
    return folder
