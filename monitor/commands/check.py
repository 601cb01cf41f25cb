"""`magwatch check`: everything a worker needs, each with a line."""

from __future__ import annotations

from collections.abc import Callable

import click

from archive.model import ModelRefused, default_model_path, load_model
from archive.profile import ProfileRefused
from monitor.assembly import assemble, window_spec
from monitor.errors import Refused
from monitor.settings import Settings, load_settings
from monitor.topics import admin, missing_topics


@click.command()
def check() -> None:
    """Check settings, broker, topics, model and profiles; say what to do about each failure.

    Exit code 0 if a worker could start, 1 if not.

    \b
    Example:
      MAGWATCH_BROKER=kafka.example.org:9092 magwatch check
    """
    try:
        settings = load_settings()
    except Refused as error:
        _line("settings", str(error), good=False)
        raise SystemExit(1) from None
    _line("settings", "ok", good=True)
    results = [_checked("broker", _broker, settings)]
    if all(results):
        results.append(_checked("topics", _topics, settings))
    else:
        _line("topics", "not looked at, for want of a broker", good=False)
    results += [_checked("model", _model, settings), _checked("profiles", _profiles, settings)]
    raise SystemExit(0 if all(results) else 1)


def _checked(name: str, probe: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        _line(name, probe(settings), good=True)
    except (Refused, ModelRefused, ProfileRefused) as error:
        _line(name, str(error), good=False)
        return False
    return True


def _line(name: str, text: str, *, good: bool) -> None:
    mark = click.style("ok    ", fg="green") if good else click.style("failed", fg="red", bold=True)
    first, *more = text.splitlines()
    click.echo(f"{mark}  {name:9} {first}")
    for line in more:
        click.echo(" " * 18 + line)


def _broker(settings: Settings) -> str:
    admin(settings).close()
    return f"answers at {settings.broker}"


def _topics(settings: Settings) -> str:
    missing = missing_topics(settings)
    if missing and not settings.create_topics:
        raise Refused(f"missing: {', '.join(missing)}: create them with `magwatch topics`")
    if missing:
        return f"the worker will create {', '.join(missing)}"
    return "all there"


def _model(settings: Settings) -> str:
    model = load_model(settings.model or default_model_path())
    window_spec(settings, model.manifest)
    about = model.manifest
    return f"{about.name} {about.version}, sha256 {about.sha256[:12]}, verified"


def _profiles(settings: Settings) -> str:
    without = "calibrated online" if settings.calibrate_online else "calibrating, without scores"
    if settings.profiles is None:
        return f"none set (MAGWATCH_PROFILES): every station will be {without}"
    profiles = assemble(settings).rules.profiles
    if not profiles:
        return f"none in {settings.profiles}: every station will be {without}"
    placed = sum(profile.position_deg is not None for profile in profiles.values())
    return f"{len(profiles)} stations, {placed} with a position: {', '.join(sorted(profiles))}"
