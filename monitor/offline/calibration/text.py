"""Text of `magwatch calibrate` about a profile: a summary, and figures on demand."""

from __future__ import annotations

import math
from collections.abc import Iterator

from archive.kp import newer_than_kp
from geofield.calibration.false_alarm_budget import (
    judged,
    lone_peak,
    openings,
    rarest_per_month,
)
from geofield.calibration.fit import QuietScores
from geofield.calibration.living.budget import lived
from geofield.calibration.profile import MEASURED, StationProfile
from geofield.calibration.threshold import DAYS_PER_MONTH, fit_tail
from monitor.offline.calibration.calibrate import Calibrated, CalibrationPlan
from monitor.offline.calibration.quiet_windows import HIGHEST_KP, KP_ADVICE
from support.spans import Span

# With fewer expected alerts a rate cannot be told from half or twice that rate.
CHECKABLE = 5.0
_TURNED_DEG = 1.0
_PERIODS = {1.0: "day", 7.0: "week", DAYS_PER_MONTH: "month", 12 * DAYS_PER_MONTH: "year"}


def summary(profile: StationProfile) -> str:
    """Sentence on the threshold, its rate, its quiet data, and the limit of these."""
    days = f"{profile.quiet_days:.1f} quiet days"
    return (
        f"{profile.station}: {rate_in_words(profile)}: threshold {profile.threshold:.3g} times the "
        f"quiet background. Rests on {days}; {_limit(profile)}."
    )


def rate_in_words(profile: StationProfile) -> str:
    """The rate of false alerts in words."""
    for days, period in _PERIODS.items():
        if math.isclose(profile.asked_days, days, rel_tol=0.02):
            return f"one false alert a {period}"
    if profile.false_alarms_per_month > 1:
        return f"{profile.false_alarms_per_month:.3g} false alerts a month"
    return f"one false alert in {profile.asked_days:.3g} days"


def figures(result: Calibrated, plan: CalibrationPlan) -> list[str]:
    """Lines on the background, the threshold, and the alerts that the fitted data open."""
    h, e, z = result.profile.scale_nt
    return [
        f"background H {h:.3f}, E {e:.3f}, Z {z:.3f} nT; {result.profile.promise}",
        *_counts("data of the fit (in sample)", result.scores, result, plan),
    ]


def check(result: Calibrated, plan: CalibrationPlan) -> list[str]:
    """Lines on the alerts that later data open; empty if all data were fitted."""
    if result.later is None:
        return []
    return _counts("later data, not in the fit", result.later, result, plan)


def warnings(result: Calibrated, plan: CalibrationPlan) -> Iterator[str]:
    """Iterate over warnings about the data."""
    profile, spec = result.profile, plan.window
    if lone := lone_peak(result.fitted.peaks):
        end_ms, rest = lone
        lower = fit_tail(rest).score_once_in(profile.asked_days)
        seen_ms = (spec.samples + (plan.alert.n - 1) * spec.hop) * spec.cadence_ms
        yield (
            f"one disturbance within {Span(end_ms - seen_ms, end_ms)} UTC stands far above all "
            f"others; the threshold would be {lower:.3g} without it: look at it, and if it is not "
            "the field leave it out by --leave-out"
        )
    turned_deg = profile.declination_deg
    if result.measured_deg and abs(result.measured_deg - turned_deg) > _TURNED_DEG:
        yield (
            f"the reference declination stays {turned_deg:.2f} degrees, as in the profile before; "
            f"these data have {result.measured_deg:.2f}: --effective always takes that"
        )


def without_kp(end_ms: int, plan: CalibrationPlan) -> list[str]:
    """Warning if data that end at `end_ms` are newer than Kp, which then leaves some out."""
    if plan.max_kp >= HIGHEST_KP:
        return []
    reason = newer_than_kp(end_ms, plan.kp_file)
    return [f"{reason}, and what is newer is not used: {KP_ADVICE}"] if reason else []


def _limit(profile: StationProfile) -> str:
    if not profile.extrapolated:
        return "later seasons may give more"
    least_days = profile.asked_days / MEASURED
    measured = rarest_per_month(MEASURED * profile.quiet_days)
    return (
        f"that is short: such a promise needs {least_days:.0f}; these can promise {measured:g} "
        f"false alerts a month (--false-alarms {measured:g}). The true rate may be one in "
        f"{profile.interval_days} days (95 %)"
    )


def _counts(what: str, scores: QuietScores, result: Calibrated, plan: CalibrationPlan) -> list[str]:
    """Lines on the alerts at the rate asked for and, if that is too rare, at one to be checked."""
    asked, days = result.profile, scores.days(plan.window.hop_ms)
    lines = [f"{what}: {_counted(scores, asked, result, plan)}"]
    if days < CHECKABLE * asked.asked_days:
        per_day = min(CHECKABLE / days, 0.5 * asked.alert_tail.peaks_per_day)
        often = asked.at_rate(per_day * DAYS_PER_MONTH)
        lines.append(
            f"  were it one in {often.asked_days:.2g} days (threshold {often.threshold:.3g}): "
            f"{_counted(scores, often, result, plan)}"
        )
    return lines


def _counted(
    scores: QuietScores, rate: StationProfile, result: Calibrated, plan: CalibrationPlan
) -> str:
    living = plan.living_setting if scores is result.later else None
    alerts = (
        lived(rate, scores, living).opened_ms
        if living
        else openings(scores, rate.threshold, plan.alert, plan.window)
    )
    kept = judged(result.fitted.peaks, scores, rate, len(alerts), plan.window)
    interval, verdict = f"{kept.low}-{kept.high}", kept.verdict
    if scores is result.later:
        interval += f", {kept.fit_low}-{kept.fit_high} with the fit's own uncertainty"
    elif kept.opened > kept.high:
        verdict = "more than the fit says, look at its figure"
    return (
        f"asked {kept.expected:.2g} in {kept.days:.1f} quiet days, {kept.opened} opened "
        f"(95 % interval {interval}): {verdict}"
    )
