"""Every measurement, one after the other: ``python -m bench``, which is `make bench`.

Each is a module of its own that does more when it is run by hand: ``python -m bench.live --help``.
"""

import subprocess
import sys

import click

from tests.brokers import ROOT

# What is run, and with which options, so that all of it takes an hour, not a day.
MEASUREMENTS: tuple[tuple[str, ...], ...] = (
    ("step",),
    ("reading",),
    ("pipeline", "--seconds", "4"),
    ("live", "--due", "together"),
    ("scaling", "--repeats", "1"),
    ("shapes", "--seconds", "2"),
    ("restart",),
    ("backfill",),
    ("models",),
    ("training", "--steps", "30"),
    ("sizing",),
)


@click.command()
@click.option("--quick", is_flag=True, help="A try: the smallest run of each.")
def main(quick: bool) -> None:
    """Run every measurement; each prints a table and writes JSON to bench-output.

    \b
    Example:
      python -m bench --quick
    """
    failed = []
    for name, *options in MEASUREMENTS:
        command = [sys.executable, "-m", f"bench.{name}", *(["--quick"] if quick else options)]
        click.echo(f"\n{' '.join(command[1:])}", err=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
