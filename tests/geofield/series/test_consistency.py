"""Elements that contradict each other are refused with the likely mistake, real fields never."""

import numpy as np
import pytest

from archive.observatory import read_file
from geofield.series.angle_units import UnitError
from geofield.series.consistency import check_moves, check_scalars
from geofield.series.orientation import OrientationError
from geofield.types import Float64
from tests.data import conrad, shared_data

N = 600
X, Y, Z = 20_900.0, 1_500.0, 43_800.0
F = float(np.sqrt(X**2 + Y**2 + Z**2))


def wave(level: float, size: float = 20.0) -> Float64:
    return level + size * np.sin(np.arange(N) / 40)


def xyz(**changed: Float64) -> dict[str, Float64]:
    field = {"X": wave(X), "Y": wave(Y), "Z": wave(Z)}
    field["F"] = np.sqrt(field["X"] ** 2 + field["Y"] ** 2 + field["Z"] ** 2)
    return {**field, **changed}


def check(elements: dict[str, Float64], orientation: str = "XYZ") -> None:
    check_scalars(elements, orientation, least=1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"F": wave(0.3, 0.1)}, r"F of 0.\d+ nT is not the vector's 48,5\d\d nT: is it G"),
        ({"F": wave(F) / 1000}, "is F in another unit .1000 times"),
        ({"F": wave(F) * 10}, "is the vector in another unit .10 times"),
        ({"Z": wave(Z) / 1000}, "if Z were 1000 times as large"),
        ({"Z": wave(X)}, "is one of X, Y, Z another element than is said"),
        ({"X": wave(F), "F": wave(X)}, "is one of X, Y, Z another element"),
        (
            {axis: wave(level) / 1000 for axis, level in zip("XYZ", (X, Y, Z), strict=True)},
            "vector",
        ),
    ],
)
def test_a_lasting_disagreement_names_the_likely_mistake(
    changed: dict[str, Float64], said: str
) -> None:
    with pytest.raises(OrientationError, match=said):
        check(xyz(**changed))


def test_s_is_compared_as_f_is() -> None:
    with pytest.raises(OrientationError, match=r"^S of"):
        check(xyz(S=wave(0.1, 0.05)))
    dif = {"D": wave(4, 0), "I": wave(64, 0), "F": wave(F), "S": wave(F)}
    check(dif, "DIF")
    with pytest.raises(UnitError, match="is S in another unit"):
        check({**dif, "S": wave(F) / 1000}, "DIF")


def test_an_inclination_in_another_unit_is_named() -> None:
    dhif = {
        "D": wave(4, 0),
        "H": wave(X),
        "I": wave(64.5, 0),
        "F": wave(X) / np.cos(np.radians(64.5)),
    }
    check(dhif, "DHI")
    with pytest.raises(UnitError, match="is I in another unit"):
        check({**dhif, "I": wave(64.5 / 60, 0)}, "DHI")


@pytest.mark.parametrize(
    "changed",
    [
        {"F": np.full(N, np.nan)},
        {"F": wave(F + 1400)},  # a pier and a baseline of their own
        {"F": np.where(np.arange(N) % 5, wave(F), 0.0)},  # four of five agree
        {"F": np.abs(np.random.default_rng(1).normal(20_000, 20_000, N))},  # it measures nothing
        {"X": wave(40), "Y": wave(10), "Z": wave(-150)},  # deviations alone
    ],
)
def test_what_decides_nothing_is_not_refused(changed: dict[str, Float64]) -> None:
    check(xyz(**changed))


def test_a_fault_of_the_scalar_in_a_short_record_decides_nothing() -> None:
    broken = {name: values[:59] for name, values in xyz(F=wave(0.0, 0)).items()}
    check_scalars(broken, "XYZ")
    with pytest.raises(OrientationError, match="is it G"):
        check_scalars({name: values[:60] for name, values in xyz(F=wave(0.0, 0)).items()}, "XYZ")


# auroral stations at Kp 4, the Honolulu sample, a storm at Lerwick's latitude
@pytest.mark.parametrize("name", ["BRW", "CMO", "DED", "NEW"])
def test_minutes_of_arc_taken_for_degrees_move_as_no_field_does(name: str) -> None:
    elements = read_file(shared_data() / "1s" / f"{name}_1s_20140407-08.parquet").elements
    hour = {key: values[50_400:57_600] for key, values in elements.items()}
    check_moves(hour, "HDZ", 1000)
    with pytest.raises(UnitError, match=r"D moves by .* degrees within ten .*minutes of arc"):
        check_moves({**hour, "D": 60 * hour["D"]}, "HDZ", 1000)


def test_the_great_storm_of_may_2024_moves_all_elements() -> None:
    storm = read_file(conrad("example4.cdf")).elements
    declination_deg = np.degrees(np.arctan2(storm["E"], storm["H"]))
    hdz = {"H": np.hypot(storm["H"], storm["E"]), "D": declination_deg, "Z": storm["Z"]}
    assert np.nanmax(declination_deg) - np.nanmin(declination_deg) > 1.0
    check_moves(hdz, "HDZ", 1000)
    total_nt = np.hypot(hdz["H"], hdz["Z"])
    inclination_deg = np.degrees(np.arctan2(hdz["Z"], hdz["H"]))
    check_moves({"D": declination_deg, "I": inclination_deg, "F": total_nt}, "DIF", 1000)
    check_moves({"D": declination_deg, "H": hdz["H"], "I": inclination_deg}, "DHI", 1000)


def test_an_inclination_near_the_equator_in_minutes_of_arc() -> None:
    hours = np.arange(0, 360)  # minutes
    i_deg, total_nt = 0.9 + 0.02 * np.sin(hours / 9), 29_000 + 8 * np.sin(hours / 9)
    d_deg = np.full(360, -2.0)
    check_moves({"D": d_deg, "I": i_deg, "F": total_nt}, "DIF", 60_000)
    with pytest.raises(UnitError, match="I moves by"):
        check_moves({"D": d_deg, "I": 60 * i_deg, "F": total_nt}, "DIF", 60_000)


def test_a_car_or_a_step_of_one_sensor_is_no_unit() -> None:
    quiet = {"H": wave(X, 0.5), "D": wave(4, 0.001), "Z": wave(Z, 0.5)}
    elements = {name: np.tile(values, 6) for name, values in quiet.items()}
    elements["D"][1000:1030] += 3.0
    elements["D"][2000:] += 0.5
    check_moves(elements, "HDZ", 1000)


@pytest.mark.parametrize("length", [1, 599, 1799])
def test_half_an_hour_is_the_least_that_moves(length: int) -> None:
    elements = {
        "H": wave(X)[:1].repeat(length),
        "D": np.arange(length) / 10,
        "Z": np.full(length, Z),
    }
    check_moves(elements, "HDZ", 1000)


@pytest.mark.parametrize("south_deg", [180.0, -180.0, 0.0])
def test_a_declination_that_goes_round_moves_by_little(south_deg: float) -> None:
    """Near a magnetic pole compasses point south; others count from 0 to 360 degrees."""
    waves = np.sin(np.arange(7200) / 300)
    d_deg = (south_deg + 2 * waves) % 360
    d_deg = d_deg if south_deg == 0 else (d_deg + 180) % 360 - 180
    assert np.ptp(d_deg) > 350
    check_moves({"H": 2_000 + 60 * waves, "D": d_deg, "Z": 57_000 - 80 * waves}, "HDZ", 1000)
