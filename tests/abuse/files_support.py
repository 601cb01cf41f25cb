"""Files as they should not be, and commands that meet them."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner, Result

from archive.model import default_model_path
from monitor.cli import main
from tests.archive.builders import iaga2002
from tests.data import conrad
from tests.monitor.feeds import calibrated
from training.recipe.recipe import shipped_recipe

STATIONS = b"code,lat,lon\nWIC,47.9,15.9\nHON,21.3,202.0\n"
QUAKES = (
    b"time,latitude,longitude,depth,mag,id\n"
    b"2024-01-02T03:04:05Z,10.1,20.1,10.0,6.0,a\n2024-01-03T03:04:05Z,10.1,20.1,10.0,6.1,b\n"
)
TIB = 1 << 40
CAPABILITY_VERSION_3 = 0x20080522
IGNORING_MODES = 0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


def sec(site: Path) -> bytes:
    rows = [(21_000.0 + n, 12.0, 44_000.0, 48_000.0) for n in range(60)]
    return iaga2002(site / "good.sec", "HEZF", rows, "TST").read_bytes()


def parquet(site: Path, cadence_ms: int = 60_000, count: int = 3000) -> bytes:
    """Fifty hours, a sample a minute, or so many of another cadence."""
    times = np.datetime64("2024-01-01", "ms") + cadence_ms * np.arange(count)
    table = pa.table({"time": times, **{name: np.full(count, 20_000.0) for name in "HEZ"}})
    about = {"station": "TST", "components": "H nT, E nT, Z nT", "lat": "10.0", "lon": "20.0"}
    pq.write_table(table.replace_schema_metadata(about), site / "good.parquet")
    return (site / "good.parquet").read_bytes()


def noisy_day(site: Path) -> Path:
    """A quiet day of noise at a sample a second, and a profile by which it is an alert."""
    count = 86_400
    chance = np.random.default_rng(20)
    times = np.datetime64("2018-08-29", "ms") + 1000 * np.arange(count)
    field = {name: 20_000.0 + chance.normal(0, 0.1, count) for name in "HEZ"}
    about = {"station": "TST", "components": "H nT, E nT, Z nT", "lat": "10.0", "lon": "20.0"}
    table = pa.table({"time": times, **field}).replace_schema_metadata(about)
    pq.write_table(table, site / "day.parquet")
    pq.write_table(table.slice(0, count // 4), site / "morning.parquet")
    calibrated(site / "profiles", default_model_path(), "TST", 0.01)
    return site


def scoring(site: Path, *options: object) -> list[object]:
    """The command that scores its morning."""
    return ["score", site / "morning.parquet", "--profiles", site / "profiles", *options]


def cdf(_: Path) -> bytes:
    return conrad("example2.cdf").read_bytes()


def profile(site: Path) -> bytes:
    calibrated(site / "good", default_model_path(), "TST", 5.0)
    return (site / "good" / "TST.json").read_bytes()


def model(site: Path) -> bytes:
    shutil.copy(default_model_path().with_suffix(".json"), site / "model.json")
    return default_model_path().read_bytes()


def manifest(site: Path) -> bytes:
    shutil.copy(default_model_path(), site / "model.onnx")
    return default_model_path().with_suffix(".json").read_bytes()


def recipe(_: Path) -> bytes:
    return shipped_recipe("minute-teo.toml").read_bytes()


def catalogue(_: Path) -> bytes:
    return QUAKES


def missing(path: Path, good: bytes) -> None:
    pass


def pipe(path: Path, good: bytes) -> None:
    os.mkfifo(path)


def unix_socket(path: Path, good: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))  # its name may have 108 bytes


def device(path: Path, good: bytes) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path, good: bytes) -> None:
    path.mkdir()


def dangling_link(path: Path, good: bytes) -> None:
    path.symlink_to("gone")


def link_to_itself(path: Path, good: bytes) -> None:
    path.symlink_to(path.name)


def unreadable(path: Path, good: bytes) -> None:
    path.write_bytes(good)
    path.chmod(0)


def empty(path: Path, good: bytes) -> None:
    path.write_bytes(b"")


def huge(path: Path, good: bytes) -> None:
    path.write_bytes(good)
    os.truncate(path, TIB)


def rubbish(path: Path, good: bytes) -> None:
    path.write_bytes(bytes(range(256)) * 20)


def utf_16(path: Path, good: bytes) -> None:
    path.write_bytes(good.decode("latin-1").encode("utf-16"))


def nul_bytes(path: Path, good: bytes) -> None:
    """What a power cut leaves."""
    path.write_bytes(good[: len(good) // 2] + bytes(len(good) - len(good) // 2))


def cut(path: Path, good: bytes) -> None:
    path.write_bytes(good[: len(good) // 2])


def nested(path: Path, good: bytes) -> None:
    path.write_bytes(b'{"x":' * 100_000)


Spoil = Callable[[Path, bytes], None]
NO_FILES = (missing, pipe, unix_socket, device, folder, dangling_link, link_to_itself)
NOT_READABLE = (*NO_FILES, unreadable, huge)
DAMAGED = (empty, rubbish, utf_16, nul_bytes, cut)


def magwatch(*arguments: object, **settings: str) -> Result:
    """The command in this process, without the superuser's right to ignore the modes of files."""
    named = {f"MAGWATCH_{name}": text for name, text in settings.items()}
    with obedient():
        return CliRunner().invoke(main, [str(one) for one in arguments], env=named)


def refusal(result: Result) -> str:
    """The one line of a refusal."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code != 0, result.output
    lines = result.output.splitlines()
    assert len(lines) == 1, result.output
    assert len(lines[0]) > len("magwatch: ")
    return lines[0]


@contextmanager
def obedient() -> Iterator[None]:
    """Give up what lets root read any file; nothing to do for others."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    before = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, before) == 0
    lesser = (ctypes.c_uint32 * 6)(*before)
    lesser[0] &= ~IGNORING_MODES
    assert libc.capset(header, lesser) == 0
    try:
        yield
    finally:
        assert libc.capset(header, before) == 0
