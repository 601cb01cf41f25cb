"""Calibration of a station's profile from the quiet windows of its archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from archive.kp_file import KpFile
from archive.model import Model
from geofield.alerts.alert import AlertRules
from geofield.calibration.false_alarm_budget import PromiseUnfounded, check_founded
from geofield.calibration.fit import Calibration, FittedProfile, QuietScores, fit_profile
from geofield.calibration.living.rules import LivingRules, LivingSetting
from geofield.calibration.profile import StationProfile
from geofield.series.windows import WindowSpec
from monitor.errors import Refused
from monitor.offline.calibration.compact_recording import CompactRecording
from monitor.offline.calibration.quiet_windows import QuietScorer, declination_deg, quiet_segments
from monitor.offline.calibration.window_usage import WindowUsage, window_usage
from support.spans import Span

MAX_KP = 3.0


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """The parameters of a calibration."""

    window: WindowSpec  # online
    alert: AlertRules
    false_alarms_per_month: float
    max_kp: float = MAX_KP  # of a quiet window
    check_from_ms: int | None = None  # later windows are not fitted but check the fit
    left_out: tuple[Span, ...] = ()  # treated as missing
    reviewed: tuple[Span, ...] = ()  # likewise, where the archive holds them
    kp_file: KpFile | None = None  # Kp where the installed table ends
    living: LivingRules | None = None  # by which the profile lives on in the check

    @property
    def living_setting(self) -> LivingSetting | None:
        """The rules by which the profile lives on, with window and alert rules; None if fixed."""
        return LivingSetting(self.living, self.window, self.alert) if self.living else None


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A profile with the data that it rests on.

    Attributes
    ----------
    fitted
        The profile, fitted to `scores`.
    later
        Scores after `check_from_ms`, not fitted; None without that time.
    usage
        Counts of the used and unused windows.
    measured_deg
        Declination of these data; the profile may keep that of an earlier profile.
    """

    fitted: FittedProfile
    scores: QuietScores
    later: QuietScores | None
    usage: WindowUsage
    measured_deg: float

    @property
    def profile(self) -> StationProfile:
        """The fitted profile."""
        return self.fitted.profile


def calibrated(
    parts: Sequence[CompactRecording],
    model: Model,
    plan: CalibrationPlan,
    advance: Callable[[int], object] = lambda _: None,
    reference_deg: float | None = None,
) -> Calibrated:
    """Fit the profile of a station to the quiet windows of its recordings, in order of time.

    Two passes over the data, a few hours at a time, measure first the scale, then the scores.

    Parameters
    ----------
    parts
        Recordings from `monitor.offline.calibration.archive_parts.read_parts`.
    advance
        Called with the number of windows processed, in each of the two passes.
    reference_deg
        Reference declination; that of the data if None.

    Raises
    ------
    Refused
        If there are no quiet windows, or too few for the rate asked for.
    """
    early_span, late_span = _spans(plan)
    quiet = quiet_segments(parts, plan.window, plan.max_kp, plan.kp_file)
    early = [run.between(early_span) for run in quiet]
    station, shares = parts[0].station, ""
    try:
        measured_deg = declination_deg(parts, early_span)
        turned_by_deg = measured_deg if reference_deg is None else reference_deg
        scorer = QuietScorer(model, plan.window, turned_by_deg, advance)
        scale_nt = scorer.background_nt(early)
        scores, faulty_ms = scorer.scores(early, scale_nt)
        left_out = [*plan.left_out, *plan.reviewed]
        usage = window_usage(early, scores.end_ms, faulty_ms, left_out, plan.window)
        shares = f"; {usage.stated(plan.max_kp)}"
        model_sha256, rate = model.manifest.sha256, plan.false_alarms_per_month
        asked = Calibration(station, model_sha256, turned_by_deg, plan.alert, rate)
        fitted = fit_profile(scores, scale_nt, plan.window, asked)
        check_founded(fitted)
    except ValueError as error:
        raise Refused(f"{station} cannot be calibrated: {error}{_offer(error)}{shares}") from error
    later = None
    if plan.check_from_ms is not None:
        later, _ = scorer.scores([run.between(late_span) for run in quiet], scale_nt)
        if not len(later):
            raise Refused(f"{station}: no quiet window after --check-from")
    profile = replace(fitted.profile, position_deg=parts[0].position_deg)
    return Calibrated(replace(fitted, profile=profile), scores, later, usage, measured_deg)


def lent(profile: StationProfile, station: str) -> StationProfile:
    """The profile under another station's code, for data without quiet days of their own."""
    return replace(profile, station=station, position_deg=None)


def _offer(error: ValueError) -> str:
    """The option for a rate that these data can support; empty if there is none."""
    per_month = error.per_month if isinstance(error, PromiseUnfounded) else None
    return "" if per_month is None else f" (--false-alarms {per_month:g})"


def _spans(plan: CalibrationPlan) -> tuple[Span, Span]:
    """Spans of the window ends of the fit and of its check; the two share no sample."""
    if plan.check_from_ms is None:
        return Span(), Span()
    spec = plan.window
    return (
        Span(end_ms=plan.check_from_ms - spec.margin_ms + 1),
        Span(start_ms=plan.check_from_ms + spec.length_ms + spec.margin_ms),
    )
