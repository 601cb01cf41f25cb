"""Names of what a model keeps of a station, in a worker with one model or with several."""

from dataclasses import replace
from pathlib import Path

import pytest

from archive.files import FileRefused
from archive.model_names import ModelNames
from archive.profile import ProfileRefused, load_profile, save_profile
from archive.versions import (
    EARLIER,
    REPLACED,
    add_version,
    files_of,
    load_versions,
    replace_versions,
)
from geofield.utc import datetime_of
from tests.geofield.builders import MODEL, START_MS, profile

OTHER_SHA256 = "cd" * 32
ONLY = ModelNames(MODEL.name)
FIRST = ModelNames(MODEL.name, frozenset([OTHER_SHA256]))
OTHER = ModelNames("minutes", frozenset([MODEL.sha256]))
OWN = profile("WIC")
OTHERS = replace(OWN, model_sha256=OTHER_SHA256)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json"))


def test_one_model_names_no_model_and_several_do(tmp_path: Path) -> None:
    assert save_profile(OWN, tmp_path, ONLY).name == "WIC.json"
    assert save_profile(OTHERS, tmp_path, OTHER).name == "WIC.minutes.json"
    assert load_profile(tmp_path / "WIC.minutes.json") == OTHERS


def test_each_model_reads_its_own_and_the_names_of_before(tmp_path: Path) -> None:
    save_profile(OWN, tmp_path)
    save_profile(OTHERS, tmp_path, OTHER)
    assert load_versions(tmp_path, FIRST) == {"WIC": (OWN,)}
    assert load_versions(tmp_path, OTHER) == {"WIC": (OTHERS,)}
    assert load_versions(tmp_path, ONLY) == {"WIC": (OWN,)}


def test_a_worker_with_one_model_reads_what_it_had_as_one_of_several(tmp_path: Path) -> None:
    save_profile(OWN, tmp_path, FIRST)
    assert load_versions(tmp_path, ONLY) == {"WIC": (OWN,)}
    assert load_versions(tmp_path, ModelNames("another")) == {}


def test_a_name_without_a_model_for_a_model_of_no_worker_is_nobodys_alone(tmp_path: Path) -> None:
    """It is read, so that the check of its model refuses it as ever."""
    save_profile(replace(OWN, model_sha256="ef" * 32), tmp_path)
    assert list(load_versions(tmp_path, FIRST)) == ["WIC"]
    assert list(load_versions(tmp_path, OTHER)) == ["WIC"]


def test_a_file_named_after_another_station_is_refused(tmp_path: Path) -> None:
    path = save_profile(OWN, tmp_path, FIRST)
    with pytest.raises(ProfileRefused, match="holds the profile of WIC"):
        load_profile(path.rename(tmp_path / "HON.test.json"))


def test_a_new_version_leaves_the_other_models_files_alone(tmp_path: Path) -> None:
    save_profile(OWN, tmp_path)
    save_profile(OTHERS, tmp_path, OTHER)
    later = replace(OWN, effective_ms=START_MS, threshold=2.0)
    add_version(later, tmp_path, FIRST)
    assert load_versions(tmp_path, FIRST) == {"WIC": (OWN, later)}
    latest = replace(later, effective_ms=START_MS + 1)
    add_version(latest, tmp_path, FIRST)
    assert load_versions(tmp_path, FIRST) == {"WIC": (OWN, later, latest)}
    assert names(tmp_path) == [
        "WIC.json",
        "WIC.minutes.json",
        "WIC.test.json",
        f"{EARLIER}/WIC.test-until-2024-05-09T00-00-00Z.json",
    ]
    assert load_versions(tmp_path, OTHER) == {"WIC": (OTHERS,)}


def test_a_replacement_for_all_times_moves_the_models_own_files(tmp_path: Path) -> None:
    save_profile(OWN, tmp_path)
    save_profile(OTHERS, tmp_path, OTHER)
    new = replace(OWN, threshold=2.0)
    replace_versions(new, tmp_path, datetime_of(START_MS), FIRST)
    assert names(tmp_path) == ["WIC.minutes.json", "WIC.test.json", f"{REPLACED}/WIC.json"]
    assert load_versions(tmp_path, FIRST) == {"WIC": (new,)}


def test_an_unreadable_file_without_a_model_counts_as_ones_own(tmp_path: Path) -> None:
    (tmp_path / "WIC.json").write_text("{")
    save_profile(OTHERS, tmp_path, OTHER)
    assert files_of("WIC", tmp_path, FIRST) == [tmp_path / "WIC.json"]
    with pytest.raises(FileRefused):
        load_versions(tmp_path, FIRST)
