"""The smaller parts: checkpoints, records, indices, metrics, probes."""

import json
import urllib.error
import urllib.request
import zlib
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from geofield.alerts.alert import AlertState, Unclassified
from geofield.alerts.remote_reference import Remote
from geofield.indices import DST, KP, IndexHistory, IndexInterval
from geofield.quality.findings import Fault, FaultFinding
from geofield.step import step
from monitor.http.probe_server import Health, probe_server
from monitor.metrics.metrics import Metrics
from monitor.records.indices import decode_indices, encode_index
from monitor.records.scores_and_alerts import AlertEvent, ScoreRecord, encode_alert, encode_score
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from tests.geofield.builders import MODEL, START_MS, field_nt, rules, samples, spread

LOUD_NT = field_nt(200) + 30 * np.sin(np.arange(200))[:, None]


def test_a_checkpoint_brings_back_the_same_state() -> None:
    """With an open alert, gaps and full memory; the next step cannot tell the difference."""
    loud = field_nt(200) + 30 * np.sin(np.arange(200))[:, None]
    loud[50:52] = np.nan
    states, outcome = step({}, [samples(loud)], spread, rules("WIC"), IndexHistory())
    assert outcome.alerts
    checkpoints = StationCheckpoint(states["WIC"], partition=3, offset=17)
    restored = checkpoint.decode(checkpoint.encode("WIC", checkpoints, "print"), {"print"})
    assert restored is not None
    name, again = restored
    assert (name, again.partition, again.offset) == ("WIC", 3, 17)
    more = [samples(loud, begin=200)]
    first = step({"WIC": checkpoints.state}, more, spread, rules("WIC"), IndexHistory())[1]
    second = step({"WIC": again.state}, more, spread, rules("WIC"), IndexHistory())[1]
    assert second == first


def test_a_checkpoint_brings_back_alerts_that_wait_for_their_class() -> None:
    states, outcome = step({}, [samples(LOUD_NT)], spread, rules("WIC"), IndexHistory())
    alert = replace(
        outcome.alerts[-1],
        lowest_dst_nt=-20.0,
        faults=(Fault.STEP, Fault.NOISE),
        largest=FaultFinding(Fault.PULSE, "HZ", 20.31, 23.0),
        remote=Remote(stations=5, compared=4, witnesses=1),
    )
    window = replace(outcome.scores[-1], trouble=(FaultFinding(Fault.STEP, "HZ"),))
    alerts = AlertState(recent=(window,), settling=(Unclassified(alert, published=7),))
    checkpoints = StationCheckpoint(replace(states["WIC"], alerts=alerts), 0, 0)
    restored = checkpoint.decode(checkpoint.encode("WIC", checkpoints, "print"), {"print"})
    assert restored is not None
    assert restored[1].state.alerts == alerts


def test_a_checkpoint_of_the_version_before_is_read() -> None:
    """It knows no heights of faults."""
    states, outcome = step({}, [samples(LOUD_NT)], spread, rules("WIC"), IndexHistory())
    window = replace(outcome.scores[-1], trouble=(FaultFinding(Fault.STEP, "HZ"),))
    alerts = AlertState(recent=(window,), settling=(Unclassified(outcome.alerts[-1], 1),))
    now = StationCheckpoint(replace(states["WIC"], alerts=alerts), 0, 0)
    plain = msgspec.msgpack.decode(zlib.decompress(checkpoint.encode("WIC", now, "print")))
    kept = plain["state"]["alerts"]
    for added in ("height_nt", "duration_s"):
        del kept["recent"][0]["trouble"][0][added]
    del kept["settling"][0]["alert"]["largest"]
    restored = checkpoint.decode(zlib.compress(msgspec.msgpack.encode(plain)), {"print"})
    assert restored is not None
    assert restored[1].state.alerts == alerts


def test_what_was_seen_of_a_pulse_is_published_in_words() -> None:
    _, outcome = step({}, [samples(LOUD_NT)], spread, rules("WIC"), IndexHistory())
    pulse = FaultFinding(Fault.PULSE, "HEZ", 20.31, 23.0)
    score = json.loads(encode_score(replace(outcome.scores[-1], trouble=(pulse,)), MODEL))
    seen = "pulse of 20 nT in 23 s"
    assert score["trouble"] == [{"fault": "pulse", "components": "HEZ", "seen": seen}]
    alert = replace(outcome.alerts[-1], faults=(Fault.PULSE,), largest=pulse)
    assert json.loads(encode_alert(alert))["data"]["seen"] == seen
    assert "seen" not in json.loads(encode_alert(outcome.alerts[-1]))["data"]


def test_a_checkpoint_of_other_rules_is_left_out() -> None:
    states, _ = step({}, [samples(field_nt(50))], spread, rules("WIC"), IndexHistory())
    value = checkpoint.encode("WIC", StationCheckpoint(states["WIC"], 0, 0), "one")
    assert checkpoint.decode(value, {"other"}) is None


@pytest.mark.parametrize("value", [b"", b"rubbish", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_no_checkpoint_is_a_value_error(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        checkpoint.decode(value, {"print"})


def test_score_and_alert_records_have_their_schema() -> None:
    loud = field_nt(400) + 30 * np.sin(np.arange(400))[:, None]
    _, outcome = step({}, [samples(loud)], spread, rules("WIC"), IndexHistory())
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


def test_kp_comes_back_as_sent() -> None:
    values = [IndexInterval(KP, START_MS, START_MS + 10_800_000, START_MS + 10_800_000, 8.667)]
    assert decode_indices(encode_index(KP, values)) == values


def test_dst_comes_back_as_sent() -> None:
    values = [IndexInterval(DST, START_MS, START_MS + 3_600_000, START_MS + 3_700_000, -412.0)]
    assert decode_indices(encode_index(DST, values)) == values


def test_sym_h_is_no_error_and_no_value() -> None:
    assert decode_indices(encode_index(DST, []).replace(b"Dst", b"SYM-H")) == []


@pytest.mark.parametrize("value", [b"", b"{}", encode_index(KP, []).replace(b"Kp", b"Ap")])
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
