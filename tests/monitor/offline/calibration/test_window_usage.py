"""Why windows of an archive were of no use, in shares."""

import numpy as np
import pytest

from monitor.offline.calibration.quiet_windows import QuietSegment
from monitor.offline.calibration.window_usage import WindowUsage, window_usage
from support.spans import Span
from tests.geofield.builders import SPEC

HOP_MS = SPEC.hop_ms


def ends_ms(first: int, count: int) -> np.ndarray:
    return (first + np.arange(count)) * HOP_MS


def test_every_window_is_counted_once() -> None:
    runs = [
        QuietSegment((), ends_ms(100, 60), ends_ms(200, 30), ends_ms(300, 5)),
        QuietSegment((), ends_ms(1000, 5)),
    ]
    used_ms = np.concatenate([ends_ms(100, 50), ends_ms(1000, 5)])
    found = window_usage(runs, used_ms, used_ms[:0], [], SPEC)
    assert found == WindowUsage(used=55, disturbed=30, kp_unknown=5, left_out=0, gaps=10)
    assert found.stated(3.0) == (
        "55 % of 100 windows used; not used: 30 % Kp above 3, 5 % Kp not known, 10 % gaps"
    )


def test_a_window_that_reaches_into_what_is_left_out_is_left_out() -> None:
    """With the samples that the filter needs on either side."""
    half_ms, length_ms = SPEC.margin_ms, SPEC.length_ms
    run = QuietSegment((), ends_ms(100, 60))
    begin_ms, stop_ms = 120 * HOP_MS, 120 * HOP_MS + 1
    touched = [
        end_ms
        for end_ms in run.end_ms
        if end_ms - length_ms - half_ms < stop_ms and end_ms + half_ms > begin_ms
    ]
    used_ms = np.setdiff1d(run.end_ms, touched)
    found = window_usage([run], used_ms[1:], used_ms[:0], [Span(begin_ms, stop_ms)], SPEC)
    assert (found.left_out, found.gaps, found.total) == (len(touched), 1, 60)


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        (WindowUsage(1345, 0, 0, 0, 0), "100 % of 1,345 windows used"),
        (WindowUsage(99_999, 0, 0, 1, 0), "; not used: less than 0.1 % left out"),
        (WindowUsage(0, 0, 0, 0, 0), "0 % of 0 windows used"),
    ],
)
def test_shares_are_in_words(usage: WindowUsage, said: str) -> None:
    assert usage.stated(3.0).endswith(said)
