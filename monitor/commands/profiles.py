"""`magwatch profiles`: which profile each station is scored with, and what it rests on."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import msgspec

from archive.profile import decode_profile, load_profile
from geofield.profile import StationProfile
from monitor.settings import Settings, load_settings
from monitor.tail import tail

COLUMNS = ("station", "source", "fitted from", "to", "days", "Kp", "threshold", "once in", "model")
WIDTHS = (7, 16, 16, 16, 6, 9, 9, 9, 8)


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--profiles", "folder", help="Folder of station profiles; else MAGWATCH_PROFILES.")
@click.option("--json", "as_json", is_flag=True, help="One profile a line, those in use only.")
def profiles(broker: str | None, folder: str | None, as_json: bool) -> None:
    """List the profiles of the folder (file) and those that workers fitted (online).

    A file wins over what was fitted online. Times are UTC, `days` quiet days of data, `once in` the
    quiet days in which the threshold lets one false alert open.

    \b
    Example:
      magwatch profiles
      magwatch profiles --json | jq 'select(.station == "WIC")' > profiles/WIC.json
    """
    settings = load_settings(broker=broker, profiles=folder)
    files, fitted = _files(settings), _fitted(settings)
    if as_json:
        for _, profile in sorted({**fitted, **files}.items()):
            click.echo(msgspec.json.encode(profile))
        return
    rows = [_row(profile, "file") for profile in files.values()]
    rows += [
        _row(profile, "online, not used" if station in files else "online")
        for station, profile in fitted.items()
    ]
    for row in (COLUMNS, *sorted(rows)) if rows else [("no profiles yet",)]:
        cells = (cell.ljust(width) for cell, width in zip(row, WIDTHS, strict=False))
        click.echo("  ".join(cells).rstrip())


def _files(settings: Settings) -> dict[str, StationProfile]:
    paths = sorted(settings.profiles.glob("*.json")) if settings.profiles else []
    return {profile.station: profile for profile in map(load_profile, paths)}


def _fitted(settings: Settings) -> dict[str, StationProfile]:
    found: dict[str, StationProfile] = {}
    for batch in tail(settings, "profiles", from_beginning=True, follow=False):
        for value in batch:
            try:
                profile = decode_profile(value)
            except ValueError as error:
                click.echo(f"a record of {settings.topic('profiles')}: {error}", err=True)
                continue
            found[profile.station] = profile
    return found


def _row(profile: StationProfile, source: str) -> tuple[str, ...]:
    return (
        profile.station,
        source,
        _minute(profile.calibrated_from_ms),
        _minute(profile.calibrated_to_ms),
        f"{profile.quiet_days:.1f}",
        "known" if profile.kp_known else "not known",
        f"{profile.threshold:.3g}",
        f"{profile.asked_days:.3g} d",
        profile.model_sha256[:8],
    )


def _minute(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%dT%H:%M}"
