"""ImagCDF as its description has it, and as the field writes it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.observatory import ArchiveRefused, read_file, station_of
from archive.recording import Recording
from tests.archive.cdf_files import STEP_NS, imagcdf, start_tt2000, times

COUNT = 10
START_MS = 1_535_511_600_000
VECTOR, SCALAR, COMMON = "GeomagneticVectorTimes", "GeomagneticScalarTimes", "DataTimes"
NO_FILL = {"GeomagneticFieldH": {"FILLVAL": "none"}}
LEVELS = {"X": 20_974.9, "Y": 1_483.4, "Z": 43_859.3, "H": 21_027.3, "D": 4.0455, "I": 64.3857,
          "E": 16.7, "F": 48_639.3, "S": 48_639.3}  # fmt: skip


def field(element: str, count: int = COUNT) -> np.ndarray:
    return LEVELS[element] + 0.01 * np.arange(count)


def fields(elements: str, count: int = COUNT) -> dict[str, np.ndarray]:
    return {f"GeomagneticField{element}": field(element, count) for element in elements}


def read(path: Path, elements: str, **edits: Any) -> Recording:
    return read_file(imagcdf(path / "a.cdf", fields(elements), {VECTOR: times(COUNT)}, **edits))


@pytest.mark.parametrize("elements", ["XYZS", "HDZS", "DIFS", "HEZ", "DHIG", "XYZFG"])
def test_every_orientation_is_read_in_nt_and_degrees(elements: str, tmp_path: Path) -> None:
    LEVELS["G"] = 0.3
    recording = read(tmp_path, elements)
    assert (recording.station, recording.start_ms, recording.cadence_ms) == ("TST", START_MS, 1000)
    assert recording.position_deg == (47.928, 15.862)
    assert list(recording.elements) == [name for name in elements if name != "G"]
    for name, values in recording.elements.items():
        np.testing.assert_array_equal(values, field(name))


@pytest.mark.parametrize(
    ("unit", "scale"),
    [
        ("Degrees of arc", 1),
        ("degrees", 1),
        ("Degree", 1),
        ("deg", 1),
        (None, 1),
        ("Minutes of arc", 60),
        ("arcmin", 60),
        ("arc minutes", 60),
    ],
)
def test_units_of_angles_are_what_they_say(unit: str | None, scale: float, tmp_path: Path) -> None:
    values = fields("HDZ")
    values["GeomagneticFieldD"] = scale * values["GeomagneticFieldD"]
    path = imagcdf(
        tmp_path / "a.cdf", values, {VECTOR: times(COUNT)}, {"GeomagneticFieldD": {"UNITS": unit}}
    )
    np.testing.assert_allclose(read_file(path).elements["D"], field("D"), rtol=1e-12)


@pytest.mark.parametrize(
    ("element", "unit"), [("D", "nT"), ("H", "degrees"), ("Z", "V"), ("D", "furlong")]
)
def test_a_unit_that_is_none_of_the_element_is_refused(
    element: str, unit: str, tmp_path: Path
) -> None:
    with pytest.raises(ArchiveRefused, match=rf"a\.cdf: element {element} is in '{unit}'"):
        read(tmp_path, "HDZ", attributes={f"GeomagneticField{element}": {"UNITS": unit}})


@pytest.mark.parametrize(
    ("count", "step_ns"),
    [(100, STEP_NS // 10), (2, 5 * STEP_NS), (COUNT, STEP_NS), (1, STEP_NS), (9, STEP_NS)],
    ids=["10 Hz", "every 5 s", "the same", "a single one", "one less"],
)
def test_the_vector_is_read_whatever_the_cadence_of_the_scalar(
    count: int, step_ns: int, tmp_path: Path
) -> None:
    values = {**fields("XYZ"), **fields("S", count), "Temperature1": np.full(20, 8.0)}
    depends = {"GeomagneticFieldS": SCALAR, "Temperature1": "Temperature1Times"}
    path = imagcdf(
        tmp_path / "a.cdf",
        values,
        {
            VECTOR: times(COUNT),
            SCALAR: times(count, step_ns),
            "Temperature1Times": times(20, STEP_NS // 2),
        },
        {name: {"DEPEND_0": series} for name, series in depends.items()},
    )
    recording = read_file(path)
    assert (len(recording), recording.cadence_ms) == (COUNT, 1000)
    np.testing.assert_array_equal(recording.elements["X"], field("X"))
    assert ("S" in recording.elements) == (count == COUNT)


@pytest.mark.parametrize("series", [VECTOR, COMMON])
def test_times_are_found_without_the_attribute(series: str, tmp_path: Path) -> None:
    without = {name: {"DEPEND_0": None} for name in fields("HEZ")}
    path = imagcdf(tmp_path / "a.cdf", fields("HEZ"), {series: times(COUNT)}, without)
    assert len(read_file(path)) == COUNT


def test_a_vector_may_have_its_times_written_thrice(tmp_path: Path) -> None:
    names = {name: f"{name}Times" for name in fields("HEZ")}
    path = imagcdf(
        tmp_path / "a.cdf",
        fields("HEZ"),
        {series: times(COUNT) for series in names.values()},
        {name: {"DEPEND_0": series} for name, series in names.items()},
    )
    assert len(read_file(path)) == COUNT


@pytest.mark.parametrize("fill", [99_999.0, 99_999.9, -1e31, 0.0, -9999.0, np.nan, 1e30])
def test_fills_are_what_the_attribute_says(fill: float, tmp_path: Path) -> None:
    values = fields("HDZ")
    values["GeomagneticFieldH"][3] = fill
    values["GeomagneticFieldD"][5] = fill
    stated = {name: {"FILLVAL": fill} for name in values}
    path = imagcdf(tmp_path / "a.cdf", values, {VECTOR: times(COUNT)}, stated)
    recording = read_file(path)
    assert np.flatnonzero(np.isnan(recording.elements["H"])).tolist() == [3]
    assert np.flatnonzero(np.isnan(recording.elements["D"])).tolist() == [5]


@pytest.mark.parametrize("fill", [88_888.0, 99_999.0, 999_999.0, -1e31])
def test_fills_that_the_attribute_does_not_name_are_fills_all_the_same(
    fill: float, tmp_path: Path
) -> None:
    values = fields("XYZ")
    values["GeomagneticFieldX"][3] = fill
    stated = {name: {"FILLVAL": None} for name in values}
    path = imagcdf(tmp_path / "a.cdf", values, {VECTOR: times(COUNT)}, stated)
    assert np.flatnonzero(np.isnan(read_file(path).elements["X"])).tolist() == [3]


def test_a_leap_second_costs_no_other_sample(tmp_path: Path) -> None:
    ends = 536_500_866_184_000_000 + STEP_NS * np.arange(5)  # 2016-12-31T23:59:58 and on
    path = imagcdf(tmp_path / "a.cdf", fields("HEZ", 5), {VECTOR: ends})
    recording = read_file(path)
    assert len(recording) == 4
    assert recording.elements["H"].tolist() == field("H", 5)[[0, 1, 3, 4]].tolist()
    assert any("at times that the file has already" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("elements", "series", "edits", "said"),
    [
        ("S", {VECTOR: COUNT}, {}, "elements S are not one of"),
        ("XY", {VECTOR: COUNT}, {}, "elements XY are not one of"),
        ("XYZ", {VECTOR: COUNT - 1}, {}, "has 10 values and GeomagneticVectorTimes 9 times"),
        ("XYZ", {"Times": COUNT}, {}, "none of the times GeomagneticVectorTimes, DataTimes"),
        ("XYZHD", {VECTOR: COUNT}, {"ElementsRecorded": "?"}, "are not one of"),
        ("HEZ", {VECTOR: COUNT}, {"attributes": NO_FILL}, "FILLVAL .* is no number: 'none'"),
        ("HEZ", {VECTOR: 1}, {}, "10 values"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(
    elements: str, series: dict[str, int], edits: dict[str, Any], said: str, tmp_path: Path
) -> None:
    written = {name: times(count) for name, count in series.items()}
    path = imagcdf(tmp_path / "a.cdf", fields(elements), written, **edits)
    with pytest.raises(ArchiveRefused, match=rf"a\.cdf: .*{said}"):
        read_file(path)


def test_the_elements_recorded_choose_among_several_vectors(tmp_path: Path) -> None:
    recording = read(tmp_path, "XYZHD", ElementsRecorded="HDZ")
    assert sorted(recording.elements) == ["D", "H", "Z"]


def test_a_time_that_is_missing_and_another_cdf_are_refused(tmp_path: Path) -> None:
    missing = times(COUNT)
    missing[4] = -(2**63)
    path = imagcdf(tmp_path / "a.cdf", fields("HEZ"), {VECTOR: missing})
    with pytest.raises(ArchiveRefused, match="a sample has no time"):
        read_file(path)
    path = imagcdf(tmp_path / "b.cdf", {"Temperature": np.ones(3)}, {VECTOR: times(3)})
    with pytest.raises(ArchiveRefused, match="this CDF is no ImagCDF"):
        read_file(path)


def test_the_code_is_told_as_when_all_is_read(tmp_path: Path) -> None:
    for code in ("TST", "wic", None):
        path = imagcdf(tmp_path / "a.cdf", fields("HEZ"), {VECTOR: times(COUNT)}, IagaCode=code)
        assert station_of(path) == read_file(path).station == (code or "").upper()


texts = st.sampled_from(
    [
        "nT",
        "deg",
        "Degrees of arc",
        "minutes of arc",
        "",
        " ",
        "0",
        "NaN",
        "99999.0",
        "\u00b0",
        VECTOR,
    ]
)
numbers = st.one_of(st.floats(), st.sampled_from([99_999.0, 88_888.0, 0.0, -1e31]))
attributes = st.dictionaries(
    st.sampled_from(["UNITS", "Units", "FILLVAL", "fillval", "DEPEND_0"]),
    texts | numbers,
    max_size=3,
)


@settings(max_examples=120)
@given(
    st.permutations("HDZ"),
    st.lists(attributes, min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), numbers), max_size=4),
)
def test_attributes_of_any_kind_give_the_right_numbers_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[str],
    edits: list[dict[str, Any]],
    changes: list[tuple[int, int, float]],
) -> None:
    values = {name: column.copy() for name, column in fields("".join(order), 6).items()}
    for column, sample, number in changes:
        list(values.values())[column][sample] = number
    stated = dict(zip(values, edits, strict=True))
    path = tmp_path_factory.getbasetemp() / "fuzzed.cdf"
    imagcdf(path, values, {VECTOR: times(6)}, stated)
    try:
        found = read_file(path)
    except ArchiveRefused as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert refused.startswith(f"{path}: ")
        return
    for name, column in values.items():
        about = {"UNITS": "Degrees of arc" if name[-1] == "D" else "nT", "FILLVAL": 99_999.0}
        about |= {key.upper(): value for key, value in stated[name].items()}
        expected = [slow_value(name[-1], value, about) for value in column]
        ours = found.elements[name[-1]]
        beyond = [n for n in range(6) if np.isnan(ours[n]) and not np.isnan(expected[n])]
        assert not beyond  # six samples are too few for one to be beyond a limit
        np.testing.assert_allclose(ours, expected, rtol=1e-15)


def slow_value(element: str, value: float, about: dict[str, Any]) -> float:
    """What a value with these attributes is, in nT or degrees."""
    size = abs(value)
    if value == float(about["FILLVAL"]) or not size < 99_999 or 88_888 <= size < 88_889:
        return np.nan
    return value / 60 if "minutes" in str(about["UNITS"]) else value


def test_the_start_is_what_it_is_known_to_be() -> None:
    assert start_tt2000() == 588_783_669_184_000_000
