"""Versions: which counts for a window, and which may be taken over while windows are decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.calibration.profile import StationProfile
from geofield.calibration.versions import Unusable, Versions, in_order, merged, parted, version_at
from geofield.series.windows import Due
from tests.abuse.test_profile_moments import SECONDS, at, drawn_versions
from tests.geofield.builders import SPEC, START_MS

versions = drawn_versions.map(lambda those: in_order(at(second, level) for second, level in those))
ends = st.lists(st.integers(0, SECONDS // SPEC.hop), min_size=1, unique=True).map(sorted)


@given(versions, ends)
def test_windows_are_parted_as_one_by_one(those: Versions, hops: list[int]) -> None:
    first = START_MS // 1000
    due = Due(first, np.empty((0, 3)), np.array([first + hop * SPEC.hop for hop in hops]))
    found = [
        (end * 1000, one) for one, few in parted(those, due, 1000) for end in few.ends.tolist()
    ]
    assert found == [(end * 1000, version_at(those, end * 1000)) for end in due.ends.tolist()]


@given(versions, versions, st.one_of(st.none(), st.integers(0, SECONDS)))
def test_what_was_decided_stays(used: Versions, offered: Versions, decided_s: int | None) -> None:
    decided_ms = None if decided_s is None else START_MS + decided_s * 1000
    result = merged(used, offered, decided_ms)
    for second in range(SECONDS + 1):
        end_ms = START_MS + second * 1000
        before, after = version_at(used, end_ms), version_at(result.versions, end_ms)
        if decided_ms is not None and end_ms <= decided_ms:
            assert after == before
        elif not result.refused and not result.kept:
            assert after == version_at(offered, end_ms)
    refused = [one for one, _ in result.refused]
    assert set(result.versions) <= {*used, *offered}
    assert {*result.versions, *refused} >= set(offered)
    assert set(result.kept) == set(result.versions) - set(offered)
    assert merged(result.versions, offered, decided_ms).versions == result.versions


LATER = at(500, 2.0)


@pytest.mark.parametrize(
    ("used", "offered", "why"),
    [
        ((), at(400, 1.0), Unusable.LATE),
        ((), at(None, 1.0), Unusable.NO_TIME),
        ((), replace(LATER, declination_deg=3.0), Unusable.FRAME),
        ((at(None, 1.0),), at(None, 1.5), Unusable.NO_TIME),
        ((at(None, 1.0),), replace(LATER, declination_deg=3.0), Unusable.FRAME),
        (
            (replace(at(None, 1.0), position_deg=(48.0, 16.0)),),
            replace(LATER, position_deg=(49.0, 16.0)),
            Unusable.FRAME,
        ),
    ],
)
def test_why_a_version_waits_for_a_restart(
    used: Versions, offered: StationProfile, why: Unusable
) -> None:
    decided_ms = START_MS + 450_000
    result = merged(used, (offered,), decided_ms)
    assert result.refused == ((offered, why),)
    assert result.versions == used
    assert merged(used, (*used[:0], offered), None).versions == (offered,)
    assert merged(used, (*used, LATER), decided_ms).versions == (*used, LATER)


def test_a_removed_version_stays_and_one_that_was_to_come_goes() -> None:
    now, to_come = at(None, 1.0), at(500, 2.0)
    decided_ms = START_MS + 450_000
    assert merged((now, to_come), (), decided_ms).versions == (now,)
    assert merged((now, to_come), (now,), decided_ms).versions == (now,)
    assert merged((now,), (), decided_ms).kept == (now,)
    assert merged((now,), (), None).versions == (now,)  # another worker may decide by it


@pytest.mark.parametrize(
    ("profiles", "complaint"),
    [
        ([at(5, 1.0), at(5, 2.0)], "two different profiles hold from 2024-05-09T00:00:05Z on"),
        ([at(None, 1.0), at(None, 2.0)], "two different profiles hold for all times"),
        ([at(None, 1.0), replace(LATER, declination_deg=3.0)], "by 0 degrees, .* after it by 3"),
    ],
)
def test_what_is_no_series_of_versions(profiles: list[StationProfile], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        in_order(profiles)
    assert in_order([profiles[0], profiles[0]]) == (profiles[0],)
