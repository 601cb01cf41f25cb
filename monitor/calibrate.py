"""`magwatch calibrate`: a station's profile from quiet days of its archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

import click

from archive.extras import ExtraMissing
from archive.model import Model, default_model_path, load_model
from archive.options import SpanType
from archive.profile import save_profile
from archive.spans import Span
from geofield.alert import AlertRules
from geofield.calibration import Calibration, QuietScores, profile_of
from geofield.diagnosis import diagnose
from geofield.profile import MEASURED, StationProfile
from geofield.promise import check_founded, judged, lone_peak, peaks_of
from geofield.threshold import DAYS_PER_MONTH, fit_tail
from geofield.windows import WindowSpec
from monitor.assembly import alert_rules, window_spec
from monitor.calibration_figure import draw, drawable
from monitor.errors import Refused
from monitor.held import Held
from monitor.progress import progress_bar
from monitor.quiet_scores import Scorer, declination_deg, quiet_runs, read_parts
from monitor.settings import load_settings

MAX_KP = 3.0
# Fewer alerts than this cannot tell a rate from half or twice of it.
CHECKABLE = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a profile is for: the online window, the alert rule, and the rate of false alerts.

    Windows with Kp of at most `max_kp` are quiet. Those from `check_from_ms` on are kept from the
    fit, to check it.
    """

    window: WindowSpec
    alert: AlertRules
    false_alarms_per_month: float
    max_kp: float = MAX_KP
    check_from_ms: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A profile, the scores it was fitted to, and later ones that it was not."""

    profile: StationProfile
    fitted: QuietScores
    later: QuietScores | None


class Options(TypedDict):
    """Options of the command, as click hands them over."""

    profiles: Path
    station: str | None
    begin: datetime | None
    end: datetime | None
    leave_out: tuple[Span, ...]
    check_from: datetime | None
    max_kp: float
    false_alarms: float
    model: Path | None
    plot: Path | None


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--profiles", type=click.Path(path_type=Path), default="profiles", show_default=True)
@click.option("--station", help="Calibrate as this IAGA code; else the code in the files.")
@click.option("--from", "begin", type=click.DateTime(), help="First moment to use, UTC.")
@click.option("--to", "end", type=click.DateTime(), help="First moment not to use, UTC.")
@click.option(
    "--leave-out",
    type=SpanType(),
    multiple=True,
    help="What is not the field, like 2024-03-09T11:15/2024-03-09T11:18 (UTC); may be repeated.",
)
@click.option(
    "--check-from",
    type=click.DateTime(),
    help="Fit on what is before this moment (UTC) and count the alerts of the quiet rest.",
)
@click.option("--max-kp", type=click.FloatRange(0, 9), default=MAX_KP, show_default=True)
@click.option(
    "--false-alarms",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="How many alerts a month quiet data may open.",
)
@click.option("--model", type=click.Path(path_type=Path), help="ONNX file; else the shipped one.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to show the fit, .png or .svg.  [default: PROFILES/STATION.png]",
)
def calibrate(files: tuple[Path, ...], **options: Unpack[Options]) -> None:
    """Fit the profile of a station to its quiet data and write PROFILES/STATION.json.

    Only windows with known Kp of at most --max-kp count. A day is the least that makes sense; a
    month or more is what a threshold of one false alarm a month can rest on. The figure beside the
    profile shows how well the fit holds; --check-from tries it on data that it has not seen.

    \b
    Example:
      magwatch calibrate wic202404*.sec --profiles profiles
      magwatch calibrate wic2024*.sec --profiles profiles --check-from 2024-04-01
      magwatch calibrate hon202403*.sec --leave-out 2024-03-09T11:15/2024-03-09T11:18
    """
    plot = drawable(options["plot"])
    settings = load_settings(model=options["model"])
    model = load_model(settings.model or default_model_path())
    span = _span(options["begin"], options["end"])
    parts = read_parts(files, options["station"], span, options["leave_out"], model.manifest)
    plan = Plan(
        window_spec(settings, model.manifest),
        alert_rules(settings),
        options["false_alarms"],
        options["max_kp"],
        _utc_ms(options["check_from"]) if options["check_from"] else None,
    )
    with progress_bar("windows") as bar:
        windows = sum(map(len, parts)) // plan.window.hop
        task = bar.add_task("calibrate", total=2 * windows)
        found = calibrated(parts, model, plan, lambda n: bar.advance(task, n))
    path = save_profile(found.profile, options["profiles"])
    for left_out in options["leave_out"]:
        click.echo(f"left out: {left_out}")
    for line in stated(path, found, plan):
        click.echo(line)
    _warn(found, plan)
    _show(found, plan, plot, path.with_suffix(".png"))


def calibrated(
    parts: Sequence[Held],
    model: Model,
    plan: Plan,
    advance: Callable[[int], object] = lambda _: None,
) -> Calibrated:
    """Fit the profile of a station to the quiet windows of its recordings, in order of time.

    The scale is measured first and the scores after it, each with a few hours in memory.

    Raises
    ------
    Refused
        If nothing is quiet, or what is cannot bear the rate asked for.
    """
    early_span, late_span = _spans(plan)
    quiet = quiet_runs(parts, plan.window, plan.max_kp)
    early = [run.between(early_span) for run in quiet]
    try:
        turned_by_deg = declination_deg(parts, early_span)
        scorer = Scorer(model, plan.window, turned_by_deg, advance)
        scale_nt = scorer.background_nt(early)
        fitted = scorer.scores(early, scale_nt)
        asked = _asked(parts[0].station, model, plan, turned_by_deg)
        profile = replace(
            profile_of(fitted, scale_nt, plan.window, asked), position_deg=parts[0].position_deg
        )
        check_founded(fitted, profile, plan.window)
    except ValueError as error:
        raise Refused(f"{parts[0].station} cannot be calibrated: {error}") from error
    if plan.check_from_ms is None:
        return Calibrated(profile, fitted, None)
    later = scorer.scores([run.between(late_span) for run in quiet], scale_nt)
    if not len(later):
        raise Refused(f"{parts[0].station}: no quiet window after --check-from")
    return Calibrated(profile, fitted, later)


def stated(path: Path, found: Calibrated, plan: Plan) -> list[str]:
    """What the command says of a calibration."""
    h, e, z = found.profile.scale_nt
    lines = [f"{path}: background H {h:.3f}, E {e:.3f}, Z {z:.3f} nT; {found.profile.promise}"]
    lines += _counts("data of the fit (in sample)", found.fitted, found, plan)
    if found.later is not None:
        lines += _counts("later data, not in the fit", found.later, found, plan)
    return lines


def lent(profile: StationProfile, station: str) -> StationProfile:
    """The profile under another station's code, for data that have no quiet days of their own."""
    return replace(profile, station=station, position_deg=None)


