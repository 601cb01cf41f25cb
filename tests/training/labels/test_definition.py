"""Labels against their definition, window by window, for whatever earthquakes there are."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from geofield.earthquakes.types import Earthquake
from geofield.indices import IndexHistory
from tests.training.labels.builders import (
    DAY_MS,
    HERE,
    HOUR_MS,
    WINDOW_MS,
    catalogue,
    ends,
    quake,
    rules,
    utc_ms,
)
from training.labels.build import LabelsRefused, prepare
from training.labels.labeller import Labelling
from training.labels.types import NEITHER, NON_SEISMIC, SEISMIC
from training.recipe.labels import LabelRules

COARSE = ends("2020-01-01", "2021-01-01", 4 * HOUR_MS)


@given(
    st.lists(
        st.tuples(
            st.integers(-20 * 24, 380 * 24),
            st.integers(40, 80),
            st.integers(0, 80).map(lambda one: 5 * one + 2),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda one: one[0],
    ),
    st.integers(1, 20),
    st.integers(0, 10),
    st.integers(0, 20),
    st.lists(st.integers(0, len(COARSE) - 2), max_size=8),
)
def test_every_window_is_what_its_definition_says(
    drawn: list[tuple[int, int, int]], begin: int, length: int, more: int, gaps: list[int]
) -> None:
    begin_ms = utc_ms("2020-01-01")
    quakes = catalogue(*(quake(begin_ms + h * HOUR_MS, m / 10, km) for h, m, km in drawn))
    lead_end = max(begin - length - 1, 0)
    how = rules(lead_begin_days=begin, lead_end_days=lead_end, guard_days=begin + more)
    there = np.ones(len(COARSE), dtype=bool)
    for gap in gaps:
        there[gap : gap + 50] = False
    assume(there.sum() > 1)
    windows = COARSE[there]
    try:
        found = prepare(windows, WINDOW_MS, HERE, quakes, how, IndexHistory())
    except LabelsRefused:
        return
    labels = found.relabel(found.event_times_ms)
    expected = [definition(int(end), found, how) for end in windows]
    assert labels.kind.tolist() == [kind for kind, _ in expected]
    names = [labels.events[block].event_id for block in labels.block[labels.seismic]]
    assert names == [name for kind, name in expected if kind == SEISMIC]
    guards = [one for one in quakes.earthquakes if one.magnitude >= 5.0 and north_km(one) < 300]
    for end in labels.end_ms[labels.non_seismic]:
        for one in guards:
            away_ms = max(one.time_ms - end, end - WINDOW_MS - one.time_ms)
            assert away_ms > how.guard_days * DAY_MS


def definition(end_ms: int, found: Labelling, how: LabelRules) -> tuple[int, str]:
    start_ms = end_ms - WINDOW_MS
    before = [
        one
        for one in found.events
        if one.time_ms - how.lead_begin_days * DAY_MS <= start_ms
        and end_ms <= one.time_ms - how.lead_end_days * DAY_MS
    ]
    origins_ms = found.guard_ms.tolist()
    struck = any(start_ms <= origin < end_ms for origin in origins_ms)
    if before and not struck:
        return SEISMIC, min(before, key=lambda one: one.time_ms).event_id
    reach_ms = how.guard_days * DAY_MS
    if all(max(origin - end_ms, start_ms - origin) > reach_ms for origin in origins_ms):
        return NON_SEISMIC, ""
    return NEITHER, ""


def north_km(one: Earthquake) -> float:
    return 6371.0 * float(np.radians(one.latitude_deg - HERE.latitude_deg))
