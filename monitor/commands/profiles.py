"""`magwatch profiles`: which profile each station is scored with, and what it rests on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import click
import msgspec

from archive.model import load_manifest
from archive.model_names import ONLY_MODEL, ModelNames
from archive.profile import decode_profile
from archive.versions import load_versions
from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import version_at
from monitor.assembly import model_paths
from monitor.kafka.guard import printable, usable
from monitor.kafka.tail import tail
from monitor.profiles.table import Answers, ask, table
from monitor.settings import Settings, load_settings
from support.clock import now_ms
from support.table import print_table

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a wildcard address includes the loopback one


@click.command()
@click.option("--broker", help="Bootstrap servers, host:port[,…]; else MAGWATCH_BROKER.")
@click.option("--profiles", "folder", help="Folder of station profiles; else MAGWATCH_PROFILES.")
@click.option(
    "--worker",
    "workers",
    metavar="URL",
    multiple=True,
    help="A worker's metrics, to ask what it uses; may be repeated.  "
    "[default: http://MAGWATCH_METRICS_HOST:MAGWATCH_METRICS_PORT]",
)
@click.option("--json", "as_json", is_flag=True, help="One profile a line, those that hold now.")
def profiles(
    broker: str | None, folder: str | None, workers: tuple[str, ...], as_json: bool
) -> None:
    """List the profiles of the folder (file) and those that workers fitted (online).

    Workers are asked for the profiles in use. A file takes precedence over an online profile after
    its effective time. Times are UTC. `days`: quiet days of data. `an alert in`: quiet days in
    which the threshold lets one false alert open.

    \b
    Example:
      magwatch profiles
      magwatch profiles --worker http://a:9464 --worker http://b:9464
      magwatch profiles --json | jq 'select(.station == "WIC")' > profiles/WIC.json
    """
    settings = load_settings(broker=broker, profiles=folder)
    of_models = _names(settings)
    files = {
        names.of(station): versions
        for names in of_models.values()
        if settings.profiles
        for station, versions in load_versions(settings.profiles, names).items()
    }
    fitted = _fitted(settings, of_models)
    if as_json:
        at_ms = now_ms()
        holding = {name: version_at(versions, at_ms) for name, versions in files.items()}
        in_force = {name: profile for name, profile in holding.items() if profile}
        for _, profile in sorted({**fitted, **in_force}.items()):
            click.echo(msgspec.json.encode(profile))
        return
    answers = asyncio.run(ask(workers or [_local_url(settings)]))
    shown = table(files, fitted, answers)
    if shown.row_count:
        print_table(shown)
    else:
        click.echo("no profiles yet")
    _say(answers)


def _local_url(settings: Settings) -> str:
    host = ANY.get(settings.metrics_host, settings.metrics_host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.metrics_port}"


def _say(answers: Answers) -> None:
    """Print which workers did not answer, and which profiles are unused."""
    for url, why in answers.missing.items():
        click.echo(f"no worker heard at {url}: {why}; name workers by --worker", err=True)
    for url, use in answers.uses.items():
        folder = f"reads {use.folder}" if use.folder else "has no folder (MAGWATCH_PROFILES)"
        click.echo(f"worker at {url}: {printable(folder)}", err=True)
        for what, why in use.unused.items():
            click.echo(printable(f"not used: {what}: {why}"), err=True)


def _names(settings: Settings) -> dict[str, ModelNames]:
    """Names of what the models keep, by their sha256; with one model those without a model."""
    paths = model_paths(settings)
    if len(paths) == 1:
        return {"": ONLY_MODEL}
    manifests = [load_manifest(path.with_suffix(".json")) for path in paths]
    sha256s = frozenset(about.sha256 for about in manifests)
    return {about.sha256: ModelNames(about.name, sha256s - {about.sha256}) for about in manifests}


def _fitted(settings: Settings, of_models: Mapping[str, ModelNames]) -> dict[str, StationProfile]:
    fitted: dict[str, StationProfile] = {}
    for batch in tail(settings, "profiles", from_beginning=True, follow=False):
        for profile in usable(batch, decode_profile, _refuse):
            names = of_models.get(profile.model_sha256, ONLY_MODEL)
            fitted[names.of(profile.station)] = profile
    return fitted


def _refuse(_: bytes, why: str) -> None:
    click.echo(f"a record was no profile: {printable(why)}", err=True)
