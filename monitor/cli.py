"""The command `magwatch`. Subcommands are loaded when they run, so that `--help` is quick.

Other packages add commands by entry points of the group `magwatch.commands`.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import click

from monitor.ending import end_by_signal
from monitor.standard_streams import printing
from support.extras import how_to_install

ENTRY_POINTS = "magwatch.commands"
# name: (module, attribute, one line of help)
COMMANDS = {
    "alerts": (
        "monitor.commands.alerts",
        "alerts",
        "Show alerts, or post them to a receiver.",
    ),
    "broker": ("monitor.commands.broker", "broker", "Run the embedded broker, for trials."),
    "calibrate": (
        "monitor.commands.calibrate",
        "calibrate",
        "Fit stations' profiles to their archives.",
    ),
    "check": (
        "monitor.commands.check",
        "check",
        "Check settings, broker, topics, model, profiles.",
    ),
    "dashboard": ("monitor.commands.dashboard", "dashboard", "Serve a live page of all stations."),
    "demo": (
        "monitor.commands.demo",
        "demo",
        "Real storm and quiet days through the whole system.",
    ),
    "export": ("monitor.commands.export", "export", "Write a day of the history as IAGA-2002."),
    "history": (
        "monitor.commands.history",
        "history",
        "Keep samples, scores and alerts as files.",
    ),
    "indices": ("monitor.commands.indices", "indices", "Publish Kp and Dst from their services."),
    "ingest": ("monitor.commands.ingest", "ingest", "Bring live data of stations into the topic."),
    "profiles": ("monitor.commands.profiles", "profiles", "List the stations' profiles."),
    "promote": ("monitor.commands.promote", "promote", "Put another model in charge."),
    "quakes": ("monitor.commands.quakes", "quakes", "Publish earthquakes as they become known."),
    "replay": ("monitor.commands.replay", "replay", "Send archive files into the samples topic."),
    "report": (
        "monitor.commands.report",
        "report",
        "Write the bulletin of a day or month from the history.",
    ),
    "review": ("monitor.commands.review", "review", "Say what an alert was."),
    "score": ("monitor.commands.score", "score", "Score archive files without Kafka."),
    "scoreboard": (
        "monitor.commands.scoreboard",
        "scoreboard",
        "Count alarms against earthquakes, by registered rules.",
    ),
    "settings": ("monitor.commands.settings", "settings", "List all settings."),
    "status": ("monitor.commands.status", "status", "Show all stations in the terminal."),
    "topics": ("monitor.commands.topics", "topics", "Create the topics."),
    "worker": ("monitor.commands.worker", "worker", "Run a scoring worker."),
}
# Named here so that, if they are not installed, the error says how to install them.
TRAINING_COMMANDS = {
    "evaluate": "Judge a model on an archive: real earthquakes, known transients.",
    "train": "Train, judge and export a model.",
}


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of all commands."""
        return sorted({*COMMANDS, *TRAINING_COMMANDS, *_contributed()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name in COMMANDS:
            module, attribute, _ = COMMANDS[cmd_name]
            return _command(getattr(import_module(module), attribute))
        contributed = _contributed()
        if cmd_name in contributed:
            return _contributed_command(cmd_name)
        return _not_installed(cmd_name) if cmd_name in TRAINING_COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands into the help, without importing them."""
        texts = {name: text for name, (_, _, text) in COMMANDS.items()}
        texts.update(TRAINING_COMMANDS)
        with formatter.section("Commands"):
            formatter.write_dl([(name, texts.get(name, "")) for name in self.list_commands(ctx)])

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program; a failure of standard output is one line or silent."""
        with printing():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error that the user can fix is one line, not a traceback."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise  # click's own exits, including `--help`
        except KeyboardInterrupt:
            end_by_signal()
            raise
        except Exception as error:
            from monitor.exits import exit_code, line  # noqa: PLC0415 - imports every part of the program

            code = exit_code(error)
            if code is None:
                raise
            with suppress(OSError):
                click.secho(f"magwatch: {line(error)}", fg="red", err=True)
            sys.exit(code)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="magwatch", message="magwatch %(version)s")
def main() -> None:
    """Watch the geomagnetic field: score what stations send, publish anomalies as alerts.

    Settings are environment variables MAGWATCH_…; `magwatch check` shows whether they work.

    \b
    Exit codes: 0 done, 1 failed, 2 usage or setting, 3 broker unreachable,
    4 not installed, 5 a file cannot be used: model, profile, archive, output.

    \b
    Example:
      magwatch broker &           # or set MAGWATCH_BROKER to your own
      magwatch worker
    """


def _contributed() -> set[str]:
    return {point.name for point in entry_points(group=ENTRY_POINTS)}


def _contributed_command(name: str) -> click.Command:
    (point, *_) = entry_points(group=ENTRY_POINTS, name=name)
    try:
        return _command(point.load())
    except ImportError:
        return _not_installed(name)


def _command(loaded: object) -> click.Command:
    if not isinstance(loaded, click.Command):
        raise TypeError(f"{loaded!r} is not a click command")
    return loaded


def _not_installed(name: str) -> click.Command:
    @click.command(name, context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1)
    def stand_in(**_: object) -> None:
        raise click.ClickException(f"{name} is not installed; {how_to_install('train')}")

    return stand_in
