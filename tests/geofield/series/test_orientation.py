import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.series.orientation import ORIENTATIONS, OrientationError, orientation_of, to_hez

DECLINATION_DEG = 4.5
HEZ = np.array([[21_000.0, 120.0, 44_000.0], [21_050.0, -80.0, 43_990.0]])


def xyz(hez_nt: np.ndarray) -> dict[str, np.ndarray]:
    angle = np.radians(DECLINATION_DEG)
    h, e, z = hez_nt.T
    return {
        "X": h * np.cos(angle) - e * np.sin(angle),
        "Y": h * np.sin(angle) + e * np.cos(angle),
        "Z": z,
    }


def hdz(hez_nt: np.ndarray) -> dict[str, np.ndarray]:
    x, y, z = xyz(hez_nt).values()
    return {"D": np.degrees(np.arctan2(y, x)), "H": np.hypot(x, y), "Z": z}


def dif(hez_nt: np.ndarray) -> dict[str, np.ndarray]:
    parts = hdz(hez_nt)
    strength = np.hypot(parts["H"], parts["Z"])
    return {"D": parts["D"], "I": np.degrees(np.arctan2(parts["Z"], parts["H"])), "F": strength}


def dhi(hez_nt: np.ndarray) -> dict[str, np.ndarray]:
    parts = hdz(hez_nt)
    return {"D": parts["D"], "H": parts["H"], "I": dif(hez_nt)["I"]}


REPORTS = {
    "XYZ": xyz,
    "HEZ": lambda hez_nt: dict(zip("HEZ", hez_nt.T, strict=True)),
    "HDZ": hdz,
    "DIF": dif,
    "DHI": dhi,
}

components = st.tuples(st.floats(10_001, 40_000), st.floats(-900, 900), st.floats(-60_000, 60_000))


@given(st.lists(components, min_size=1, max_size=5))
def test_every_orientation_of_one_vector_gives_the_same_components(
    vectors: list[tuple[float, float, float]],
) -> None:
    hez_nt = np.array(vectors)
    assert REPORTS.keys() == ORIENTATIONS.keys()
    for report in REPORTS.values():
        np.testing.assert_allclose(to_hez(report(hez_nt), DECLINATION_DEG), hez_nt, atol=1e-6)


def test_columns_are_known_by_name_not_by_place() -> None:
    h, e, z = HEZ.T
    np.testing.assert_array_equal(to_hez({"E": e, "Z": z, "H": h}, 0.0), HEZ)


@pytest.mark.parametrize(
    "fill",
    [99999.0, 99999.9, 88888.0, 88888.88, np.nan, -99999.0, 100_500.0, 999_999.0, -1e31, np.inf],
)
def test_fill_values_never_pass_for_a_field(fill: float) -> None:
    h, e, z = HEZ.T
    field_nt = to_hez({"H": np.array([fill, h[1]]), "E": e, "Z": z}, 0.0)
    assert np.isnan(field_nt[0, 0])
    assert not np.isnan(field_nt[1]).any()


def test_a_missing_declination_makes_both_horizontal_components_missing() -> None:
    report = hdz(HEZ)
    report["D"] = np.array([99999.0, report["D"][1]])
    assert np.isnan(to_hez(report, 0.0)[0, :2]).all()


def test_an_extra_scalar_is_left_alone() -> None:
    h, e, z = HEZ.T
    np.testing.assert_array_equal(
        to_hez({"H": h, "E": e, "Z": z, "S": np.full(2, 88888.0)}, 0.0), HEZ
    )


@pytest.mark.parametrize(
    ("elements", "complaint"),
    [
        ({"X": [1.0], "Y": [1.0]}, "not one of"),
        ({"X": [1.0], "Y": [1.0], "Z": [1.0], "H": [1.0]}, "not one of"),
        ({}, "none are not one of"),
        ({"X": [1.0], "Y": [1.0, 2.0], "Z": [1.0]}, "unequal length: X 1, Y 2, Z 1"),
        ({"X": [], "Y": [], "Z": []}, "empty"),
        ({"X": [80_000.0], "Y": [0.0], "Z": [80_000.0]}, "beyond 99,999 nT"),
        (
            {"H": [20_000.0], "D": [400.0], "Z": [0.0]},
            r"D of 400 is beyond 360 degrees.*minutes.*\(1 of 1",
        ),
        ({"D": [4.0], "I": [3863.0], "F": [48_000.0]}, "I of 3863 is beyond 90 degrees"),
        ({"D": [4.0], "I": [64.0], "F": [0.3]}, "F of 0.3 nT is no total field.* is it G"),
        ({"D": [4.0], "I": [89.999], "H": [48_000.0]}, "beyond 99,999 nT"),
    ],
)
def test_what_is_no_field_is_refused_with_a_reason(
    elements: dict[str, list[float]], complaint: str
) -> None:
    arrays = {name: np.array(values) for name, values in elements.items()}
    with pytest.raises(OrientationError, match=complaint):
        to_hez(arrays, 0.0)


def test_dif_needs_f_and_a_scalar_does_not_replace_it() -> None:
    assert orientation_of(frozenset("DIF")) == "DIF"
    with pytest.raises(OrientationError):
        orientation_of(frozenset("DIS"))


@pytest.mark.parametrize("element", ["X", "D"])
def test_one_value_in_a_hundred_beyond_its_limit_is_a_gap_and_two_are_refused(element: str) -> None:
    report = {
        name: np.repeat(values[:1], 100)
        for name, values in (xyz if element == "X" else hdz)(HEZ).items()
    }
    report[element][7] = 95_000.0
    missing = np.isnan(to_hez(report, DECLINATION_DEG)).all(axis=1)
    assert np.flatnonzero(missing).tolist() == [7]
    with pytest.raises(OrientationError, match="beyond"):
        to_hez(report, DECLINATION_DEG, most_beyond=0)
    report[element][9] = 95_000.0
    with pytest.raises(OrientationError, match=r"beyond .*\(2 of 100 samples\)"):
        to_hez(report, DECLINATION_DEG)
