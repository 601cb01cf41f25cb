"""What a worker is in charge of after what the control topic has, rubbish included."""

from __future__ import annotations

from dataclasses import replace

from aiokafka import ConsumerRecord

from geofield.handover import Party
from monitor.charge import Charge, encode_handover
from monitor.codec import RawRecord
from tests.geofield.builders import MODEL

NEW = replace(MODEL, version="2.0.0", sha256="cd" * 32)
SINCE_MS = 1_715_300_000_500


def records(*values: bytes | None) -> list[ConsumerRecord]:
    return [
        ConsumerRecord("t", 0, offset, 0, 0, b"", value, None, 0, 0, ())
        for offset, value in enumerate(values)
    ]


def sent_at(timestamp_ms: int) -> RawRecord:
    return RawRecord("t", 0, 0, timestamp_ms, b"WIC", b"no")


def both() -> tuple[Charge, Charge]:
    """The first line and a named one, after one handover."""
    old, new = Charge(Party("", MODEL.sha256)), Charge(Party("next", NEW.sha256))
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
        one.decided(SINCE_MS + 10)
    assert (old.letter(sent_at(SINCE_MS + 5)), new.letter(sent_at(SINCE_MS + 5))) == (False, True)
    assert new.letter(sent_at(-1))  # no time, and the first line may be gone
    assert new.letter(sent_at(1000))


def test_a_line_in_shadow_leaves_refused_records_to_the_other() -> None:
    shadow = Charge(Party("next", NEW.sha256))
    shadow.decided(SINCE_MS)
    assert not shadow.letter(sent_at(SINCE_MS))
