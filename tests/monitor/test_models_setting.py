"""MAGWATCH_MODEL with several models: what is taken and refused, and what commands make of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from archive.shipped import shipped_models
from geofield.utc import MINUTE_MS
from monitor.assembly import assemble_all, load_models, model_paths
from monitor.cli import main
from monitor.errors import SettingsRefused
from monitor.settings import load_settings
from tests.archive.builders import HEADER
from tests.monitor.feeds import calibrated

BOTH = "ulf-1hz,minute-teo"
MODELS = shipped_models()


def run(*arguments: str, **settings: str) -> Result:
    env = {f"MAGWATCH_{name.upper()}": text for name, text in settings.items()}
    return CliRunner().invoke(main, arguments, env={"MAGWATCH_MODEL": BOTH, **env})


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    """Profiles of WIC for both models, that of seconds under a name without a model."""
    for name in ("ulf-1hz", "minute-teo"):
        calibrated(tmp_path / name, MODELS[name], "WIC", 1.5)
    folder = tmp_path / "ulf-1hz"
    (tmp_path / "minute-teo" / "WIC.json").rename(folder / "WIC.minute-teo.json")
    return folder


def test_names_and_files_are_taken_in_their_order() -> None:
    settings = load_settings(model=f"minute-teo, {MODELS['ulf-1hz']}")
    assert model_paths(settings) == (MODELS["minute-teo"], MODELS["ulf-1hz"])
    cadences_ms = [one.accepts.cadence_ms for one in assemble_all(settings)]
    assert cadences_ms == [MINUTE_MS, 1000]


def test_one_model_is_one_path_as_ever() -> None:
    assert load_settings(model="ulf-1hz").model == MODELS["ulf-1hz"]
    (only,) = load_models(load_settings())
    assert only.path == MODELS["ulf-1hz"]
    assert only.names.of("WIC") == "WIC"


@pytest.mark.parametrize(
    ("models", "says"),
    [
        ("ulf-1hz,,minute-teo", "MAGWATCH_MODEL: a name between commas is missing"),
        ("ulf-1hz,ulf-1hz", "ulf-1hz and ulf-1hz both take one sample every 1 s"),
        (
            f"minute-teo,{MODELS['minute-teo'].parent / 'rivals' / 'minute-teo-control.onnx'}",
            "both take one sample every 60 s",
        ),
    ],
)
def test_two_models_of_one_cadence_are_refused_by_the_setting(models: str, says: str) -> None:
    with pytest.raises(SettingsRefused, match=r"^MAGWATCH_MODEL: ") as refused:
        assemble_all(load_settings(model=models))
    assert says in str(refused.value)


def test_minutes_are_derived_only_for_a_model_of_minutes() -> None:
    with pytest.raises(SettingsRefused, match=r"^MAGWATCH_DERIVE_MINUTES: no model"):
        assemble_all(load_settings(derive_minutes=True))
    seconds, minutes = assemble_all(load_settings(model=BOTH, derive_minutes=True))
    assert seconds.accepts.cadences_ms == (1000,)
    assert minutes.accepts.cadences_ms == (MINUTE_MS, 1000)
    assert minutes.accepts.shares
    (alone,) = assemble_all(load_settings(model="minute-teo", derive_minutes=True))
    assert not alone.accepts.shares


def test_each_model_has_its_own_profiles(profiles: Path) -> None:
    seconds, minutes = assemble_all(load_settings(model=BOTH, profiles=profiles))
    for one in (seconds, minutes):
        (version,) = one.rules.profiles["WIC"]
        assert version.model_sha256 == one.rules.model.sha256


def test_check_has_a_line_for_each_model(profiles: Path) -> None:
    said = run("check", profiles=str(profiles), broker="localhost:1").output
    assert "ulf-1hz 2" in said
    assert "minute-teo " in said
    assert "minute-teo: 1 stations, 0 with a position: WIC" in said
    listed = run("settings").output.replace("\n", "").replace(" ", "")
    assert ",".join(str(MODELS[name]) for name in ("ulf-1hz", "minute-teo")) in listed


def archive(path: Path, count: int = 1200, step_s: int = 1) -> Path:
    """Write an IAGA-2002 file of WIC with a sample every `step_s` seconds."""
    noise_nt = np.random.default_rng(1).normal(0, 0.1, (count, 3))
    lines = []
    for number, (h, e, z) in enumerate(noise_nt.tolist()):
        at = datetime(2024, 1, 31, tzinfo=UTC) + timedelta(seconds=number * step_s)
        values = f"{21_000 + h:9.2f} {480 + e:9.2f} {44_000 + z:9.2f} {99_999:9.2f}"
        lines.append(f"{at:%Y-%m-%d %H:%M:%S}.000 031    {values}\n")
    columns = "      ".join(f"WIC{element}" for element in "HEZF")
    path.write_text(HEADER.format(code="WIC", reported="HEZF", columns=columns) + "".join(lines))
    return path


def test_score_gives_each_file_to_the_model_of_its_cadence(profiles: Path, tmp_path: Path) -> None:
    seconds = archive(tmp_path / "wic.sec")
    output = tmp_path / "scores.jsonl"
    result = run("score", str(seconds), "--no-kp", "-o", str(output), profiles=str(profiles))
    assert result.exit_code == 0, result.output
    assert set(_models(output)) == {"ulf-1hz"}
    deriving = run(
        *("score", str(seconds), "--no-kp", "-o", str(output), "--model", "ulf-1hz"),
        profiles=str(profiles),
        derive_minutes="true",
    )
    assert deriving.exit_code == 0, deriving.output
    assert set(_models(output)) == {"ulf-1hz"}


def _models(scores: Path) -> list[str]:
    return [line.split('"model":{"name":"')[1].split('"')[0] for line in scores.open()]


def test_calibrate_takes_the_model_of_the_files_or_asks_for_one(tmp_path: Path) -> None:
    seconds = archive(tmp_path / "wic.sec")
    folder = str(tmp_path / "profiles")
    refused = run("calibrate", str(seconds), "--profiles", folder, "--max-kp", "9")
    assert "WIC cannot be calibrated" in refused.output  # by the model of seconds: too few
    slow = archive(tmp_path / "wic5.sec", step_s=5)
    asked = run("calibrate", str(slow), "--profiles", folder)
    assert asked.exit_code == 1
    assert "give --model ulf-1hz or minute-teo" in asked.output
