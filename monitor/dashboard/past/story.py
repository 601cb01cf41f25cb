"""All that is shown of an alert: what was published, and the field, scores and model around it."""

from __future__ import annotations

from dataclasses import dataclass

from archive.model import Model
from geofield.calibration.profile import StationProfile
from geofield.utc import MINUTE_MS, utc_day
from monitor.dashboard.past.day import PastDay, past_day
from monitor.dashboard.past.folder import ALERTS, HistoryFolder
from monitor.dashboard.past.index import AlertPlace
from monitor.dashboard.past.models import PastModels, declination_deg
from monitor.dashboard.past.plot import INTERVALS
from monitor.dashboard.past.records import KeptAlert, read_alerts
from monitor.dashboard.past.samples import Faults, read_samples
from monitor.dashboard.reviews import ReviewView
from monitor.dashboard.traces import Reconstruction, reconstruction

PIXELS = 900
MOST_WINDOWS = 64  # that are drawn
LEAST_MARGIN_MS = 10 * MINUTE_MS
STEPS_MIN = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440)  # at most four days are shown


@dataclass(frozen=True, slots=True)
class AlertStory:
    """An alert and what is around it.

    `drawn_ms` is the time of the reconstruction, a part of `around` if the alert is long; where
    there is none, `why_not` says why.
    """

    alert: KeptAlert
    around: PastDay
    drawn: Reconstruction | None
    drawn_ms: tuple[int, int]
    why_not: str
    neighbours: tuple[str | None, str | None]
    review: ReviewView | None

    @property
    def span_ms(self) -> tuple[int, int]:
        """The time that is shown."""
        return self.around.start_ms, self.around.end_ms


def kept_alert(folder: HistoryFolder, place: AlertPlace) -> KeptAlert | None:
    """The alert at a place; None if it can no longer be read."""
    files = folder.files(ALERTS, place.station, place.day)
    found = read_alerts(folder, files, Faults())
    return next((one for one in found if one.last.alert_id == place.alert_id), None)


def span_around(alert: KeptAlert) -> tuple[int, int]:
    """The time of an alert with half as much before and after, at round times."""
    start_ms, end_ms = alert.view.start_ms, alert.view.end_ms
    margin_ms = max((end_ms - start_ms) // 2, LEAST_MARGIN_MS)
    for step_min in STEPS_MIN:  # between the times below the charts
        step_ms = step_min * MINUTE_MS
        begin_ms = (start_ms - margin_ms) // step_ms * step_ms
        if end_ms + margin_ms <= begin_ms + INTERVALS * step_ms:
            break
    return begin_ms, begin_ms + INTERVALS * step_ms


def story_of(
    folder: HistoryFolder,
    alert: KeptAlert,
    models: PastModels,
    neighbours: tuple[str | None, str | None] = (None, None),
    review: ReviewView | None = None,
) -> AlertStory:
    """The story of an alert, whose neighbours in time are given."""
    span_ms, station = span_around(alert), alert.view.station
    turned_deg = declination_deg(models, station)
    day = utc_day(alert.view.start_ms)
    around = past_day(folder, station, day, span_ms, turned_deg, PIXELS)
    drawn_ms, drawn = span_ms, None
    why_not = _no_model(alert, models)
    if not why_not:
        known = models[alert.last.model.sha256]
        profile = known.profile(station, alert.view.end_ms)
        drawn_ms = _drawn_ms(alert, known.model, span_ms)
        drawn = _drawn(folder, station, known.model, profile, drawn_ms, turned_deg)
        why_not = _nothing_drawn(station, drawn, known.model)
        drawn_ms = max(drawn_ms[0], span_ms[0]), min(drawn_ms[1], span_ms[1])
    return AlertStory(alert, around, drawn, drawn_ms, why_not, neighbours, review)


def _no_model(alert: KeptAlert, models: PastModels) -> str:
    about = alert.last.model
    if about.sha256 in models:
        return ""
    return (
        f"It was found by {about.name} {about.version} ({about.sha256[:12]}), which this page does "
        "not have: name it in MAGWATCH_MODEL to see its reconstruction."
    )


def _nothing_drawn(station: str, drawn: Reconstruction | None, model: Model) -> str:
    if drawn is None or not any(
        value is not None and value == value  # noqa: PLR0124 - NaN
        for column in drawn.filtered_nt.values()
        for value in column
    ):
        cadence_s = model.manifest.window.cadence_ms / 1000
        return f"The history has no whole window of one sample every {cadence_s:g} s around it."
    if not drawn.reconstruction_nt:
        return f"Without a profile of {station} there is no reconstruction: set MAGWATCH_PROFILES."
    return ""


def _drawn_ms(alert: KeptAlert, model: Model, span_ms: tuple[int, int]) -> tuple[int, int]:
    """Whole windows within a time; of too many, those in the middle of the alert."""
    window = model.manifest.window
    window_ms = window.samples * window.cadence_ms
    begin, end = span_ms[0] // window_ms, -(-span_ms[1] // window_ms)
    if end - begin > MOST_WINDOWS:
        middle = (alert.view.start_ms + alert.view.end_ms) // 2 // window_ms
        begin, end = middle - MOST_WINDOWS // 2, middle + MOST_WINDOWS // 2
    return begin * window_ms, end * window_ms


def _drawn(
    folder: HistoryFolder,
    station: str,
    model: Model,
    profile: StationProfile | None,
    span_ms: tuple[int, int],
    turned_deg: float,
) -> Reconstruction | None:
    window = model.manifest.window
    reach_ms = window.taps * window.cadence_ms  # of the filter, and a rest
    asked_ms = (span_ms[0] - reach_ms, span_ms[1] + reach_ms)
    samples = read_samples(folder, station, asked_ms, turned_deg, Faults(), window.cadence_ms)
    return None if samples is None else reconstruction(samples, model, profile)