def _counts(what: str, scores: QuietScores, found: Calibrated, plan: Plan) -> list[str]:
    """Alerts at the rate asked for and, if that is too rare to be checked, at one that is not."""
    asked, days = found.profile, scores.days(plan.window.hop * plan.window.cadence_ms)
    lines = [f"{what}: {_counted(scores, asked, found, plan)}"]
    if days < CHECKABLE * asked.asked_days:
        per_day = min(CHECKABLE / days, 0.5 * asked.alert_tail.peaks_per_day)
        often = asked.at_rate(per_day * DAYS_PER_MONTH)
        lines.append(
            f"  were it one in {often.asked_days:.2g} days (threshold {often.threshold:.3g}): "
            f"{_counted(scores, often, found, plan)}"
        )
    return lines


def _counted(scores: QuietScores, rate: StationProfile, found: Calibrated, plan: Plan) -> str:
    kept = judged(found.fitted, scores, rate, plan.alert, plan.window)
    interval, verdict = f"{kept.low}-{kept.high}", kept.verdict
    if scores is found.later:
        interval += f", {kept.fit_low}-{kept.fit_high} with the fit's own uncertainty"
    elif kept.opened > kept.high:
        verdict = "more than the fit says, look at its figure"
    return (
        f"asked {kept.expected:.2g} in {kept.days:.1f} quiet days, {kept.opened} opened "
        f"(95 % interval {interval}): {verdict}"
    )


def _warn(found: Calibrated, plan: Plan) -> None:
    profile, spec = found.profile, plan.window
    lone = lone_peak(peaks_of(found.fitted, profile, spec))
    if lone:
        end_ms, rest = lone
        lower = fit_tail(rest).score_once_in(profile.asked_days)
        seen_ms = (spec.samples + (plan.alert.n - 1) * spec.hop) * spec.cadence_ms
        click.echo(
            f"warning: one disturbance within {Span(end_ms - seen_ms, end_ms)} UTC stands far "
            f"above all others; the threshold would be {lower:.3g} without it: look at it, and if "
            "it is not the field leave it out by --leave-out",
            err=True,
        )
    if profile.extrapolated:
        more = profile.asked_days / MEASURED - profile.quiet_days
        click.echo(
            f"warning: one alert in {profile.asked_days:.1f} days is extrapolated from "
            f"{profile.quiet_days:.1f}: {more:.0f} more quiet days would measure it",
            err=True,
        )
    if profile.position_deg is None:
        click.echo(
            "the files state no position: write `position_deg` (latitude, longitude) into the "
            "profile to compare its alerts with distant stations",
            err=True,
        )


def _show(found: Calibrated, plan: Plan, wanted: Path | None, default: Path) -> None:
    """Draw the fit; only where a figure was asked for is it an error that none can be drawn."""
    try:
        draw(wanted or default, found.profile, diagnose(found.fitted, found.profile, plan.window))
    except ExtraMissing as missing:
        if wanted:
            raise
        click.echo(f"no figure of the fit: {missing}")
    else:
        click.echo(f"{wanted or default}: the fit, to look at")


def _asked(station: str, model: Model, plan: Plan, turned_by_deg: float) -> Calibration:
    return Calibration(
        station=station,
        model_sha256=model.manifest.sha256,
        declination_deg=turned_by_deg,
        k=plan.alert.k,
        n=plan.alert.n,
        false_alarms_per_month=plan.false_alarms_per_month,
    )


def _spans(plan: Plan) -> tuple[Span, Span]:
    """Ends of the windows of the fit and of its check, which share no sample."""
    if plan.check_from_ms is None:
        return Span(), Span()
    spec = plan.window
    half_ms, length_ms = spec.half * spec.cadence_ms, spec.samples * spec.cadence_ms
    return (
        Span(end_ms=plan.check_from_ms - half_ms + 1),
        Span(start_ms=plan.check_from_ms + length_ms + half_ms),
    )


def _span(begin: datetime | None, end: datetime | None) -> Span:
    everything = Span()
    return Span(
        _utc_ms(begin) if begin else everything.start_ms,
        _utc_ms(end) if end else everything.end_ms,
    )


def _utc_ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)
