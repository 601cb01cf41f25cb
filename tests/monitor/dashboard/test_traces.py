"""What the charts show is what the worker scored, on real data."""

from dataclasses import replace

import numpy as np
import pytest

from archive.model import Model, default_model_path, load_model
from geofield.calibration.profile import StationProfile
from geofield.scoring.score import stack_scale
from geofield.series.samples import COMPONENTS, Samples
from geofield.series.windows import cut
from geofield.types import Float64
from geofield.utc import HOUR_MS
from monitor.dashboard.station import Station
from monitor.dashboard.traces import (
    SHOWN_WINDOWS,
    Reconstruction,
    reconstruction,
    station_trace,
    under_the_last_windows,
)
from tests.data import quiet_day
from tests.geofield.builders import profile
from tests.monitor.dashboard.builders import HOP_MS, NOW_MS, WINDOW, limits, score


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(default_model_path())


@pytest.fixture(scope="module")
def hour() -> Samples:
    day = quiet_day()
    return day.between(day.start_ms, day.start_ms + HOUR_MS).samples(0.0)


@pytest.fixture
def station(hour: Samples) -> Station:
    found = Station("WIC", WINDOW, limits(hours=2))
    for begin in range(0, len(hour), 60):
        found.take_samples(hour.part(begin, begin + 60), NOW_MS)
    return found


@pytest.fixture
def own_profile(model: Model) -> StationProfile:
    sha256 = model.manifest.sha256
    return replace(profile("WIC", 1.5), model_sha256=sha256, scale_nt=(0.1, 0.12, 0.08))


def apart_nt(drawn: Reconstruction, name: str) -> Float64:
    """Field less reconstruction: [windows, steps]."""
    lines = (drawn.filtered_nt[name], drawn.reconstruction_nt[name])
    field, rebuilt = (np.array(line, dtype=np.float64) for line in lines)
    return np.asarray(field - rebuilt).reshape(SHOWN_WINDOWS, -1)


def whitened_nt(apart_nt: Float64, model: Model) -> Float64:
    """What the score is made of; see `Autoencoder.miss`."""
    share = float(model.manifest.recipe["emphasis"])
    white_nt = np.zeros_like(apart_nt)
    white_nt[:, 1:] = apart_nt[:, 1:] - share * apart_nt[:, :-1]
    return white_nt


def test_the_reconstruction_has_the_errors_that_the_worker_scores(
    station: Station, hour: Samples, model: Model, own_profile: StationProfile
) -> None:
    about = model.manifest.window
    end_ms = station.field.end_ms
    assert end_ms is not None
    part = under_the_last_windows(station, end_ms, about)
    drawn = reconstruction(part, model, own_profile)
    windows = cut(hour, about.spec(hop=about.samples))
    field_nt = windows.levelled_nt()[-SHOWN_WINDOWS:]
    scored = model.reconstruct(field_nt, stack_scale(own_profile.scale_nt, len(field_nt)))
    units = np.stack(
        [
            np.sqrt(np.mean(whitened_nt(apart_nt(drawn, name), model) ** 2, axis=1))
            / own_profile.scale_nt[column]
            / scored.error[:, column]
            for column, name in enumerate(COMPONENTS)
        ]
    )
    # One unit for all components of a window, the scale in quiet ones, larger in loud ones (ADR 6).
    assert np.ptp(units, axis=0).max() < 0.01
    assert units.min() == pytest.approx(1.0, abs=0.01)
    assert units.max() < 2.0
    assert drawn.time_ms[-1] < windows.end_ms[-1] <= drawn.time_ms[-1] + about.step * 1000
    assert (np.diff(drawn.time_ms) == about.step * 1000).all()


def test_without_a_profile_the_filtered_field_is_still_drawn(
    station: Station, model: Model
) -> None:
    end_ms = station.field.end_ms or 0
    part = under_the_last_windows(station, end_ms, model.manifest.window)
    drawn = reconstruction(part, model, None)
    assert drawn.reconstruction_nt == {}
    assert np.isfinite(np.array(drawn.filtered_nt["H"], dtype=np.float64)).all()


def test_a_window_with_a_gap_is_not_drawn(
    hour: Samples, model: Model, own_profile: StationProfile
) -> None:
    broken_nt = hour.field_nt.copy()
    broken_nt[1800:1830] = np.nan
    about = model.manifest.window
    drawn = reconstruction(replace(hour, field_nt=broken_nt), model, own_profile)
    steps = about.samples // about.step
    gone = np.isnan(np.array(drawn.filtered_nt["H"], dtype=np.float64)).reshape(-1, steps)
    assert gone.all(axis=1).sum() in (2, 3, 4)
    assert (gone.all(axis=1) == gone.any(axis=1)).all()


def test_too_few_samples_draw_nothing(model: Model, own_profile: StationProfile) -> None:
    short = Samples("WIC", 0, 1000, np.ones((100, 3)))
    assert reconstruction(short, model, own_profile).time_ms == []


def test_a_trace_has_the_extremes_of_the_field_and_the_scores_between(
    station: Station, hour: Samples
) -> None:
    first = hour.start_ms // HOP_MS
    for number in range(first, first + 50):
        station.take_score(score("WIC", number - NOW_MS // HOP_MS))
    station.take_score(score("WIC", first + 50 - NOW_MS // HOP_MS, None, "insufficient"))
    trace = station_trace(station, hour.start_ms, hour.end_ms, pixels=100)
    assert trace.columns == 36
    for column, name in enumerate(COMPONENTS):
        drawn = trace.field[name]
        values = hour.field_nt[:, column]
        assert len(drawn.nt) <= 2 * 101
        assert np.nanmin(drawn.nt) == pytest.approx(values.min(), abs=0.001)  # type: ignore[type-var]
        assert np.nanmax(drawn.nt) == pytest.approx(values.max(), abs=0.001)  # type: ignore[type-var]
        np.testing.assert_allclose(values[drawn.at], drawn.nt, atol=0.001)
    assert trace.scores.quality == ["ok"] * 50 + ["insufficient"]
    assert np.isnan(trace.scores.rmse[-1])  # type: ignore[arg-type]
    assert trace.scores.end_ms[0] == first * HOP_MS


def test_the_picture_stands_still_while_time_moves_on(station: Station, hour: Samples) -> None:
    span_ms = 3000 * 1000
    moved = [
        station_trace(station, end_ms - span_ms, end_ms, pixels=100)
        for end_ms in (hour.end_ms - 20_000, hour.end_ms - 19_000)
    ]
    drawn = [{(one.start_ms + at * 1000) for at in one.field["H"].at if at < 2900} for one in moved]
    assert drawn[0] == drawn[1]
