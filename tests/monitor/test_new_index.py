"""An index that is described in one place goes through parser, record, history, scores, alerts."""

import json
import zlib
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from geofield.alerts.alert import Alert
from geofield.indices import HP30, INDICES, Index, IndexHistory, IndexInterval
from geofield.scoring.score import WindowScore
from geofield.step import Outcome, StationState, step
from monitor.alert_table import readable
from monitor.index_feed.formats import gfz_index
from monitor.records.indices import encode_index
from monitor.records.scores_and_alerts import decode_alert, encode_alert, encode_score
from monitor.settings import Settings
from monitor.worker import checkpoint
from monitor.worker.checkpoint import StationCheckpoint
from monitor.worker.index_follower import IndexReader
from tests.geofield.builders import MODEL, START_MS, field_nt, rules, samples, spread

HALF_HOUR_MS = 1_800_000
MADE_UP = Index("Made-up", "nobody", HALF_HOUR_MS, -10.0, 100.0)
KNOWN = (IndexInterval(HP30, START_MS, START_MS + HALF_HOUR_MS, START_MS, 5.667),)


def test_a_made_up_index_goes_from_a_service_into_scores_and_alerts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(INDICES, MADE_UP.name, MADE_UP)
    body = {"datetime": ["2024-05-09T00:00:00Z", "2024-05-09T00:30:00Z"], "Made-up": [42.0, None]}
    (reading,) = gfz_index(MADE_UP, json.dumps(body).encode()).readings
    value = IndexInterval(MADE_UP, reading.start_ms, reading.end_ms, START_MS, reading.value)
    reader = IndexReader(Settings(), lambda: pytest.fail("refused"))
    reader._take([stored(encode_index(MADE_UP, [value]))])
    assert reader.history.of(MADE_UP) == (value,)
    _, outcome = disturbed(reader.history)
    assert context(outcome.scores[-1])["indices"] == {"Made-up": 42.0}
    assert event(outcome.alerts[-1])["indices"] == {"Made-up": 42.0}


def test_an_index_that_nobody_describes_is_refused() -> None:
    refused: list[None] = []
    reader = IndexReader(Settings(), lambda: refused.append(None))
    reader._take([stored(encode_index(HP30, KNOWN).replace(b"Hp30", b"Hp15"))])
    assert len(refused) == 1
    assert reader.history.of(HP30) == ()


def test_where_no_further_index_is_known_records_have_no_field_for_it() -> None:
    _, outcome = disturbed(IndexHistory())
    assert set(context(outcome.scores[-1])) == {"kp_highest", "kp_complete", "dst_lowest_nt"}
    assert "indices" not in event(outcome.alerts[-1])


def test_people_read_of_a_further_index() -> None:
    _, outcome = disturbed(IndexHistory(KNOWN))
    alert = decode_alert(encode_alert(outcome.alerts[-1]))
    assert "; Kp not known, Hp30 peak 5.7; " in readable(alert)


def test_a_checkpoint_keeps_what_was_known() -> None:
    states, _ = disturbed(IndexHistory(KNOWN))
    alert = states["WIC"].alerts.current
    assert alert is not None
    assert alert.other_indices == (("Hp30", 5.667),)
    checkpoints = StationCheckpoint(states["WIC"], 0, 0)
    restored = checkpoint.decode(checkpoint.encode("WIC", checkpoints, "print"), {"print"})
    assert restored is not None
    assert restored[1].state.alerts == states["WIC"].alerts


def test_a_checkpoint_from_before_there_were_further_indices_is_read() -> None:
    states, _ = disturbed(IndexHistory())
    written = checkpoint.encode("WIC", StationCheckpoint(states["WIC"], 0, 0), "print")
    before = without(msgspec.msgpack.decode(zlib.decompress(written)), {"others", "other_indices"})
    assert len(msgspec.msgpack.encode(before)) < len(zlib.decompress(written))
    restored = checkpoint.decode(zlib.compress(msgspec.msgpack.encode(before)), {"print"})
    assert restored is not None
    assert restored[1].state.alerts == states["WIC"].alerts


def without(value: Any, names: set[str]) -> Any:
    """Nested fields without those of these names."""
    if isinstance(value, dict):
        return {key: without(one, names) for key, one in value.items() if key not in names}
    return [without(one, names) for one in value] if isinstance(value, list) else value


def stored(value: bytes) -> Any:
    """A record of the index topic."""
    return SimpleNamespace(value=value, topic="geomag.indices", partition=0, offset=0, headers=())


def disturbed(history: IndexHistory) -> tuple[dict[str, StationState], Outcome]:
    """A station after a disturbance that has opened an alert."""
    loud = field_nt(200) + 30 * np.sin(np.arange(200))[:, None]
    states, outcome = step({}, [samples(loud)], spread, rules("WIC"), history)
    assert outcome.alerts
    return dict(states), outcome


def context(score: WindowScore) -> dict[str, object]:
    """What a record says of the indices."""
    return msgspec.json.decode(encode_score(score, MODEL), type=dict)["context"]


def event(alert: Alert) -> dict[str, object]:
    """The data of an alert's event."""
    return msgspec.json.decode(encode_alert(alert), type=dict)["data"]
