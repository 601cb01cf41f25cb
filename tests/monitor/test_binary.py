"""Samples as MessagePack: the same samples for the same values, a reason for each fault."""

import math
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import KafkaProducer

from archive.recording import Recording
from geofield.series.samples import Samples
from monitor.offline.replay import Sent, send
from monitor.records.sample_decoder import Accepts, RawRecord, Reason, Rejected, decode
from monitor.records.sample_encoder import encode_samples, encode_samples_binary
from monitor.records.sample_payloads import BINARY, JSON
from monitor.settings import Settings
from tests.monitor.feeds import START_MS, calibrated, station
from tests.monitor.outcomes import THRESHOLD, offline, online
from tests.monitor.workers import Site, received, worker

ACCEPTS = Accepts(1000, 300_000, {"WIC": 4.5}, 0)
VALUES = st.floats(allow_infinity=False) | st.sampled_from([math.nan, 99_999.0, 88_888.0, 21_000.5])
GOOD: dict[str, object] = {
    "startDate": "2024-05-09T00:00:00Z",
    "iagaCode": "WIC",
    "cadence": "PT1S",
    **{f"geomagneticField{name}": np.array([1.0, math.nan]).tobytes() for name in "HEZ"},
}


def read(value: bytes | None, content_type: str = BINARY) -> Samples | Rejected:
    return decode(RawRecord("t", 0, 0, -1, b"WIC", value, content_type), ACCEPTS)


def packed(**fields: object) -> bytes:
    merged = {**GOOD, **fields}
    return msgspec.msgpack.encode({key: one for key, one in merged.items() if one is not None})


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    length = draw(st.integers(1, 5))
    elements = {
        name: np.array(draw(st.lists(VALUES, min_size=length, max_size=length)))
        for name in draw(st.sampled_from(["HEZ", "XYZ", "HDZ", "DIF", "HEZS", "HE"]))
    }
    return Recording("WIC", START_MS, 1000, elements)


@given(recordings())
def test_the_same_values_are_the_same_samples(recording: Recording) -> None:
    plain = read(encode_samples(recording), JSON)
    packed = read(encode_samples_binary(recording))
    if isinstance(plain, Rejected):
        assert packed == plain
    else:
        assert isinstance(packed, Samples)
        assert packed.field_nt.tobytes() == plain.field_nt.tobytes()
        assert (packed.station, packed.start_ms) == (plain.station, plain.start_ms)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.NOT_MESSAGEPACK),
        (b"", Reason.NOT_MESSAGEPACK),
        (b"\xc1", Reason.NOT_MESSAGEPACK),
        (b"{}", Reason.WRONG_TYPE),
        (packed()[:-1], Reason.NOT_MESSAGEPACK),
        (packed() + b"x", Reason.NOT_MESSAGEPACK),
        (packed(startDate=None), Reason.WRONG_TYPE),
        (packed(geomagneticFieldH=[1.0, 2.0]), Reason.WRONG_TYPE),
        (packed(geomagneticFieldH=b"123456789"), Reason.WRONG_TYPE),
        (packed(geomagneticFieldH=bytes(8)), Reason.UNEQUAL_ARRAYS),
        (packed(geomagneticFieldH=b"", geomagneticFieldE=b"", geomagneticFieldZ=b""), Reason.EMPTY),
        (packed(iagaCode="HON"), Reason.KEY_MISMATCH),
    ],
)
def test_a_fault_has_its_reason(value: bytes | None, reason: Reason) -> None:
    refused = read(value)
    assert isinstance(refused, Rejected)
    assert refused.reason is reason, refused.detail


@pytest.mark.parametrize("value_nt", [math.nan, math.inf, -math.inf, 99_999.0])
def test_what_no_field_can_be_is_a_gap(value_nt: float) -> None:
    found = read(packed(geomagneticFieldH=np.array([1.0, value_nt]).tobytes()))
    assert isinstance(found, Samples)
    assert np.isnan(found.field_nt[:, 0]).tolist() == [False, True]


@pytest.mark.parametrize("content_type", ["", JSON, "Application/JSON; charset=utf-8"])
def test_json_is_what_it_is_called_or_not_called(content_type: str) -> None:
    assert isinstance(read(encode_samples(station("WIC", 1, seed=0)), content_type), Samples)


def test_any_other_content_type_is_refused_with_those_that_are_known() -> None:
    refused = read(encode_samples(station("WIC", 1, seed=0)), "application/avro")
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.CONTENT_TYPE
    assert JSON in refused.detail
    assert BINARY in refused.detail


@given(st.binary(max_size=200))
def test_no_bytes_raise(value: bytes) -> None:
    assert isinstance(read(value), Rejected)


def test_a_record_may_be_either_and_a_dead_letter_keeps_its_type(
    kafka_site: Site, model_path: Path
) -> None:
    recording = station("WIC", 40, seed=5, burst=slice(900, 1500))
    calibrated(kafka_site.folder / "profiles", model_path, "WIC", THRESHOLD)
    with worker(kafka_site) as running:
        sent = send_mixed(kafka_site.settings, recording)
        running.wait_for_records(sent)
    scores, alerts = offline(kafka_site, [recording])
    assert online(kafka_site, "scores") == scores
    assert online(kafka_site, "alerts") == alerts
    (letter,) = received(kafka_site, "deadletter")
    assert dict(letter.headers)["content-type"] == b"text/csv"
    assert dict(letter.headers)["reason"] == b"content-type"


def send_mixed(settings: Settings, recording: Recording) -> int:
    """Every other record binary, and one of a kind that nobody knows."""
    records = list(recording.records(60))
    with closing(KafkaProducer(bootstrap_servers=settings.broker)) as producer:
        for number, record in enumerate(records):
            encoding = ("json", "binary")[number % 2]
            send(producer, settings, [record], Sent(), lambda _: None, encoding)
        odd = [("content-type", b"text/csv")]
        producer.send(settings.topic("samples"), b"1,2", b"WIC", headers=odd)
        producer.flush()
    return len(records) + 1
