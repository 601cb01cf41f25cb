import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofield.indices import HP30, KP
from geofield.utc import time_ms
from monitor.index_feed.formats import Document, gfz_index, kyoto_dst, noaa_kp
from tests.monitor.index_feed.services import gfz, hp30, kyoto, noaa, table

gfz_kp, gfz_hp30 = partial(gfz_index, KP), partial(gfz_index, HP30)
PARSERS = [noaa_kp, gfz_kp, kyoto_dst, gfz_hp30]
ROW = ("2024-05-10T00:00:00", 3.0)


def told(document: Document) -> list[tuple[int, float]]:
    return [(one.start_ms, one.value) for one in document.readings]


def test_all_services_tell_the_same_kp() -> None:
    expected = [(time_ms(at), round(kp, 3)) for at, kp in table()]
    assert len(expected) == 8
    assert max(kp for _, kp in expected) > 8
    for document in (
        noaa_kp(noaa(table())),
        noaa_kp(noaa(table(), headed=True)),
        gfz_kp(gfz(table())),
    ):
        assert told(document) == expected
        assert document.unusable == 0


def test_both_shapes_of_dst_are_read() -> None:
    expected = [(time_ms(f"2024-05-10T{hour:02}:00Z"), -10.0 * hour) for hour in range(5)]
    assert told(kyoto_dst(kyoto(5))) == told(kyoto_dst(kyoto(5, headed=False))) == expected


def test_hp30_has_a_value_for_each_half_hour_and_no_upper_end() -> None:
    document = gfz_hp30(hp30([1.667, 11.333]))
    begin_ms = time_ms("2024-05-10T00:00:00Z")
    assert document.index is HP30
    assert told(document) == [(begin_ms, 1.667), (begin_ms + 1_800_000, 11.333)]
    assert {one.end_ms - one.start_ms for one in document.readings} == {1_800_000}


@pytest.mark.parametrize("missing", [None, -1, -1.0, 99999, 2.5, "NaN", True, [3]])
def test_what_is_no_hp30_is_left_out_and_counted(missing: float | None) -> None:
    document = gfz_hp30(hp30([4.333, missing, 5.0]))
    assert [value for _, value in told(document)] == [4.333, 5.0]
    assert document.unusable == 1


@pytest.mark.parametrize("at", ["2024-05-10T00:15:00Z", "2024-05-10T00:29:59Z"])
def test_a_time_at_which_no_half_hour_begins_is_left_out(at: str) -> None:
    body = hp30([1.0, 2.0]).replace(b"2024-05-10T00:30:00Z", at.encode())
    assert (len(gfz_hp30(body).readings), gfz_hp30(body).unusable) == (1, 1)


@pytest.mark.parametrize("body", [hp30([]), hp30([None, -1]), gfz([ROW] * 3), hp30([1.0])[:-9]])
def test_an_answer_without_hp30_is_refused_in_one_line(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]*(Hp30|not JSON)[^\n]*$"):
        gfz_hp30(body)


@pytest.mark.parametrize(
    "row",
    [
        {"time_tag": "2024-05-10T00:00:00", "Kp": None},
        {"time_tag": "2024-05-10T00:00:00", "Kp": 9.4},
        {"time_tag": "2024-05-10T00:00:00", "Kp": 2.5},
        {"time_tag": "2024-05-10T00:00:00", "Kp": "NaN"},
        {"time_tag": "2024-05-10T00:00:00", "Kp": True},
        {"time_tag": "2024-05-10T01:30:00", "Kp": 3},
        {"time_tag": "yesterday", "Kp": 3},
        {"time_tag": "2024-05-10T00:00:00"},
        ["2024-05-10T00:00:00", 3],
        None,
    ],
)
def test_a_row_that_cannot_be_used_is_left_out_and_counted(row: object) -> None:
    good = {"time_tag": "2024-05-10T03:00:00", "Kp": 3.33}
    document = noaa_kp(json.dumps([good, row]).encode())
    assert told(document) == [(time_ms("2024-05-10T03:00:00Z"), 3.333)]
    assert document.unusable == 1


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>maintenance</html>",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 5000,
        b'[["time_tag","Kp"]]',
        noaa(table())[:-20],
        b'{"Kp": [1, 2], "datetime": ["2024-05-10T00:00:00Z"]}',
    ],
)
def test_garbage_is_refused_with_a_reason(parse, body: bytes) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"\w"):
        parse(body)


@given(st.data())
def test_any_mutation_of_an_answer_is_read_or_refused(data: st.DataObject) -> None:
    parse, body = data.draw(
        st.sampled_from(
            [
                (noaa_kp, noaa([ROW] * 3)),
                (gfz_kp, gfz([ROW] * 3)),
                (kyoto_dst, kyoto(3)),
                (gfz_hp30, hp30([1.0, 2.333, 11.0])),
            ]
        )
    )
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        document = parse(bytes(changed))
    except ValueError:
        return
    assert document.readings
    assert all(one.end_ms > one.start_ms for one in document.readings)
