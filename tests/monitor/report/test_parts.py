"""Periods, and gaps between samples."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from geofield.series.samples import Samples
from geofield.utc import DAY_MS, HOUR_MS
from monitor.report.coverage import Coverage, coverage
from monitor.report.period import day_of, month_of


def day(number: int, *gaps: slice) -> tuple[tuple[int, int], Samples]:
    """A day of hourly samples."""
    field_nt = np.ones((24, 3))
    for gap in gaps:
        field_nt[gap, 1] = np.nan
    span_ms = number * DAY_MS, (number + 1) * DAY_MS
    return span_ms, Samples("WIC", span_ms[0], HOUR_MS, field_nt)


def test_gaps_go_on_over_midnight_and_a_component_is_enough() -> None:
    found = coverage([day(0, slice(22, 24)), day(1, slice(0, 1), slice(5, 6))])
    assert found.gaps_ms == ((22 * HOUR_MS, 25 * HOUR_MS), (29 * HOUR_MS, 30 * HOUR_MS))
    assert found.longest_ms == 3 * HOUR_MS
    assert found.share == pytest.approx(44 / 48)


def test_a_day_without_samples_is_a_gap() -> None:
    found = coverage([day(0), ((DAY_MS, 2 * DAY_MS), None), day(2)])
    assert found == Coverage(pytest.approx(2 / 3), ((DAY_MS, 2 * DAY_MS),), (HOUR_MS,))


def test_a_whole_day_has_no_gap() -> None:
    assert coverage([day(0)]) == Coverage(1.0, (), (HOUR_MS,))


def test_periods() -> None:
    now = datetime(2024, 3, 1, 0, 30, tzinfo=UTC)
    assert day_of("yesterday", now) == day_of("2024-02-29", now)
    assert day_of("2024-02-29", now).is_day
    assert month_of("2024-02").days[-1] == "2024-02-29"
    assert len(month_of("2024-02").days) == 29
    for text in ("2024-13", "2024", "x"):
        with pytest.raises(ValueError, match=r"."):
            month_of(text)
