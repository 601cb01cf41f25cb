"""The smaller parts: checkpoints, records, indices, metrics, probes."""

import urllib.error
import urllib.request
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from geofield.alert import AlertState, Settling
from geofield.indices import DstInterval, KpHistory, KpInterval
from geofield.network import Remote
from geofield.step import step
from geofield.trouble import Fault, Finding
from monitor import checkpoint
from monitor.checkpoint import Held
from monitor.http import Health, probe_server
from monitor.indices import decode_indices, encode_dst, encode_kp
from monitor.metrics import Metrics
from monitor.records import AlertEvent, ScoreRecord, encode_alert, encode_score, utc
from tests.geofield.builders import MODEL, START_MS, field_nt, rules, samples, spread


def test_a_checkpoint_brings_back_the_same_state() -> None:
    """With an open alert, gaps and full memory; the next step cannot tell the difference."""
    loud = field_nt(200) + 30 * np.sin(np.arange(200))[:, None]
    loud[50:52] = np.nan
    states, outcome = step({}, [samples(loud)], spread, rules("WIC"), KpHistory())
    assert outcome.alerts
    held = Held(states["WIC"], partition=3, offset=17)
    restored = checkpoint.decode(checkpoint.encode("WIC", held, "print"), "print")
    assert restored is not None
    name, again = restored
    assert (name, again.partition, again.offset) == ("WIC", 3, 17)
    more = [samples(loud, begin=200)]
    first = step({"WIC": held.state}, more, spread, rules("WIC"), KpHistory())[1]
    second = step({"WIC": again.state}, more, spread, rules("WIC"), KpHistory())[1]
    assert second == first


def test_a_checkpoint_brings_back_alerts_that_wait_for_their_class() -> None:
    loud = field_nt(200) + 30 * np.sin(np.arange(200))[:, None]
    states, outcome = step({}, [samples(loud)], spread, rules("WIC"), KpHistory())
    alert = replace(
        outcome.alerts[-1],
        lowest_dst_nt=-20.0,
        faults=(Fault.STEP, Fault.NOISE),
        remote=Remote(stations=5, compared=4, witnesses=1),
    )
    window = replace(outcome.scores[-1], trouble=(Finding(Fault.STEP, "HZ"),))
    alerts = AlertState(recent=(window,), settling=(Settling(alert, published=7),))
    held = Held(replace(states["WIC"], alerts=alerts), 0, 0)
    restored = checkpoint.decode(checkpoint.encode("WIC", held, "print"), "print")
    assert restored is not None
    assert restored[1].state.alerts == alerts


def test_a_checkpoint_of_other_rules_is_left_out() -> None:
    states, _ = step({}, [samples(field_nt(50))], spread, rules("WIC"), KpHistory())
    value = checkpoint.encode("WIC", Held(states["WIC"], 0, 0), "one")
    assert checkpoint.decode(value, "other") is None


@pytest.mark.parametrize("value", [b"", b"rubbish", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_no_checkpoint_is_a_value_error(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        checkpoint.decode(value, "print")


def test_score_and_alert_records_have_their_schema() -> None:
    loud = field_nt(400) + 30 * np.sin(np.arange(400))[:, None]
    _, outcome = step({}, [samples(loud)], spread, rules("WIC"), KpHistory())
    score = msgspec.json.decode(encode_score(outcome.scores[0], MODEL), type=ScoreRecord)
    assert score.station == "WIC"
    assert score.quality == "ok"
    event = msgspec.json.decode(encode_alert(outcome.alerts[0]), type=AlertEvent)
    assert event.specversion == "1.0"
    assert event.id == f"{event.data.alert_id}.1"
    assert event.type == "magwatch.alert.opened"
    assert event.time == event.data.decided
    assert event.data.skill == MODEL.skill
    assert sum((event.data.share.H, event.data.share.E, event.data.share.Z)) == pytest.approx(
        1, abs=2e-4
    )
    assert b"earthquake" not in encode_alert(outcome.alerts[0]).lower()


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (START_MS, "2024-05-09T00:00:00Z"),
        (START_MS + 5, "2024-05-09T00:00:00.005Z"),
        (-1000, "1969-12-31T23:59:59Z"),
    ],
)
def test_times_are_utc_with_z(time_ms: int, text: str) -> None:
    assert utc(time_ms) == text


def test_kp_comes_back_as_sent() -> None:
    values = [KpInterval(START_MS, START_MS + 10_800_000, START_MS + 10_800_000, 8.667)]
    assert decode_indices(encode_kp(values)) == values


def test_dst_comes_back_as_sent() -> None:
    values = [DstInterval(START_MS, START_MS + 3_600_000, START_MS + 3_700_000, -412.0)]
    assert decode_indices(encode_dst(values)) == values


def test_sym_h_is_no_error_and_no_value() -> None:
    assert decode_indices(encode_dst([]).replace(b"Dst", b"SYM-H")) == []


@pytest.mark.parametrize("value", [b"", b"{}", encode_kp([]).replace(b"Kp", b"Ap")])
def test_a_broken_index_record_is_a_value_error(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_indices(value)


def test_stations_beyond_the_cap_share_a_label() -> None:
    metrics = Metrics.create(CollectorRegistry(), station_cap=2)
    labels = [metrics.stations.label(name) for name in ("AAA", "BBB", "CCC", "AAA", "DDD")]
    assert labels == ["AAA", "BBB", "other", "AAA", "other"]


def test_metric_names_follow_the_rules() -> None:
    registry = CollectorRegistry()
    Metrics.create(registry, station_cap=2)
    for line in generate_latest(registry).decode().splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split()
            assert name.startswith("magwatch_")
            assert name.endswith("_total") or kind != "counter"
            assert "milli" not in name


def test_liveness_follows_the_event_loop_and_readiness_its_reason() -> None:
    now_s = [0.0]
    health = Health(stalled_after_s=10, now_s=lambda: now_s[0])
    registry = CollectorRegistry()
    with probe_server("127.0.0.1", 0, registry, health) as (host, port):

        def status(path: str) -> int:
            try:
                with urllib.request.urlopen(f"http://{host}:{port}{path}") as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                return error.code

        assert (status("/healthz"), status("/readyz")) == (200, 503)
        health.waits_for(None)
        assert (status("/readyz"), status("/metrics"), status("/other")) == (200, 200, 404)
        health.waits_for("the broker")
        assert (status("/healthz"), status("/readyz")) == (200, 503)
        health.waits_for(None)
        now_s[0] = 11
        assert (status("/healthz"), status("/readyz")) == (503, 503)
        health.beat()
        assert status("/healthz") == 200
