"""What is a fill and what is beyond a limit is the same in a record as in a file."""

import math
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geofield.series.samples import Samples
from monitor.records.sample_decoder import Accepts, NotForUs, RawRecord, Reason, Rejected, decode
from monitor.records.sample_payloads import BINARY
from tests.monitor.broken import START

DECLINATION_DEG = 4.5
ACCEPTS = Accepts(1000, 300_000, {"WIC": DECLINATION_DEG}, most_unprofiled=0)
PLAIN = {"X": 20_900.0, "Y": 1_400.0, "Z": 43_900.0, "H": 21_000.0, "E": 10.0, "D": 4.4,
         "I": 64.4, "F": 48_600.0, "S": 48_600.0}  # fmt: skip
ORIENTATIONS = ["XYZ", "HEZ", "HDZ", "DIF", "DHI", "XYZF", "HDZS", "S", "XY", "XYZH", "DHIF"]
ODD = [None, 99_999.0, 88_888.0, 99_999.9, -99_999.0, 999_999.0, 1e308, 88_887.0, 98_000.0, 243.0,
       361.0, -360.0, 91.0, 0.0, 3863.0, 5e-324]  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> dict[str, list[float | None]]:
    """Values by element: plain ones, of which some are odd."""
    length = draw(st.sampled_from([1, 3, 250]))
    values: dict[str, list[float | None]] = {
        element: [PLAIN[element]] * length for element in draw(st.sampled_from(ORIENTATIONS))
    }
    for _ in range(draw(st.integers(0, 4))):
        column = values[draw(st.sampled_from(sorted(values)))]
        column[draw(st.integers(0, length - 1))] = draw(
            st.sampled_from(ODD) | st.floats(allow_nan=False, allow_infinity=False)
        )
    return values


def raw(values: dict[str, list[float | None]], binary: bool) -> RawRecord:
    record: dict[str, Any] = {"startDate": START, "iagaCode": "WIC", "cadence": "PT1S"}
    for element, column in values.items():
        numbers = np.array(column, dtype=np.float64)
        record[f"geomagneticField{element}"] = numbers.tobytes() if binary else column
    encoded = (msgspec.msgpack if binary else msgspec.json).encode(record)
    return RawRecord("t", 0, 0, -1, b"WIC", encoded, BINARY if binary else "")


def slow_vector(sample: dict[str, float | None]) -> tuple[list[float], bool]:
    """H, E and Z of one sample, NaN where missing, and whether it is beyond a limit."""
    known = {name: math.nan if fill(value) else float(value or 0) for name, value in sample.items()}
    d, i = math.radians(known.get("D", 0.0) - DECLINATION_DEG), math.radians(known.get("I", 0.0))
    if abs(known.get("D", 0.0)) > 360 or abs(known.get("I", 0.0)) > 90:
        return [math.nan] * 3, True
    if "X" in known:
        turn = math.radians(DECLINATION_DEG)
        h = known["X"] * math.cos(turn) + known["Y"] * math.sin(turn)
        vector = [h, known["Y"] * math.cos(turn) - known["X"] * math.sin(turn), known["Z"]]
        strength = math.hypot(known["X"], known["Y"], known["Z"])
    elif "E" in known:
        vector = [known["H"], known["E"], known["Z"]]
        strength = math.hypot(*vector)
    else:
        if "Z" in known:
            h, z = known["H"], known["Z"]
        elif "H" in known:
            h, z = known["H"], known["H"] * math.tan(i)
        else:
            h, z = known["F"] * math.cos(i), known["F"] * math.sin(i)
        vector, strength = [h * math.cos(d), h * math.sin(d), z], math.hypot(h, z)
    return ([math.nan] * 3, True) if strength > 99_999 else (vector, False)


def fill(value: float | None) -> bool:
    return value is None or abs(value) >= 99_999 or math.floor(abs(value)) == 88_888


@settings(max_examples=300)
@given(records(), st.booleans())
def test_a_record_gives_the_right_vector_or_a_refusal_by_name(
    values: dict[str, list[float | None]], binary: bool
) -> None:
    decoded = decode(raw(values, binary), ACCEPTS)
    length = len(next(iter(values.values())))
    slow = [slow_sample(values, n) for n in range(length)]
    if isinstance(decoded, Rejected):
        assert decoded.detail
        if decoded.ignored is NotForUs.SCALAR:
            assert values.keys() <= {"F", "S"}
        elif decoded.reason is Reason.ORIENTATION:
            assert set(values) in ({"X", "Y"}, {"X", "Y", "Z", "H"})
        elif decoded.reason is Reason.BAD_FIELD:
            weak = "I" in values and "H" not in values
            assert weak or sum(beyond for _, beyond in slow) > length / 100
        else:
            assert decoded.reason is Reason.UNITS
            assert sum(value is not None for value in values["D"]) <= 3
        return
    assert isinstance(decoded, Samples)
    assert sum(beyond for _, beyond in slow) <= length / 100
    np.testing.assert_allclose(decoded.field_nt, [vector for vector, _ in slow], atol=1e-6)


def slow_sample(values: dict[str, list[float | None]], number: int) -> tuple[list[float], bool]:
    sample = {name: column[number] for name, column in values.items()}
    vector = [name for name in ("XYZ", "HEZ", "HDZ", "DHI", "DIF") if set(name) <= set(sample)]
    if not vector:
        return [math.nan] * 3, False
    return slow_vector({name: sample[name] for name in vector[0]})
