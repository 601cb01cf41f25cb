"""A folder of profiles while somebody works in it: what is new is seen, what is bad is left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from archive.model import default_model_path
from archive.profile import ProfileRefused, encode_profile, save_profile
from archive.versions import EARLIER, load_versions
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Versions
from monitor.assembly import assemble, check_profile
from monitor.profiles.folder import ProfileFolder
from monitor.settings import Settings
from tests.abuse.horrors import horrors
from tests.geofield.builders import START_MS, profile, rules
from tests.monitor.feeds import calibrated

RULES = replace(rules("WIC"), alert=replace(rules().alert, k=3, n=4))


def at(effective_ms: int | None, threshold: float = 1.0, station: str = "WIC") -> StationProfile:
    return replace(profile(station, threshold), effective_ms=effective_ms)


def put(folder: Path, one: StationProfile, name: str = "") -> Path:
    path = folder / (name or f"{one.station}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_profile(one))
    return path


def seen(folder: Path) -> ProfileFolder:
    return ProfileFolder(folder, lambda one: check_profile(one, RULES))


def versions(folder: ProfileFolder) -> Mapping[str, Versions]:
    found = folder.scan()
    assert found is not None
    return found


def test_what_is_new_changed_or_gone_is_seen_and_nothing_is_read_twice(tmp_path: Path) -> None:
    first, second = at(None), at(START_MS, 2.0)
    path = put(tmp_path, first)
    folder = seen(tmp_path)
    assert versions(folder) == {"WIC": (first,)}
    assert folder.scan() is None
    put(tmp_path, first, f"{EARLIER}/WIC-until-2024-05-09T00-00-00Z.json")
    assert versions(folder) == {"WIC": (first,)}  # twice the same
    put(tmp_path, second)
    assert versions(folder) == {"WIC": (first, second)} == load_versions(tmp_path)
    path.unlink()
    assert versions(folder) == {"WIC": (first,)}
    new = at(None, station="HON")
    put(tmp_path, new)
    assert versions(folder) == {"WIC": (first,), "HON": (new,)}
    assert folder.scan() is None
    assert folder.unused == {}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "not a profile"),
        (encode_profile(replace(at(None), model_sha256="cd" * 32)), "another model"),
        (encode_profile(replace(at(None), basis=replace(at(None).basis, k=1))), "1 of 4 windows"),
        (encode_profile(at(None, station="HON")), "holds the profile of HON"),
    ],
)
def test_in_place_of_a_bad_file_is_what_was_there_before(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    """It may be half written, so it is judged when it has not changed from one look to the next."""
    path = put(tmp_path, at(None))
    folder = seen(tmp_path)
    before = dict(versions(folder))
    path.write_bytes(content)
    folder.scan()
    assert folder.unused == {}
    assert versions(folder) == before
    assert complaint in folder.unused[str(path)]
    assert folder.scan() is None
    put(tmp_path, at(START_MS, 2.0))
    assert versions(folder) == {"WIC": (at(START_MS, 2.0),)}
    assert folder.unused == {}


def test_no_content_is_too_bad(tmp_path: Path) -> None:
    folder, path = seen(tmp_path), tmp_path / "WIC.json"
    for content in horrors(encode_profile(at(None))):
        path.write_bytes(content)
        folder.scan()
        folder.scan()
    os.mkfifo(tmp_path / "HON.json")
    (tmp_path / "KAK.json").symlink_to("nowhere")
    (tmp_path / "NEW.json").mkdir()
    folder.scan()
    folder.scan()
    assert {Path(name).stem for name in folder.unused} >= {"HON", "KAK", "NEW"}


def test_versions_that_contradict_each_other_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, at(None))
    folder = seen(tmp_path)
    before = dict(versions(folder))
    other = put(tmp_path, at(None, 2.0), f"{EARLIER}/WIC-until-2024-05-09T00-00-00Z.json")
    assert versions(folder) == before
    assert "two different profiles hold for all times" in folder.unused["WIC"]
    with pytest.raises(ProfileRefused, match="of WIC two different profiles hold for all times"):
        load_versions(tmp_path)
    other.unlink()
    assert versions(folder) == before
    assert folder.unused == {}


def test_a_folder_that_goes_away_takes_nothing_along(tmp_path: Path) -> None:
    path = tmp_path / "profiles"
    put(path, at(None))
    folder = seen(path)
    versions(folder)
    path.rename(tmp_path / "moved")
    assert folder.scan() is None
    assert "no such folder" in folder.unused[str(path)]
    (tmp_path / "moved").rename(path)
    assert folder.scan() is None
    assert folder.unused == {}


def test_a_look_follows_links_as_mounted_folders_have_them(tmp_path: Path) -> None:
    """Kubernetes changes all files of a volume by one link."""
    for name, threshold in (("one", 1.0), ("two", 2.0)):
        put(tmp_path / name, at(None, threshold))
    data, path = tmp_path / "data", tmp_path / "profiles"
    path.mkdir()
    data.symlink_to("one")
    (path / "WIC.json").symlink_to(data / "WIC.json")
    folder = seen(path)
    assert versions(folder)["WIC"][0].threshold == 1.0
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").rename(data)
    assert versions(folder)["WIC"][0].threshold == 2.0


@pytest.mark.parametrize("name", ["WIC.json", f"{EARLIER}/WIC-until-2024-05-09T00-00-00Z.json"])
def test_at_the_start_a_profile_of_another_model_is_refused(tmp_path: Path, name: str) -> None:
    own = calibrated(tmp_path, default_model_path(), "WIC", 1.5)
    settings = Settings(profiles=tmp_path)
    assert assemble(settings).rules.profiles == {"WIC": (own,)}
    put(tmp_path, replace(own, model_sha256="cd" * 32, effective_ms=START_MS), name)
    with pytest.raises(ProfileRefused, match=r"another model.*magwatch calibrate"):
        assemble(settings)


def test_names_say_whose_a_version_is(tmp_path: Path) -> None:
    put(tmp_path, at(None, station="HON"), f"{EARLIER}/WIC-until-2024-05-09T00-00-00Z.json")
    with pytest.raises(ProfileRefused, match="holds the profile of HON"):
        load_versions(tmp_path)
    assert stat.S_ISREG(save_profile(at(None), tmp_path).stat().st_mode)
