import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geofield.calibration.quiet import windows_by_kp
from geofield.indices import KP, IndexHistory, IndexInterval

THREE_HOURS_MS = 10_800_000
HOUR_MS = THREE_HOURS_MS // 3
published = st.lists(st.none() | st.integers(0, 27).map(lambda third: third / 3), min_size=8)


def kp(values: list[float | None]) -> IndexHistory:
    """Kp of each three hours from 1970 on; None where it is not known."""
    return IndexHistory(
        IndexInterval(KP, at, at + THREE_HOURS_MS, at + 2 * THREE_HOURS_MS, value)
        for at, value in zip(range(0, 10**9, THREE_HOURS_MS), values, strict=False)
        if value is not None
    )


@given(published)
def test_every_window_is_of_one_kind_and_a_missing_value_is_never_quiet(
    values: list[float | None],
) -> None:
    end_ms = np.arange(2, 24) * HOUR_MS
    kinds = windows_by_kp(end_ms, 2 * HOUR_MS, kp(values), 3.0)
    assert (kinds.quiet.astype(int) + kinds.disturbed + kinds.unknown == 1).all()
    for end, quiet in zip(end_ms, kinds.quiet, strict=True):
        under = values[(end - 2 * HOUR_MS) // THREE_HOURS_MS : (end - 1) // THREE_HOURS_MS + 1]
        assert quiet == all(value is not None and value <= 3.0 for value in under)


@given(published, st.integers(1, 20), st.integers(0, 60))
def test_a_window_is_of_the_kind_that_the_history_tells_of_it(
    values: list[float | None], length: int, now: int
) -> None:
    history, end_ms = kp(values), np.arange(1, 30) * HOUR_MS
    history = history.with_values(  # Kp is revised later
        IndexInterval(KP, one.start_ms, one.end_ms, one.known_ms + 5 * HOUR_MS, 9.0 - one.value)
        for one in history.of(KP)[::2]
    )
    kinds = windows_by_kp(end_ms, length * HOUR_MS, history, 3.0, now * HOUR_MS)
    told = [history.between(end - length * HOUR_MS, end, now * HOUR_MS) for end in end_ms.tolist()]
    assert kinds.quiet.tolist() == [known.at_most(3.0) for known in told]
    assert kinds.disturbed.tolist() == [known.exceeds(3.0) for known in told]
    highest = [known.highest for known in told if known.highest is not None]
    assert kinds.highest == max(highest, default=None)


def test_one_high_value_disturbs_a_window_that_is_otherwise_unknown() -> None:
    end_ms = np.array([4, 5, 8]) * HOUR_MS
    kinds = windows_by_kp(end_ms, 2 * HOUR_MS, kp([1.0, None, 3.0 + 1 / 3]), 3.0)
    assert kinds.quiet.tolist() == [False, False, False]
    assert kinds.disturbed.tolist() == [False, False, True]
    assert kinds.unknown.tolist() == [True, True, False]
    assert kinds.highest == 3.0 + 1 / 3


def test_nothing_known_has_no_highest_value() -> None:
    kinds = windows_by_kp(np.array([HOUR_MS]), HOUR_MS, IndexHistory(), 3.0)
    assert kinds.highest is None
    assert kinds.unknown.all()
