"""`magwatch check`: a line on each thing that a worker needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from archive.model import ModelRefused
from archive.profile import ProfileRefused
from geofield.calibration.versions import positions
from monitor.assembly import Assembly, assemble_all, load_models, window_spec
from monitor.errors import Refused
from monitor.exits import exit_code
from monitor.kafka.topics import admin, missing_worker_topics, sender_dates_samples
from monitor.settings import Settings, load_settings


@click.command()
def check() -> None:
    """Check settings, broker, topics, model and profiles; say how to fix each failure.

    Exit code 0 if a worker could start; else that of the first failure, as for all commands
    (`magwatch --help`): 2 a setting, 3 no broker, 5 a model or profile.

    \b
    Example:
      MAGWATCH_BROKER=kafka.example.org:9092 magwatch check
    """
    try:
        settings = load_settings()
    except Refused as error:
        _line("settings", str(error), good=False)
        raise SystemExit(error.exit_code) from None
    _line("settings", "ok", good=True)
    codes = [_checked("broker", _broker, settings)]
    if not any(codes):
        codes.append(_checked("topics", _topics, settings))
    else:
        _line("topics", "not looked at, for want of a broker", good=False)
    codes += [_checked("model", _model, settings), _checked("profiles", _profiles, settings)]
    raise SystemExit(next(filter(None, codes), 0))


def _checked(name: str, probe: Callable[[Settings], str], settings: Settings) -> int:
    """Run a probe and print its line; return its exit code, 0 if all is well."""
    try:
        _line(name, probe(settings), good=True)
    except (Refused, ModelRefused, ProfileRefused) as error:
        _line(name, str(error), good=False)
        return exit_code(error) or 1
    return 0


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
    missing = missing_worker_topics(settings)
    if missing and not settings.create_topics:
        raise Refused(f"missing: {', '.join(missing)}: create them with `magwatch topics`")
    if missing:
        return f"the worker will create {', '.join(missing)}"
    if sender_dates_samples(settings):
        return (
            f"all there; {settings.topic('samples')} keeps the senders' times: a record far ahead "
            "of its station's others waits\nfor a second one (kafka-configs.sh --alter "
            "--add-config message.timestamp.type=LogAppendTime mends that)"
        )
    return "all there"


def _model(settings: Settings) -> str:
    lines = []
    for one in load_models(settings):
        about = one.model.manifest
        window_spec(settings, about)
        lines.append(f"{about.name} {about.version}, sha256 {about.sha256[:12]}, verified")
    return "\n".join(lines)


def _profiles(settings: Settings) -> str:
    without = "calibrated online" if settings.calibrate_online else "calibrating, without scores"
    if settings.profiles is None:
        return f"none set (MAGWATCH_PROFILES): every station will be {without}"
    assemblies = assemble_all(settings)
    lines = [_profiles_of(assembly, settings.profiles, without) for assembly in assemblies]
    if len(lines) == 1:
        return lines[0]
    names = (assembly.rules.model.name for assembly in assemblies)
    return "\n".join(f"{name}: {line}" for name, line in zip(names, lines, strict=True))


def _profiles_of(assembly: Assembly, folder: Path, without: str) -> str:
    profiles = assembly.rules.profiles
    if not profiles:
        return f"none in {folder}: every station will be {without}"
    placed, _ = positions(profiles)
    return f"{len(profiles)} stations, {len(placed)} with a position: {', '.join(sorted(profiles))}"
