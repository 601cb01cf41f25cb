"""Rate of alarms, their local hours, and comparison with the promised rate."""

import numpy as np

from geofield.calibration.pareto import poisson_interval
from geofield.calibration.threshold import DAYS_PER_MONTH
from geofield.types import Int64
from geofield.utc import HOUR_MS
from training.labels.covariates import solar_hour
from training.results import FalseAlarms

_MONTH_MS = DAYS_PER_MONTH * 24 * HOUR_MS


def alarms_per_month(alarms: int, watched_ms: int) -> float:
    """Alarms per station-month, which is 30.4375 days of data."""
    return alarms * _MONTH_MS / watched_ms


def alarm_hours(opened_ms: Int64, longitude_deg: float) -> list[int]:
    """Counts [24] of alarms by the local mean solar hour of their opening, see `solar_hour`.

    An accumulation in some hours points to the sun, to traffic or to the daily variation.
    """
    hours = np.floor(solar_hour(longitude_deg, opened_ms)).astype(int) % 24
    return [int(count) for count in np.bincount(hours, minlength=24)]


def false_alarms(
    method: str,
    station: str,
    asked_per_month: float,
    quiet_days: float,
    counted: int,
    living: int | None = None,
) -> FalseAlarms:
    """Compare the alarms on quiet days with the promised rate.

    Parameters
    ----------
    method, station
        Names of the method and the station.
    asked_per_month
        The promised rate.
    quiet_days
        Amount of quiet data, in days, that was not used for calibration.
    counted
        Number of alarms that opened in these data.
    living
        Number of alarms that opened while the profile went on learning; None if not tried.

    Returns
    -------
    The counts, with the central 95 % interval of a Poisson count at the promised rate.
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
        living=living,
        low=low,
        high=high,
    )
