"""Conclusion of calibrations: report, ask before a profile is replaced, write profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from archive.outputs import write_file
from geofield.calibration.profile import StationProfile
from monitor.errors import Refused
from monitor.exits import exit_code, line
from monitor.offline.calibration.stations import Failed, Finished
from monitor.offline.calibration.text import summary
from monitor.profiles.replacement import Replacement, holds_for
from support.clock import now_ms
from support.table import plain_table, print_table

COLUMNS = (
    ("station", "counts for"),
    ("threshold", "before", "one in days (95 %)", "quiet days", "windows used"),
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The user's choices of output and questions.

    Attributes
    ----------
    replace
        Whether to replace a present profile without asking.
    verbose
        Whether to show the figures behind a summary.
    max_kp
        Highest Kp of a quiet window.
    plot
        Path of the figure of the fit; None: beside the profile.
    """

    replace: bool
    verbose: bool
    max_kp: float
    plot: Path | None


def conclude(
    outcomes: Mapping[str, Finished | Failed],
    replacements: Mapping[str, Replacement],
    wishes: Wishes,
) -> None:
    """Report on each station and write its profile; print a table if there are several.

    Raises
    ------
    Refused
        If a station has no new profile.
    archive.files.FileRefused
        If the profile of the only station cannot be written.
    """
    alone, failures, shown = len(outcomes) == 1, dict[str, str](), plain_table(*COLUMNS)
    for station, outcome in outcomes.items():
        replacement, written = replacements[station], None
        try:
            written = _concluded(outcome, replacement, wishes, alone)
        except Exception as error:
            if alone or exit_code(error) is None:
                raise
            failures[station] = line(error)
        shown.add_row(station, *_row(outcome, replacement, written))
    if alone:
        return
    print_table(shown)
    for station, reason in failures.items():
        click.echo(reason if station in reason else f"{station}: {reason}", err=True)
    if failures:
        raise Refused(f"{len(failures)} of {len(outcomes)} stations have no new profile")


def _concluded(
    outcome: Finished | Failed, replacement: Replacement, wishes: Wishes, alone: bool
) -> StationProfile:
    """Report on a station and write its profile; return the profile now in the folder."""
    if isinstance(outcome, Failed):
        error = Refused(outcome.reason)
        error.exit_code = outcome.exit_code
        raise error
    profile = replacement.placed(outcome.profile)
    if alone or wishes.verbose:
        click.echo(summary(profile))
        click.echo(outcome.usage.stated(wishes.max_kp))
    for text in (*outcome.figures, *outcome.check):
        click.echo(text if alone else f"{profile.station}: {text}")
    for warning in _warnings(outcome, profile, replacement):
        click.echo(f"warning: {profile.station}: {warning}", err=True)
    written, said = _put(profile, replacement, wishes)
    if alone or wishes.verbose:
        click.echo(said)
    _draw(outcome, replacement, wishes, alone)
    return written


def _warnings(
    outcome: Finished, profile: StationProfile, replacement: Replacement
) -> Iterator[str]:
    yield from outcome.warnings
    if moved := replacement.moved(outcome.profile):
        yield moved
    if profile.position_deg is None:
        yield (
            "the files state no position: write `position_deg` (latitude, longitude) into the "
            "profile to compare its alerts with distant stations"
        )


def _put(
    profile: StationProfile, replacement: Replacement, wishes: Wishes
) -> tuple[StationProfile, str]:
    """Write the profile unless the user declines; return it, and a sentence on its use."""
    before = replacement.before
    if before.newest and replacement.is_present(profile):
        return before.newest, f"{before.path}: this profile is there already and stays"
    if before.files and not wishes.replace:
        asked = replace(profile, effective_ms=replacement.effective_ms(now_ms()))
        if not click.confirm(replacement.question(asked), err=True):
            raise Refused(f"{before.path} stays as it was")
    answered_ms = now_ms()  # the answer may have taken a while
    written = replace(profile, effective_ms=replacement.effective_ms(answered_ms))
    return written, replacement.write(written, answered_ms)


def _draw(outcome: Finished, replacement: Replacement, wishes: Wishes, alone: bool) -> None:
    path = wishes.plot or replacement.before.path.with_suffix(".png")
    if outcome.figure is None:
        said = f"no figure of the fit: {outcome.no_figure}"
    else:
        write_file(path, outcome.figure)
        said = f"{path}: the fit, to look at"
    if alone or wishes.verbose:
        click.echo(said)


def _row(
    outcome: Finished | Failed, replacement: Replacement, written: StationProfile | None
) -> Iterator[str]:
    newest = replacement.before.newest
    yield "- no new profile" if written is None else holds_for(written)
    yield "" if written is None else f"{written.threshold:.3g}"
    yield "" if newest is None else f"{newest.threshold:.3g}"
    yield "" if written is None else written.interval_days
    yield "" if written is None else f"{written.quiet_days:.1f}"
    yield outcome.usage.share if isinstance(outcome, Finished) else ""
