"""Station profiles as JSON files, one for each station: ``<directory>/WIC.json``."""

from math import isfinite
from pathlib import Path

import msgspec

from geofield.profile import StationProfile


class ProfileRefused(ValueError):
    """A profile that must not be used; the message names the file and says what to do."""


def load_profiles(directory: Path, model_sha256: str) -> dict[str, StationProfile]:
    """All profiles of a directory, by station; none if there is no such directory.

    Raises
    ------
    ProfileRefused
        If a file is not a profile or belongs to another model.
    """
    found = [load_profile(path) for path in sorted(directory.glob("*.json"))]
    for profile in found:
        if profile.model_sha256 != model_sha256:
            raise ProfileRefused(
                f"{directory / profile.station}.json was calibrated with another model "
                f"({profile.model_sha256[:12]}, not {model_sha256[:12]}): run `magwatch calibrate`"
            )
    return {profile.station: profile for profile in found}


def load_profile(path: Path) -> StationProfile:
    """Read one profile.

    Raises
    ------
    ProfileRefused
        If the file is missing or is not a profile.
    """
    try:
        profile = decode_profile(path.read_bytes())
    except OSError as error:
        raise ProfileRefused(f"{path}: {error.strerror}; run `magwatch calibrate`") from error
    except ValueError as error:
        raise ProfileRefused(f"{path}: {error}: run `magwatch calibrate`") from error
    if path.stem != profile.station:
        raise ProfileRefused(f"{path} holds the profile of {profile.station}: name it after that")
    return profile


def _is_position(latitude_deg: float, longitude_deg: float) -> bool:
    return abs(latitude_deg) <= 90 and -180 <= longitude_deg <= 360


def decode_profile(content: bytes) -> StationProfile:
    """A profile from the bytes of its file, or of a record of the topic of profiles.

    Raises
    ------
    ValueError
        If it is none; the message says why.
    """
    try:
        profile = msgspec.json.decode(content, type=StationProfile)
    except msgspec.MsgspecError as error:
        raise ValueError(f"this is not a profile ({error})") from error
    figures = (*profile.scale_nt, profile.threshold, profile.tail.scale, profile.alert_tail.scale)
    if not all(isfinite(figure) and figure > 0 for figure in figures):
        raise ValueError("scale and threshold must be positive numbers")
    if profile.position_deg is not None and not _is_position(*profile.position_deg):
        raise ValueError("position_deg must be latitude (-90 to 90) and longitude (-180 to 360)")
    return profile


def encode_profile(profile: StationProfile) -> bytes:
    """The bytes of a profile's file."""
    return msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n"


def save_profile(profile: StationProfile, directory: Path) -> Path:
    """Write ``<directory>/<station>.json`` and return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{profile.station}.json"
    path.write_bytes(encode_profile(profile))
    return path
