"""Files of station profiles: JSON, one for each station and model, ``<directory>/WIC.json``."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from archive.files import FileRefused, contents
from archive.model_names import ONLY_MODEL, ModelNames, station_of
from archive.outputs import output_folder, write_file
from archive.text import decode_json
from geofield.calibration.profile import StationProfile

UNTIL = "-until-"  # in names of earlier versions, see `archive.versions`
MOST = 6e13  # milliseconds from 1970 to the year 3871; all other numbers are far smaller
LEAST = 1e-12  # positive numbers must be larger, since they are divisors
_OR_CALIBRATE = "remove it, or run `magwatch calibrate` for its station"


class ProfileRefused(FileRefused):
    """A profile cannot be used; the message names the file and says what to do."""


def load_profile(path: Path) -> StationProfile:
    """Read one profile.

    Raises
    ------
    ProfileRefused
        If the file is missing or is not a profile.
    """
    try:
        content = contents(path)
    except FileRefused as error:
        raise ProfileRefused(f"{error}: {_OR_CALIBRATE}") from error
    try:
        profile = decode_profile(content)
    except ValueError as error:
        raise ProfileRefused(f"{path}: {error}: {_OR_CALIBRATE}") from error
    if station_of(name_in(path)) != profile.station:
        raise ProfileRefused(f"{path} holds the profile of {profile.station}: name it after that")
    return profile


def name_in(path: Path) -> str:
    """The station in the name of a profile's file, and the model if it is there."""
    return path.stem.partition(UNTIL)[0]


def _is_position(latitude_deg: float, longitude_deg: float) -> bool:
    return abs(latitude_deg) <= 90 and -180 <= longitude_deg <= 360


def decode_profile(content: bytes) -> StationProfile:
    """Decode a profile from the bytes of its file, or of a record of the topic of profiles.

    Raises
    ------
    ValueError
        If it is no valid profile; the message says why.
    """
    try:
        profile = decode_json(content, StationProfile)
    except ValueError as error:
        raise ValueError(f"this is not a profile ({error})") from error
    check_profile(profile)
    return profile


def check_profile(profile: StationProfile) -> None:
    """Look at a profile's numbers.

    Raises
    ------
    ValueError
        If one of them is impossible; the message says which.
    """
    tails, basis = (profile.tail, profile.alert_tail), profile.basis
    scales = (*profile.scale_nt, *(tail.scale for tail in tails), profile.threshold)
    rates = (profile.false_alarms_per_month, profile.quiet_days)
    numbers = _numbers(msgspec.to_builtins(profile))
    checks = {
        f"a number of it is beyond {MOST:g}": all(-MOST < number < MOST for number in numbers),
        "scale and threshold must be positive numbers": min(scales) > LEAST,
        "false_alarms_per_month and quiet_days must be positive numbers": min(rates) > LEAST,
        "a tail needs peaks_per_day": min(tail.peaks_per_day for tail in tails) > 0,
        "basis must be k of n windows, one every hop samples": 1 <= basis.k <= basis.n
        and basis.hop >= 1,
        "position_deg must be latitude (-90 to 90) and longitude (-180 to 360)": (
            profile.position_deg is None or _is_position(*profile.position_deg)
        ),
    }
    for text, holds in checks.items():
        if not holds:
            raise ValueError(text)


def _numbers(value: object) -> Iterator[float]:
    """All numbers in nested dicts and lists."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, int | float):
        yield value


def encode_profile(profile: StationProfile) -> bytes:
    """Encode a profile as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n"


def save_profile(profile: StationProfile, directory: Path, names: ModelNames = ONLY_MODEL) -> Path:
    """Write ``<directory>/<name>.json``, named as of its model, and return its path.

    Raises
    ------
    archive.outputs.CannotWrite
        If that fails; an earlier profile stays.
    """
    path = output_folder(directory) / f"{names.of(profile.station)}.json"
    write_file(path, encode_profile(profile))
    return path
