"""Whatever stands in the topic of sources is shown as it is, or left out with a reason."""

import pytest
from aiokafka import ConsumerRecord

from geofield.utc import HOUR_MS
from monitor.dashboard.showable import SourceView, Unshowable, shown_source
from monitor.records.sources import encode_source
from tests.abuse.horrors import horrors
from tests.monitor.dashboard.builders import NOW_MS

SILENT = encode_source("WIC", "silent", NOW_MS - HOUR_MS, "cannot connect")


def record(value: bytes | None) -> ConsumerRecord:
    return ConsumerRecord("sources", 0, 0, 0, 0, b"WIC", value, None, 3, 0, ())


def test_a_silent_source_is_shown_and_one_that_speaks_is_not() -> None:
    silent = SourceView("WIC", NOW_MS - HOUR_MS, "cannot connect")
    assert shown_source(record(SILENT), NOW_MS) == ("WIC", silent)
    speaks = encode_source("WIC", "speaks", NOW_MS, "")
    assert shown_source(record(speaks), NOW_MS) == ("WIC", None)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b'"WIC"', b'"wic"', "is not an IAGA code"),
        (b'"silent"', b'"asleep"', "state: invalid"),
        (b'"schema_version":1', b'"schema_version":2', "this dashboard knows 1 to 1"),
        (b'"since":"20', b'"since":"21', "since is no time of the past"),
        (b'"since":"', b'"since":"x', "since is no time"),
    ],
)
def test_what_is_no_record_of_a_source_is_left_out(before: bytes, after: bytes, said: str) -> None:
    with pytest.raises(Unshowable, match=said):
        shown_source(record(SILENT.replace(before, after)), NOW_MS)


def test_no_bytes_break_it() -> None:
    refused = 0
    for value in horrors(SILENT):
        try:
            _, view = shown_source(record(value), NOW_MS)
        except Unshowable:
            refused += 1
        else:
            assert view is None or (view.since_ms <= NOW_MS and view.said.isprintable())
    assert refused > 50
