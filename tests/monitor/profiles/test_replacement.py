"""From when on a new profile counts, and what becomes of those before it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.outputs import CannotWrite
from archive.profile import encode_profile, save_profile
from archive.versions import EARLIER, REPLACED, add_version, load_versions, replace_versions
from geofield.calibration.profile import StationProfile
from monitor.errors import Refused
from monitor.profiles.replacement import Effective, Replacement, holds_for, present
from tests.geofield.builders import START_MS, profile, rules

MINUTE_MS = 60_000
NOW_MS = START_MS + 90_000  # 2024-05-09T00:01:30
SOON_MS = START_MS + 4 * MINUTE_MS
NOW_UTC = datetime.fromtimestamp(NOW_MS / 1000, UTC)
RULES = replace(rules(), alert=replace(rules().alert, k=3, n=4))
HERE, NEARBY, AWAY = (47.93, 15.86), (47.928, 15.862), (48.5, 15.86)


def at(effective_ms: int | None, threshold: float = 1.0) -> StationProfile:
    return replace(profile("WIC", threshold), effective_ms=effective_ms)


def replacement(folder: Path, asked: Effective | None = None) -> Replacement:
    return Replacement(present("WIC", folder, RULES), asked)


@pytest.mark.parametrize(
    ("there", "asked", "since_ms"),
    [
        (None, None, None),
        (None, "soon", SOON_MS),
        (None, 5, 5),
        (at(None), None, SOON_MS),
        (at(None), "always", None),
        (at(NOW_MS - 1), "soon", SOON_MS),
        (at(SOON_MS), None, SOON_MS + MINUTE_MS),
        (at(SOON_MS + 1), None, SOON_MS + MINUTE_MS + 1),
        (at(START_MS), START_MS + 1, START_MS + 1),
        (at(START_MS), "always", None),
    ],
)
def test_when_a_new_profile_counts(
    tmp_path: Path, there: StationProfile | None, asked: Effective | None, since_ms: int | None
) -> None:
    """The first one always, one that replaces another soon, and later than that."""
    if there:
        save_profile(there, tmp_path)
    assert replacement(tmp_path, asked).effective_ms(NOW_MS) == since_ms


def test_a_version_may_not_begin_before_the_one_before_it(tmp_path: Path) -> None:
    save_profile(at(START_MS), tmp_path)
    with pytest.raises(Refused, match=r"WIC.json counts from 2024-05-09T00:00:00Z on: .*later"):
        replacement(tmp_path, START_MS).effective_ms(NOW_MS)


OTHER_RULES = (
    replace(at(None), model_sha256="cd" * 32),
    replace(at(None), basis=replace(at(None).basis, k=1)),
)


@pytest.mark.parametrize("content", [b"{", *map(encode_profile, OTHER_RULES)])
def test_what_can_be_no_version_is_replaced_for_all_times(tmp_path: Path, content: bytes) -> None:
    """A folder with a profile of another model in it would keep workers from starting."""
    path = tmp_path / "WIC.json"
    path.write_bytes(content)
    found = replacement(tmp_path)
    assert found.effective_ms(NOW_MS) is None
    assert found.before.fault in found.question(at(None))
    with pytest.raises(Refused, match=r"give --effective always, which moves it to .*replaced"):
        replacement(tmp_path, "soon").effective_ms(NOW_MS)
    assert f"what was there is in {tmp_path / REPLACED}" in found.write(at(None, 2.0), NOW_MS)
    assert load_versions(tmp_path) == {"WIC": (at(None, 2.0),)}
    assert [one.read_bytes() for one in (tmp_path / REPLACED).iterdir()] == [content]


def test_versions_are_kept_and_for_all_times_moved(tmp_path: Path) -> None:
    first, second, third = at(None), at(START_MS, 2.0), at(START_MS + 5, 3.0)
    for one in (first, second, third):
        add_version(one, tmp_path)
    assert load_versions(tmp_path) == {"WIC": (first, second, third)}
    assert sorted(path.name for path in (tmp_path / EARLIER).iterdir()) == [
        "WIC-until-2024-05-09T00-00-00Z-2.json", "WIC-until-2024-05-09T00-00-00Z.json"
    ]  # fmt: skip
    new = at(None, 4.0)
    for _ in range(2):
        replace_versions(new, tmp_path, NOW_UTC)
    assert load_versions(tmp_path) == {"WIC": (new,)}
    names = [path.name for path in (tmp_path / REPLACED).iterdir()]
    assert len(names) == 4  # of two in the same second none is lost
    assert "WIC-until-2024-05-09T00-01-30Z-2.json" in names
    save_profile(replace(new, station="HON"), tmp_path)
    assert set(load_versions(tmp_path)) == {"HON", "WIC"}


def test_what_cannot_be_kept_is_not_replaced(tmp_path: Path) -> None:
    save_profile(at(None), tmp_path)
    for name in (EARLIER, REPLACED):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(CannotWrite, match=EARLIER):
        add_version(at(START_MS), tmp_path)
    (tmp_path / EARLIER).unlink()
    with pytest.raises(CannotWrite, match=REPLACED):
        replace_versions(at(None, 2.0), tmp_path, NOW_UTC)
    assert load_versions(tmp_path) == {"WIC": (at(None),)}


def test_versions_share_their_frame_and_a_profile_for_all_times_has_its_own(tmp_path: Path) -> None:
    """Workers turn the samples that windows share once, and refuse a station that moves."""
    save_profile(replace(at(None), declination_deg=4.5, position_deg=HERE), tmp_path)
    soon, always = replacement(tmp_path), replacement(tmp_path, "always")
    assert (soon.reference_deg, always.reference_deg) == (4.5, None)
    found = {place: replace(at(None), position_deg=place) for place in (NEARBY, AWAY, None)}
    assert {soon.placed(one).position_deg for one in found.values()} == {HERE}
    assert [always.placed(found[place]).position_deg for place in found] == [NEARBY, AWAY, HERE]
    assert [bool(soon.moved(found[place])) for place in found] == [False, True, False]
    assert not any(always.moved(one) for one in found.values())
    assert "stays 47.93, 15.86" in soon.moved(found[AWAY])


def test_the_same_profile_is_not_a_new_version(tmp_path: Path) -> None:
    save_profile(at(START_MS), tmp_path)
    for asked, same in ((None, True), ("soon", True), (START_MS + 1, False), ("always", False)):
        assert replacement(tmp_path, asked).is_present(at(None)) == same
    assert not replacement(tmp_path).is_present(at(None, 1.1))


def test_the_question_says_what_changes(tmp_path: Path) -> None:
    save_profile(at(None, 2.0), tmp_path)
    asked = replacement(tmp_path).question(at(SOON_MS, 1.5))
    assert "Threshold 2 becomes 1.5 (-25 %) for windows that end after 2024-05-09 00:04:00" in asked
    assert holds_for(at(None)) == "all times"
