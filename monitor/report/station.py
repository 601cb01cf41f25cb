"""All that a report says of a station."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from geofield.series.samples import Samples
from geofield.utc import DAY_MS, utc_day
from monitor.dashboard.past.day import PastDay, past_day
from monitor.dashboard.past.folder import HistoryFolder, day_ms
from monitor.dashboard.past.models import PastModels, declination_deg
from monitor.dashboard.past.records import KeptAlert, alerts_within
from monitor.dashboard.past.samples import Faults, read_samples
from monitor.dashboard.past.story import PIXELS, AlertStory, story_of
from monitor.dashboard.past.summary import DaySummary
from monitor.report.coverage import Coverage, coverage
from monitor.report.period import Period
from monitor.report.windows import WindowCounts, read_windows

MOST_DRAWN = {"day": 6, "month": 3}  # alerts of a station


@dataclass(frozen=True, slots=True)
class StationReport:
    """A station in a period.

    Attributes
    ----------
    coverage
        Its samples and gaps.
    windows
        Its scores.
    alerts
        Alerts that begin in the period.
    earlier
        Alerts that began before and reach into it.
    stories
        The largest of the alerts with what is around them, in order.
    whole
        Field and scores of a day; None for a month.
    days
        Days of which the history has anything, by date.
    faults
        What could not be read.
    """

    station: str
    coverage: Coverage
    windows: WindowCounts
    alerts: tuple[KeptAlert, ...]
    earlier: tuple[KeptAlert, ...]
    stories: tuple[AlertStory, ...]
    whole: PastDay | None
    days: dict[str, DaySummary]
    faults: tuple[str, ...]

    @property
    def classes(self) -> Counter[str]:
        """Number of alerts of each class."""
        return Counter(alert.last.classification for alert in self.alerts)


@dataclass(slots=True)
class StationReader:
    """Reads stations of a history; `step` is called after each day that was read."""

    folder: HistoryFolder
    models: PastModels
    period: Period
    step: Callable[[], object]
    _shares: dict[str, float] = field(default_factory=dict)

    def read(self, station: str) -> StationReport:
        """The report of a station."""
        faults, span_ms = Faults(), self.period.span_ms
        turned_deg = declination_deg(self.models, station)
        self._shares = {}
        covered = coverage(self._samples(station, turned_deg, faults))
        windows = read_windows(self.folder, station, span_ms, faults)
        found = alerts_within(self.folder, station, span_ms, faults)
        alerts = tuple(one for one in found if one.view.start_ms >= span_ms[0])
        stories = tuple(story_of(self.folder, one, self.models) for one in self._largest(alerts))
        whole = self._whole(station, turned_deg)
        for shown in (*([whole] if whole else []), *(story.around for story in stories)):
            for word in shown.faults:
                faults.add(word)
        return StationReport(
            station=station,
            coverage=covered,
            windows=windows,
            alerts=alerts,
            earlier=tuple(one for one in found if one.view.start_ms < span_ms[0]),
            stories=stories,
            whole=whole,
            days=self._days(station, alerts, windows, faults),
            faults=tuple(faults.words),
        )

    def _samples(
        self, station: str, turned_deg: float, faults: Faults
    ) -> Iterator[tuple[tuple[int, int], Samples | None]]:
        for day in self.period.days:
            start_ms = day_ms(day) or 0
            span_ms = (start_ms, start_ms + DAY_MS)
            samples = read_samples(self.folder, station, span_ms, turned_deg, faults)
            if samples is not None:
                self._shares[day] = coverage([(span_ms, samples)]).share
            yield span_ms, samples
            self.step()

    def _largest(self, alerts: tuple[KeptAlert, ...]) -> list[KeptAlert]:
        ordered = sorted(alerts, key=lambda one: one.last.score / (one.last.threshold or 1))
        drawn = ordered[-MOST_DRAWN[self.period.kind] :]
        return sorted(drawn, key=lambda one: one.view.start_ms)

    def _whole(self, station: str, turned_deg: float) -> PastDay | None:
        if not self.period.is_day:
            return None
        day, span_ms = self.period.name, self.period.span_ms
        return past_day(self.folder, station, day, span_ms, turned_deg, PIXELS)

    def _days(
        self,
        station: str,
        alerts: tuple[KeptAlert, ...],
        windows: WindowCounts,
        faults: Faults,
    ) -> dict[str, DaySummary]:
        classes: dict[str, list[str]] = {}
        for alert in alerts:
            day = utc_day(alert.view.start_ms)
            classes.setdefault(day, []).append(alert.last.classification)
        held = set(self.folder.all_days(station))
        return {
            day: DaySummary(
                complete=self._shares.get(day),
                alerts=tuple(classes.get(day, ())),
                kept=windows.kept.get(day),
                damaged=any(f"day={day}/" in word for word in faults.words),
            )
            for day in self.period.days
            if day in held
        }
