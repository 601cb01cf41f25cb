import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.alerts.distance import great_circle_km
from geofield.earthquakes.geometry import (
    dobrovolsky_km,
    hypocentral_km,
    seismicity_index,
)

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)


def km(*degrees: float) -> float:
    return float(great_circle_km(*(np.array(one) for one in degrees)))


def test_known_distances() -> None:
    quarter = np.pi / 2 * 6371.0
    assert km(0, 0, 0, 90) == pytest.approx(quarter)
    assert km(0, 0, 90, 37) == pytest.approx(quarter)
    assert km(10, 20, -10, -160) == pytest.approx(2 * quarter)
    assert km(19.746, -99.193, 19.4326, -99.1332) == pytest.approx(35.4, abs=0.2)  # TEO to the city


def test_the_date_line_is_no_distance() -> None:
    assert km(0, 179.9, 0, -179.9) == pytest.approx(22.24, abs=0.01)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_distance_is_symmetric_and_at_most_half_the_globe(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> None:
    there = km(latitude, longitude, other_latitude, other_longitude)
    assert there == pytest.approx(km(other_latitude, other_longitude, latitude, longitude))
    assert 0 <= there <= np.pi * 6371.0 + 1e-6
    assert km(latitude, longitude, latitude, longitude) == 0.0


def test_the_focus_is_below() -> None:
    depths = np.array([4.0, np.nan, 0.0])
    assert hypocentral_km(np.full(3, 3.0), depths).tolist() == [5.0, 3.0, 3.0]


def test_the_preparation_zone_of_the_paper() -> None:
    # Dobrovolsky et al. 1979: some 140 km for magnitude 5 and a thousand for 7.
    radii = dobrovolsky_km(np.array([5.0, 7.0, 9.0]))
    np.testing.assert_allclose(radii, [141.25, 1023.3, 7413.1], rtol=1e-4)


def test_the_seismicity_index() -> None:
    near = (1 + 100.0**-2.5) ** -2.33 * 10**3.75 / 100
    assert float(seismicity_index(np.array(5.0), np.array(100.0))) == pytest.approx(near)
    index = seismicity_index(np.array([5.0, 5.0, 6.0]), np.array([50.0, 100.0, 100.0]))
    assert index[0] > index[1] < index[2]
    assert np.isfinite(seismicity_index(np.array([0.0, 9.0]), np.array([0.0, 0.0]))).all()
