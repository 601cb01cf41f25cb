"""A registered protocol: what counts as an alarm, as an earthquake, as data, and as success."""

from dataclasses import dataclass

from geofield.earthquakes.rules import EarthquakeRules
from geofield.earthquakes.types import Site
from geofield.utc import HOUR_MS

RANDOM, KP_ALONE, POLARIZATION, PLACEBO = "random", "kp", "polarization", "placebo"
CONTROLS = (RANDOM, KP_ALONE, POLARIZATION, PLACEBO)


@dataclass(frozen=True, slots=True)
class ScoredStation:
    """A station with the rules of its earthquakes."""

    site: Site
    rules: EarthquakeRules


@dataclass(frozen=True, slots=True)
class SuccessRule:
    """When skill counts as shown.

    Attributes
    ----------
    min_events
        Earthquakes that have to count; the verdict is taken once, at that one.
    p_max
        Highest p of each test.
    beat
        Controls that have to be beaten, of `CONTROLS`.
    """

    min_events: int
    p_max: float
    beat: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreProtocol:
    """Rules of a scoreboard.

    All times are whole hours: an alarm begins with the first full hour after its publication.

    Attributes
    ----------
    stations
        Stations, in the order of the tables.
    start_ms
        First moment that counts.
    classes
        Classes of alerts that are alarms.
    lead_hours, alarm_hours
        Time from the first full hour after publication to the begin of an alarm; its length.
    coverage_min
        An hour of a station counts if at least this share of the windows that could have raised an
        alarm for it were scored in time, and one at least.
    hop_ms
        Distance between windows.
    delay_ms
        Longest time from the end of a window to the publication of its score.
    settle_ms
        Time from an origin until its earthquake is settled.
    placebo_gap_hours
        Time before an alarm that the placebo leaves out: aftershocks and repairs.
    draws
        Shuffled catalogues, and draws of random alarms.
    seed
        Of the random alarms.
    success
        The rule of success.
    """

    stations: tuple[ScoredStation, ...]
    start_ms: int
    classes: frozenset[str]
    lead_hours: int
    alarm_hours: int
    coverage_min: float
    hop_ms: int
    delay_ms: int
    settle_ms: int
    placebo_gap_hours: int
    draws: int
    seed: int
    success: SuccessRule

    @property
    def before_hours(self) -> int:
        """Hours before the start whose windows decide whether hours after it count."""
        return self.lead_hours + self.alarm_hours

    def scored_hours(self, at_ms: int) -> int:
        """Whole hours from the start that are settled at a time; none of them can change."""
        wait_ms = max(self.settle_ms, self.delay_ms)
        return max(0, (at_ms - wait_ms - self.start_ms) // HOUR_MS)
