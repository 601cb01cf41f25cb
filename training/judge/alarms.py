"""How often alarms open, at which local hour, and whether that is what was promised."""

import numpy as np

from geofield.pareto import poisson_interval
from geofield.threshold import DAYS_PER_MONTH
from geofield.types import Int64
from training.evaluation import FalseAlarms
from training.labels.conditions import solar_hour

_HOUR_MS = 3_600_000
_MONTH_MS = DAYS_PER_MONTH * 24 * _HOUR_MS


def alarms_per_month(alarms: int, watched_ms: int) -> float:
    """Rate per station-month of 30.4375 days of data."""
    return alarms * _MONTH_MS / watched_ms


def alarm_hours(opened_ms: Int64, longitude_deg: float) -> list[int]:
    """24 counts by local mean solar hour (UTC and 4 minutes for each degree east) at opening.

    Alarms that crowd into some hours come from the sun, from traffic or from the daily variation.
    """
    hours = np.floor(solar_hour(longitude_deg, opened_ms)).astype(int) % 24
    return [int(count) for count in np.bincount(hours, minlength=24)]


def false_alarms(
    method: str, station: str, asked_per_month: float, quiet_days: float, counted: int
) -> FalseAlarms:
    """Compare the alarms on quiet days with the rate that the threshold was set for.

    Parameters
    ----------
    method, station
        What was judged and where.
    asked_per_month
        The promise.
    quiet_days
        How much data was watched that did not calibrate the threshold.
    counted
        Alarms that opened in it.
    """
    expected = asked_per_month * quiet_days / DAYS_PER_MONTH
    low, high = poisson_interval(expected)
    return FalseAlarms(
        method=method,
        station=station,
        asked_per_month=asked_per_month,
        quiet_days=quiet_days,
        expected=expected,
        counted=counted,
        low=low,
        high=high,
    )
