"""Every file that a command reads may be anything: one line says which it is and what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.model import default_model_path
from tests.abuse.files_support import (
    DAMAGED,
    NOT_READABLE,
    STATIONS,
    Spoil,
    catalogue,
    cdf,
    cut,
    empty,
    magwatch,
    manifest,
    missing,
    model,
    nested,
    parquet,
    pipe,
    profile,
    recipe,
    refusal,
    rubbish,
    sec,
    unreadable,
)

pytestmark = pytest.mark.timeout(30)


@dataclass(frozen=True)
class Role:
    """A file that a command reads: its name, its content as it should be, and the command."""

    name: str
    good: Callable[[Path], bytes]
    arguments: tuple[str, ...]
    settings: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.arguments[0]}-{self.name}"


MINUTES = str(default_model_path().with_name("minute-teo.onnx"))
EVALUATE = ("evaluate", "--model", MINUTES, "--inject", "--data")
ON_EARTHQUAKES = (*EVALUATE, "good.parquet", "--catalogue")
TRAIN = ("train", "minute-teo.toml", "--data", ".", "--output", "out")
ROLES = (
    Role("a.sec", sec, ("score", "a.sec")),
    Role("a.parquet", parquet, ("score", "a.parquet")),
    Role("a.cdf", cdf, ("replay", "a.cdf")),
    Role("profiles/TST.json", profile, ("profiles", "--profiles", "profiles")),
    Role("model.onnx", model, ("promote", "model.onnx")),
    Role("model.json", manifest, ("score", "a.sec", "--model", "model.onnx")),
    Role("stations.csv", lambda _: STATIONS, ("dashboard", "--stations", "stations.csv")),
    Role("minute-teo.toml", recipe, TRAIN),
    Role("q.csv", catalogue, (*ON_EARTHQUAKES, "q.csv")),
    Role("q.geojson", lambda _: b'{"features": []}', (*ON_EARTHQUAKES, "q.geojson")),
    Role("q.xml", lambda _: b"<xml/>", (*ON_EARTHQUAKES, "q.xml")),
    Role("q.csv.gz", catalogue, (*ON_EARTHQUAKES, "q.csv.gz")),
)
# The same readers in other commands.
MORE_ROLES = (
    Role("a.sec", sec, ("calibrate", "a.sec")),
    Role("a.parquet", parquet, (*EVALUATE, "a.parquet")),
    Role("profiles/TST.json", profile, ("score", "a.sec", "--profiles", "profiles")),
    Role("profiles/TST.json", profile, ("worker", "--profiles", "profiles")),
    Role("profiles/TST.json", profile, ("dashboard", "--profiles", "profiles")),
    Role("model.onnx", model, ("worker",), (("MODEL", "model.onnx"),)),
    Role("r.toml", recipe, (*EVALUATE, "good.parquet", "--recipe", "r.toml")),
    Role("out/minute-teo.ablation.json", lambda _: b"[]", TRAIN),
)
CASES = [
    *((role, spoil) for role in ROLES for spoil in (*NOT_READABLE, *DAMAGED)),
    *((role, spoil) for role in MORE_ROLES for spoil in (pipe, unreadable, empty, rubbish)),
    *((role, nested) for role in (*ROLES, *MORE_ROLES) if role.name.endswith("json")),
]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ("profiles", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "minute-teo.toml").write_bytes(recipe(tmp_path))
    parquet(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("role", "spoil"),
    [pytest.param(*case, id=f"{case[0]}-{case[1].__name__}") for case in CASES],
)
def test_one_line_names_the_file_and_nothing_hangs(role: Role, spoil: Spoil, site: Path) -> None:
    path, good = site / role.name, role.good(site)
    path.unlink(missing_ok=True)
    spoil(path, good)
    result = magwatch(*role.arguments, **dict(role.settings))
    if spoil is missing and role.name.startswith("profiles"):
        assert "no such file" not in result.output  # a station may be without a profile
        return
    assert path.name in refusal(result)


@pytest.mark.parametrize(
    "role",
    [role for role in (*ROLES, *MORE_ROLES) if role.name.endswith(("sec", "cdf", "json", "quet"))],
    ids=str,
)
def test_a_file_cut_in_the_middle_looks_cut_off(role: Role, site: Path) -> None:
    good = b'[{"loss":' if "ablation" in role.name else role.good(site)
    cut(site / role.name, good + b" " * ("ablation" in role.name) * len(good))
    assert "cut off" in refusal(magwatch(*role.arguments, **dict(role.settings)))
