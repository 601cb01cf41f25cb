"""Man-made pulses are told from what the field does, however fast it is."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.observatory import read_file
from geofield.alerts.alert import Alert, AlertRules
from geofield.indices import IndexHistory
from geofield.quality.faults import examine
from geofield.quality.findings import Fault, FaultFinding
from geofield.quality.pulses import find_pulses
from geofield.scoring.score import WindowScore
from geofield.step import StationState, step
from geofield.types import Float64
from tests.data import conrad, quiet_day, shared_data
from tests.geofield.builders import profile, rules, samples, spread
from tests.geofield.quality.test_faults import SPEC, WIC_NT, Spoil, parked, passing, windows_of

HON_NT = (0.042, 0.033, 0.030)
LEMI_NT = (0.068, 0.069, 0.043)
SCALE_NT = np.array(WIC_NT)


def window_about(file: str, about: str) -> Float64:
    """The samples of a window with a moment in its middle: [1, span, 3]."""
    recording = read_file(shared_data() / file)
    about_ms = round(datetime.fromisoformat(about).replace(tzinfo=UTC).timestamp() * 1000)
    begin_ms = about_ms - SPEC.span * 500
    part = recording.between(begin_ms, begin_ms + SPEC.span * 1000)
    return part.samples(recording.reference_declination_deg()).field_nt[None]


@pytest.fixture(scope="module")
def calm() -> Float64:
    """A window of a quiet day."""
    return np.array(quiet_day().samples(0.0).field_nt[20_000 : 20_000 + SPEC.span])


@pytest.mark.parametrize(
    ("file", "about", "seen"),
    [
        ("HON_1s_202402-20240316.parquet", "2024-03-09T01:28:46", "pulse of 27 nT in 14 s"),
        ("HON_1s_202402-20240316.parquet", "2024-03-09T11:16:22", "pulse of 5.9 nT in 23 s"),
        ("1s/HON_1s_20240317-20240508.parquet", "2024-03-20T05:05:40", "pulse of 20 nT in 23 s"),
    ],
)
def test_the_pulses_of_honolulu_are_seen(file: str, about: str, seen: str) -> None:
    (findings,) = examine(window_about(file, about), HON_NT, 1000)
    assert seen in [one.seen for one in findings]
    assert {one.components for one in findings if one.fault is Fault.PULSE} == {"HEZ"}


@pytest.mark.parametrize("about", ["14:59:04", "15:00:09", "15:02:13", "15:03:01", "15:06:55"])
def test_lightning_marked_by_hand_is_seen(about: str) -> None:
    window_nt = window_about("1s/WIC_LEMI036_1s_2018-08-02.parquet", f"2018-08-02T{about}")
    (findings,) = examine(window_nt, LEMI_NT, 1000)
    assert {one.fault for one in findings} & {Fault.SPIKE, Fault.PULSE}


def test_a_pulse_far_above_a_disturbed_field_is_seen() -> None:
    window_nt = window_about("1s/CMO_1s_20140407-08.parquet", "2014-04-07T16:19:35")
    (findings,) = examine(window_nt, (0.29, 0.22, 0.095), 1000)
    assert "spike of 3,300 nT in 2 s" in [one.seen for one in findings]


def test_the_storm_of_may_2024_is_natural() -> None:
    """Its commencement, substorms and spikes: none of 5391 windows has a man-made pulse."""
    storm_nt = windows_of(read_file(conrad("example4.cdf")).samples(0.0))
    found = [find_pulses(window_nt, SCALE_NT, 1000) for window_nt in storm_nt]
    assert (len(found), sum(map(bool, found))) == (5391, 0)


def test_sudden_impulses_and_disturbed_days_are_natural() -> None:
    recording = read_file(shared_data() / "1s/WIC_FGE_1s_2022-08-03.parquet")
    windows_nt = windows_of(recording.samples(recording.reference_declination_deg()))
    assert not any(find_pulses(window_nt, SCALE_NT, 1000) for window_nt in windows_nt)
    commencement_nt = window_about("HON_1s_202402-20240316.parquet", "2024-02-24T17:11:50")
    assert examine(commencement_nt, HON_NT, 1000) == [()]


def at(second: float, length: int = SPEC.span) -> Float64:
    return np.arange(length) - second


def commencement(values: Float64) -> None:
    """40 nT within a minute, with the oscillations that follow."""
    since_s = np.maximum(at(300), 0)
    course = 1 - np.exp(-((since_s / 30.0) ** 2)) * np.cos(since_s / 60)
    values += course[:, None] * np.array([40.0, 8.0, 12.0])


def pi2(values: Float64) -> None:
    """A damped swing of 60 s."""
    since_s = np.maximum(at(300), 0)
    course = np.sin(2 * np.pi * since_s / 60) * np.exp(-since_s / 90)
    values += course[:, None] * np.array([25.0, 15.0, 3.0])


def pearl(values: Float64) -> None:
    """A packet of Pc1 of 4 s that lasts for 20 s."""
    course = np.exp(-((at(320) / 8) ** 2)) * np.sin(2 * np.pi * at(320) / 4)
    values += course[:, None] * np.array([3.0, 3.0, 1.0])


def bay(values: Float64) -> None:
    """A minute-long swing, quick as it is."""
    values += np.exp(-((at(320) / 25) ** 2))[:, None] * np.array([60.0, -20.0, 30.0])


@pytest.mark.parametrize("natural", [commencement, pi2, pearl, bay])
def test_fast_signals_of_nature_are_natural(calm: Float64, natural: Spoil) -> None:
    window_nt = calm.copy()
    natural(window_nt)
    assert find_pulses(window_nt, SCALE_NT, 1000) == []


@pytest.mark.parametrize(
    ("spoil", "returns", "height_nt"), [(passing, True, 20.0), (parked, False, 9.0)]
)
@pytest.mark.parametrize("cadence_ms", [1000, 2000])
def test_a_pulse_is_measured(
    calm: Float64, spoil: Spoil, returns: bool, height_nt: float, cadence_ms: int
) -> None:
    window_nt = calm.copy()
    spoil(window_nt)
    if cadence_ms == 2000:
        window_nt = window_nt[::2]
    (pulse,) = find_pulses(window_nt, SCALE_NT, cadence_ms)
    assert (pulse.returns, pulse.shows) == (returns, (True, True, True))
    assert pulse.height_nt == pytest.approx(height_nt, abs=0.5)
    assert pulse.duration_s < 25


def test_a_car_that_stays_for_half_a_minute_is_two_steps(calm: Float64) -> None:
    window_nt = calm.copy()
    course = np.clip(at(250) / 4, 0, 1) - np.clip(at(290) / 4, 0, 1)
    window_nt += course[:, None] * np.array([16.0, 5.0, 9.0])
    assert [one.returns for one in find_pulses(window_nt, SCALE_NT, 1000)] == [False, False]


def test_at_a_coarse_cadence_none_is_claimed(calm: Float64) -> None:
    """A sudden commencement is a step between two minutes."""
    window_nt = calm.copy()
    passing(window_nt)
    assert find_pulses(window_nt, SCALE_NT, 60_000) == []


def test_several_pulses_of_a_window_make_one_finding_with_the_highest(calm: Float64) -> None:
    window_nt = calm.copy()
    passing(window_nt)
    passing(window_nt[150:])
    window_nt[150:] += np.exp(-((at(330, SPEC.span - 150) / 5) ** 2))[:, None] * [10.0, 0, 0]
    (findings,) = examine(window_nt[None], WIC_NT, 1000)
    assert [(one.fault, one.components) for one in findings] == [(Fault.PULSE, "HEZ")]
    assert findings[0].height_nt == pytest.approx(30.0, abs=0.5)


@pytest.mark.parametrize(
    ("height_nt", "seen"),
    [
        (0.1234, "spike of 0.12 nT in 2 s"),
        (5.87, "spike of 5.9 nT in 2 s"),
        (19.96, "spike of 20 nT in 2 s"),
        (3338.8, "spike of 3,300 nT in 2 s"),
    ],
)
def test_what_was_seen_is_said_with_two_digits(height_nt: float, seen: str) -> None:
    assert FaultFinding(Fault.SPIKE, "H", height_nt, 2.0).seen == seen


def test_what_was_not_measured_is_not_said() -> None:
    assert FaultFinding(Fault.NOISE, "H").seen == ""


@given(cuts=st.lists(st.integers(1, 1599), max_size=12, unique=True))
@settings(max_examples=25, deadline=None)
def test_what_is_seen_of_a_pulse_does_not_depend_on_batches(cuts: list[int]) -> None:
    values_nt = np.array(quiet_day().samples(0.0).field_nt[20_000:21_600])
    passing(values_nt[500:])
    setup = rules("WIC", alert=AlertRules(k=2, n=3))
    its_profile = replace(profile("WIC", threshold=5.0), scale_nt=WIC_NT)
    setup = replace(setup, window=SPEC, profiles={"WIC": (its_profile,)})

    def run(edges: list[int]) -> tuple[list[WindowScore], list[Alert]]:
        states: dict[str, StationState] = {}
        scores, alerts = [], []
        for begin, end in pairwise(edges):
            record = samples(values_nt[begin:end], begin)
            states, outcome = step(states, [record], spread, setup, IndexHistory())
            scores += outcome.scores
            alerts += outcome.alerts
        return scores, alerts

    scores, alerts = run([0, *sorted(cuts), 1600])
    assert (scores, alerts) == run([0, 1600])
    assert any(one.trouble for one in scores)
    assert {alert.classification.value for alert in alerts} == {"data-quality"}
    assert alerts[-1].largest is not None
    assert alerts[-1].largest.seen.startswith("pulse of 20 nT")
