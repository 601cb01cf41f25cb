"""Whatever a document of IAGA-2002 says, it is read as the slow reader does, or refused by name."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.iaga2002 import read_iaga2002
from archive.readings import Readings
from tests.archive.documents import document, row
from tests.archive.slow_iaga2002 import NotIaga2002, Sample, read_slowly

ELEMENTS = ["HEZF", "HDZ", ["X", "Y", "Z", "NUL"], "DHIG", ["NUL", "E", "H", "Z", "NUL"], "T"]
SNIPPETS = [
    b"*", b"********", b"99999.00", b"88888", b"nan", b"-", b"+", b".", b"..", b" ", b"\t", b"|",
    b"\n", b"\r", b"\r\n", b"#", b"\n#\n", b"e5", b"1", b"0000000000000000001", b"\x00", b"\x1a",
    b"\xa0", b"\xff", b"24:00:00.000", b"23:59:60", b"2016-02-29", b"2015-02-29", b"00:00:00",
    b"\n Format IAGA-2002\n", b"DATE       TIME         DOY", b"IAGA CODE", b":", b"_", b",",
]  # fmt: skip
values = st.one_of(
    st.floats(-99_999, 99_999), st.sampled_from([99_999.0, 88_888.0, 0.0, -0.0, 1e-3])
)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """A good document, written in one of many ways."""
    elements = draw(st.sampled_from(ELEMENTS))
    count, decimals = draw(st.integers(0, 6)), draw(st.integers(0, 4))
    step_s = draw(st.sampled_from([1.0, 60.0, 0.1, 3600.0]))
    columns = st.lists(values, min_size=len(elements), max_size=len(elements))
    rows = [row(n, draw(columns), step_s, decimals=decimals) for n in range(count)]
    end = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    text = document(rows, elements, draw(st.sampled_from(["TST", "", "AB1"])))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.replace(b"\n", end)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A document with up to three faults, mostly among its samples."""
    text = draw(documents())
    for _ in range(draw(st.integers(0, 3))):
        first = max(text.rfind(b"DATE"), 0) if draw(st.integers(0, 4)) else 0
        at = draw(st.integers(first, len(text)))
        removed = draw(st.integers(0, 3) | st.just(1 << 30))
        text = text[:at] + draw(st.sampled_from([b"", *SNIPPETS])) + text[at + removed :]
    return text


def read(content: bytes) -> Readings | None:
    """What our reader makes of it; None if it refuses."""
    try:
        return read_iaga2002(content)
    except ValueError as error:
        said = str(error)
    assert said.startswith(("line ", "it ends in its header")), said
    return None


def read_as_oracle(content: bytes) -> list[Sample] | None:
    try:
        return read_slowly(content)
    except NotIaga2002:
        return None


def compare(content: bytes) -> None:
    ours, slow = read(content), read_as_oracle(content)
    assert (ours is None) == (slow is None)
    if ours is None or slow is None:
        return
    assert ours.times_ms.tolist() == [sample.at_ms for sample in slow]
    for name, column in ours.elements.items():
        np.testing.assert_array_equal(column, [sample.values[name] for sample in slow])


@settings(max_examples=80)
@given(documents())
def test_every_way_to_write_it_is_read_as_the_slow_reader_does(content: bytes) -> None:
    assert read(content) is not None
    compare(content)


@settings(max_examples=250)
@given(mutated())
def test_no_fault_gives_another_number_or_a_traceback(content: bytes) -> None:
    compare(content)
