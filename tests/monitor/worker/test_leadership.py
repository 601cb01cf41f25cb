"""What a worker is in charge of after what the control topic has, rubbish included."""

from __future__ import annotations

from dataclasses import replace

from aiokafka import ConsumerRecord

from geofield.alerts.handover import Deployment
from geofield.indices import IndicesKnown
from geofield.scoring.score import Quality, WindowScore
from monitor.records.handovers import encode_handover
from monitor.records.sample_decoder import RawRecord
from monitor.worker.leadership import Leadership, take_all
from tests.geofield.builders import MODEL

NEW = replace(MODEL, version="2.0.0", sha256="cd" * 32)
SINCE_MS = 1_715_300_000_500
UNKNOWN = IndicesKnown(None, complete=False)


def records(*values: bytes | None) -> list[ConsumerRecord]:
    return [
        ConsumerRecord("t", 0, offset, 0, 0, b"", value, None, 0, 0, ())
        for offset, value in enumerate(values)
    ]


def sent_at(timestamp_ms: int) -> RawRecord:
    return RawRecord("t", 0, 0, timestamp_ms, b"WIC", b"no")


def window(end_ms: int) -> WindowScore:
    times_ms = (end_ms - 1000, end_ms, end_ms)
    return WindowScore("WIC", *times_ms, Quality.INSUFFICIENT, 0.0, UNKNOWN, score=None)


def both() -> tuple[Leadership, Leadership]:
    """The first line and a named one, after one handover."""
    old, new = Leadership(Deployment("", MODEL.sha256)), Leadership(Deployment("next", NEW.sha256))
    for one in (old, new):
        one.take(
            records(b"rubbish", None, b"{}", encode_handover("next", NEW, SINCE_MS)[1], b"[1]")
        )
    return old, new


def test_what_is_no_handover_changes_nothing_and_a_handover_holds_to_the_millisecond() -> None:
    old, new = both()
    assert (old.window(SINCE_MS - 1), new.window(SINCE_MS - 1)) == (True, False)
    assert (old.window(SINCE_MS), new.window(SINCE_MS)) == (False, True)


def test_a_refused_record_is_never_left_to_nobody() -> None:
    old, new = both()
    for one in (old, new):
        one.decided([window(SINCE_MS + 10)])
    assert (old.letter(sent_at(SINCE_MS + 5)), new.letter(sent_at(SINCE_MS + 5))) == (False, True)
    assert new.letter(sent_at(-1))  # no time, and the first line may be gone
    assert new.letter(sent_at(1000))


def test_a_line_in_shadow_leaves_refused_records_to_the_other() -> None:
    shadow = Leadership(Deployment("next", NEW.sha256))
    shadow.decided([window(SINCE_MS)])
    assert not shadow.letter(sent_at(SINCE_MS))


def test_the_newest_window_counts_in_whatever_order_windows_are_decided() -> None:
    leadership = Leadership()
    leadership.decided([window(20), window(30), window(10)])
    leadership.decided([window(25)])
    leadership.decided([])
    assert leadership.newest_ms == 30


def test_a_model_of_another_cadence_keeps_its_charge() -> None:
    seconds = Leadership(Deployment("", MODEL.sha256), cadence_ms=1000)
    minutes = Leadership(Deployment("", "ef" * 32), cadence_ms=60_000)
    handover = encode_handover("next", NEW, SINCE_MS, 1000)[1]
    take_all([seconds, minutes], records(handover))
    assert not seconds.window(SINCE_MS)
    assert minutes.window(SINCE_MS)
    take_all([seconds, minutes], records(encode_handover("next", NEW, SINCE_MS + 1)[1]))
    assert not minutes.window(SINCE_MS + 1)  # of all cadences, as older records are


def test_handovers_of_two_cadences_at_one_time_have_keys_of_their_own() -> None:
    keys = {encode_handover("next", NEW, SINCE_MS, cadence)[0] for cadence in (None, 1000, 60_000)}
    assert keys == {
        b"2024-05-10T00:13:20.500Z",
        b"2024-05-10T00:13:20.500Z PT1S",
        b"2024-05-10T00:13:20.500Z PT1M",
    }
