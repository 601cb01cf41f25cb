import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from archive.model import ModelRefused, default_model_path, load_manifest, load_model
from archive.profile import ProfileRefused, load_profile, save_profile
from archive.versions import load_versions
from geofield.scoring.score import stack_scale
from tests.geofield.builders import profile


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped model in a folder where it may be spoiled."""
    for ending in (".onnx", ".json"):
        shutil.copy(default_model_path().with_suffix(ending), tmp_path)
    return tmp_path / default_model_path().name


def edited(path: Path, **changes: object) -> Path:
    """Change fields of the manifest beside a model."""
    manifest = msgspec.json.decode(path.with_suffix(".json").read_bytes())
    path.with_suffix(".json").write_bytes(msgspec.json.encode({**manifest, **changes}))
    return path


def test_the_shipped_model_is_accepted_and_small() -> None:
    model = load_model(default_model_path())
    assert model.manifest.name == "ulf-1hz"
    assert default_model_path().stat().st_size < 2 * 1024 * 1024
    assert "no skill shown" in model.ref.skill
    assert not any("WIC" in day for day in model.manifest.provenance.files_sha256)


def test_altered_bytes_are_refused(copied: Path) -> None:
    content = bytearray(copied.read_bytes())
    content[len(content) // 2] ^= 1
    copied.write_bytes(content)
    with pytest.raises(ModelRefused, match="altered"):
        load_model(copied)


@pytest.mark.parametrize("change", [{"samples": 0}, {"hop": -1}, {"taps": 2}, {"step": 0}])
def test_a_window_that_is_none_is_refused(copied: Path, change: dict[str, int]) -> None:
    window = msgspec.json.decode(copied.with_suffix(".json").read_bytes())["window"]
    with pytest.raises(ModelRefused, match="the manifest's window is none"):
        load_model(edited(copied, window={**window, **change}))


def test_a_missing_manifest_is_refused(copied: Path) -> None:
    copied.with_suffix(".json").unlink()
    with pytest.raises(ModelRefused, match="manifest is missing"):
        load_model(copied)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="no such model file; set MAGWATCH_MODEL"):
        load_model(tmp_path / "none.onnx")


def test_a_newer_schema_is_refused_even_if_its_fields_are_unknown(copied: Path) -> None:
    copied.with_suffix(".json").write_bytes(b'{"schema_version": 2, "all": "different"}')
    with pytest.raises(ModelRefused, match="schema 2 is newer than 1"):
        load_model(copied)


def test_a_manifest_with_a_field_of_the_wrong_type_is_refused(copied: Path) -> None:
    with pytest.raises(ModelRefused, match="not a manifest"):
        load_model(edited(copied, window="256 s"))


def test_a_window_other_than_the_graphs_is_refused(copied: Path) -> None:
    window = msgspec.to_builtins(load_manifest(copied.with_suffix(".json")).window)
    with pytest.raises(ModelRefused, match="'field' has shape"):
        load_model(edited(copied, window={**window, "samples": 128}))


def test_scores_do_not_depend_on_the_batch() -> None:
    model = load_model(default_model_path())
    spec = model.manifest.window.spec()
    field_nt = np.random.default_rng(0).normal(0, 0.2, (97, spec.span, 3)).astype(np.float32)
    scale_nt = stack_scale(model.manifest.reference_scale_nt, 97)
    together = model.reconstruct(field_nt, scale_nt)
    for begin, end in ((0, 1), (1, 8), (8, 97)):
        part = model.reconstruct(field_nt[begin:end], scale_nt[begin:end])
        assert part.rmse.tobytes() == together.rmse[begin:end].tobytes()
        assert part.error.tobytes() == together.error[begin:end].tobytes()


def test_a_daily_variation_changes_no_score() -> None:
    model = load_model(default_model_path())
    spec = model.manifest.window.spec()
    seconds = np.arange(86_400)
    noise_nt = np.random.default_rng(1).normal(0, 0.3, (86_400, 3))
    daily_nt = 60.0 * np.sin(2 * np.pi * seconds / 86_400)[:, None]
    begins = range(0, 86_400 - spec.span, 4_000)

    def scores(field_nt: np.ndarray) -> np.ndarray:
        spans = np.stack([field_nt[begin : begin + spec.span] for begin in begins])
        levelled = (spans - spans.mean(axis=1, keepdims=True)).astype(np.float32)
        scale_nt = stack_scale(model.manifest.reference_scale_nt, len(levelled))
        return model.reconstruct(levelled, scale_nt).rmse

    np.testing.assert_allclose(scores(noise_nt + daily_nt), scores(noise_nt), rtol=0.01)


def test_profiles_come_back_as_they_were_saved(tmp_path: Path) -> None:
    for station in ("AAA", "BBB"):
        save_profile(profile(station), tmp_path)
    assert load_versions(tmp_path) == {s: (profile(s),) for s in ("AAA", "BBB")}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"{", "not a profile"), (b'{"station": "AAA"}', "not a profile"), (None, "calibrate")],
)
def test_what_is_no_profile_is_refused(
    tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    path = tmp_path / "AAA.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileRefused, match=complaint):
        load_profile(path)


@pytest.mark.parametrize(
    "change", [{"threshold": 0.0}, {"threshold": -1.0}, {"scale_nt": (0.1, 0.0, 0.1)}]
)
def test_a_profile_that_could_never_alert_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    path = save_profile(replace(profile("AAA"), **change), tmp_path)
    with pytest.raises(ProfileRefused, match="must be positive"):
        load_profile(path)


def test_a_profile_under_another_name_is_refused(tmp_path: Path) -> None:
    save_profile(profile("AAA"), tmp_path).rename(tmp_path / "BBB.json")
    with pytest.raises(ProfileRefused, match="profile of AAA"):
        load_profile(tmp_path / "BBB.json")


def test_a_profile_of_no_place_on_earth_is_refused(tmp_path: Path) -> None:
    path = save_profile(replace(profile("AAA"), position_deg=(16.0, 480.0)), tmp_path)
    with pytest.raises(ProfileRefused, match=r"position_deg must be latitude"):
        load_profile(path)
    path = save_profile(replace(profile("AAA"), position_deg=(48.0, 16.0)), tmp_path)
    assert load_profile(path).position_deg == (48.0, 16.0)
