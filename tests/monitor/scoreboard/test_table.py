"""The same book gives the same bytes, and nothing that is dishonest comes through it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from archive.files import FileRefused
from geofield.indices import KP, IndexInterval
from geofield.utc import DAY_MS, HOUR_MS, MINUTE_MS, utc
from monitor.errors import Refused
from monitor.records.indices import encode_index
from monitor.records.schema import FOLDER
from monitor.records.scoreboards import encode_scoreboard
from monitor.scoreboard.book import ScoreBook, load_book, save_book
from monitor.scoreboard.page import page
from monitor.scoreboard.reading import PublishedRecord
from monitor.scoreboard.rows import SAYS
from monitor.scoreboard.table import scoreboard
from tests.geofield.scoreboard.builders import START_MS, alarm, protocol, quake, year
from tests.monitor.scoreboard.builders import (
    alert_record,
    book,
    moved,
    quake_record,
    registered,
    stated,
)

HOURS = 365 * 24
SETTLED_MS = START_MS + (HOURS + 30 * 24) * HOUR_MS


def planted(share: float = 1 / 3, seed: int = 1, **changed: object) -> ScoreBook:
    made = year(protocol(), share, seed)
    return book(registered(stated(**changed)), made.alarms, made.earthquakes, HOURS)


def hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


@pytest.fixture(scope="module")
def whole() -> ScoreBook:
    return planted()


def test_a_planted_effect_is_shown_and_the_document_keeps_its_schema(whole: ScoreBook) -> None:
    made = scoreboard(whole, SETTLED_MS)
    assert made.verdict.decision == "skill shown"
    assert made.scored_until == utc(START_MS + HOURS * HOUR_MS)
    assert made.together.hits + made.together.misses == made.together.events == 80
    assert made.together.right + made.together.false + made.together.open == made.together.alarms
    assert [control.name for control in made.controls] == [
        "random",
        "kp",
        "polarization",
        "placebo",
    ]
    assert [control.hits is None for control in made.controls] == [False, True, True, False]
    assert made.controls[1].why_not == "no Kp in the index topic"
    schema = json.loads((FOLDER / "scoreboard.json").read_text())
    encoded = json.loads(encode_scoreboard(made))
    assert not list(Draft202012Validator(schema).iter_errors(encoded))
    shown = page(made)
    assert SAYS in shown
    assert "does not predict earthquakes" in SAYS
    assert made.catalogue.sha256 in shown
    assert made.registration in shown


def test_alarms_without_relation_show_no_skill() -> None:
    made = scoreboard(planted(share=0.0, seed=4), SETTLED_MS)
    assert made.verdict.decision == "no skill shown"


@pytest.mark.parametrize("at_ms", [START_MS + 100 * DAY_MS, START_MS + 301 * DAY_MS, SETTLED_MS])
def test_a_past_date_comes_out_byte_for_byte_from_an_archive_and_from_later_topics(
    whole: ScoreBook, at_ms: int, tmp_path: Path
) -> None:
    then = ScoreBook(whole.registered)  # what the topics held then
    for name, records in whole.records.items():
        then.records[name] = [one for one in records if one.published_ms <= at_ms]
    then.windows = {
        (code, hour): bits for (code, hour), bits in whole.windows.items() if hour * HOUR_MS < at_ms
    }
    as_of_then = encode_scoreboard(scoreboard(then, at_ms))
    assert encode_scoreboard(scoreboard(whole, at_ms)) == as_of_then
    shuffled = ScoreBook(whole.registered, windows=dict(reversed(whole.windows.items())))
    for name, records in whole.records.items():
        shuffled.records[name] = records[::-2] + records[-2::-2]
    save_book(shuffled, tmp_path / "book.jsonl.gz")
    save_book(whole, tmp_path / "again.jsonl.gz")
    content = (tmp_path / "book.jsonl.gz").read_bytes()
    assert content == (tmp_path / "again.jsonl.gz").read_bytes()
    assert encode_scoreboard(scoreboard(load_book(tmp_path / "book.jsonl.gz"), at_ms)) == as_of_then


def small(**changed: object) -> ScoreBook:
    own = registered(stated(1, **changed))
    return book(own, [alarm(0, 10.5, "first")], [quake(0, 20.0, "us1")], 1000)


AT_MS = START_MS + (1000 + 30 * 24) * HOUR_MS


def test_an_alarm_published_after_the_earthquake_is_refused_by_name() -> None:
    made = small()
    late = moved(alarm(0, 300.0, "late"), event_ms=START_MS + 240 * HOUR_MS)
    made.take("alerts", alert_record(late))
    made.take("quakes", quake_record(quake(0, 260.0, "us2")))
    shown = scoreboard(made, AT_MS)
    (refused,) = shown.refused
    assert (refused.alert_id, refused.earthquake) == (hashed("late"), "us2")
    assert refused.event_time < refused.origin < refused.published
    assert (shown.together.events, shown.together.hits) == (2, 1)
    assert hashed("late") in page(shown)


def test_later_revisions_change_nothing_but_the_catalogues_state() -> None:
    made = small()
    before = scoreboard(made, AT_MS + 60 * DAY_MS)
    late_ms = START_MS + 50 * DAY_MS
    made.take("quakes", quake_record(quake(0, 20.0, "us1", magnitude=3.0), late_ms))
    after = scoreboard(made, AT_MS + 60 * DAY_MS)
    assert after.together == before.together
    assert after.catalogue.sha256 != before.catalogue.sha256
    early_ms = START_MS + 2 * DAY_MS
    made.take("quakes", quake_record(quake(0, 20.0, "us1", magnitude=3.0), early_ms))
    assert scoreboard(made, AT_MS).together.events == 0


def test_a_revision_published_late_with_an_early_time_was_known_late() -> None:
    made = small()
    record = quake_record(quake(0, 20.0, "us1", magnitude=3.0), START_MS + DAY_MS)
    late = PublishedRecord(START_MS + 50 * DAY_MS, by_broker=True, value=record.value)
    made.take("quakes", late)
    assert scoreboard(made, AT_MS).together.events == 1


def test_alarms_that_the_sender_dated_are_refused() -> None:
    made = small()
    made.take("alerts", alert_record(alarm(0, 12.0, "sender"), by_broker=False))
    with pytest.raises(Refused, match=f"alert {hashed('sender')} of S00 was dated by its sender"):
        scoreboard(made, AT_MS)


def test_a_registration_has_to_come_before_its_start() -> None:
    own = registered(stated(1), published="2027-01-01T00:00:00")
    with pytest.raises(Refused, match="after its start 2027-01-01"):
        scoreboard(ScoreBook(own), AT_MS)
    with pytest.raises(Refused, match="dated by its sender"):
        scoreboard(ScoreBook(replace(registered(stated(1)), by_broker=False)), AT_MS)


def test_before_anything_is_settled_it_says_when() -> None:
    with pytest.raises(Refused, match="the first hour is at 2027-01-31T01:00:00Z"):
        scoreboard(small(), START_MS + DAY_MS)


def test_a_rehearsal_takes_event_times_and_says_so() -> None:
    own = registered(stated(1, rehearsal=True), published="2030-01-01")
    late = moved(alarm(0, 9000.0, "late"), event_ms=START_MS + 10 * HOUR_MS)
    made = ScoreBook(own)
    made.take("alerts", alert_record(late, by_broker=False))
    made.take("quakes", quake_record(quake(0, 20.0, "us1")))
    for hour in range(START_MS // HOUR_MS - 48, START_MS // HOUR_MS + 1000):
        made.windows["S00", hour] = 0b111111
    shown = scoreboard(made, AT_MS)
    assert (shown.together.hits, shown.refused) == (1, [])
    assert shown.notes[0].startswith("REHEARSAL")
    assert "REHEARSAL" in page(shown)


def score(end_ms: int, published_ms: int, **changed: object) -> PublishedRecord:
    value = {
        "station": "S00",
        "window_end": utc(end_ms),
        "decided": utc(end_ms),
        "quality": "ok",
        "model": {"sha256": "f" * 64},
    }
    return PublishedRecord(published_ms, by_broker=True, value=json.dumps(value | changed))


def test_only_windows_that_were_scored_in_time_by_the_model_are_data() -> None:
    made = ScoreBook(registered(stated(1)))
    for minute in (0, 10, 10, 20):  # one of them twice
        end_ms = START_MS + minute * MINUTE_MS
        made.take("scores", score(end_ms, end_ms + MINUTE_MS))
    end_ms = START_MS + 30 * MINUTE_MS
    made.take("scores", score(end_ms, end_ms + 7 * HOUR_MS))
    made.take("scores", score(end_ms, end_ms, quality="insufficient"))
    made.take("scores", score(end_ms, end_ms, model={"sha256": "e" * 64}))
    made.take("scores", score(end_ms, end_ms, station="S99"))
    assert made.windows == {("S00", START_MS // HOUR_MS): 0b111}


@pytest.mark.parametrize("topic", ["scores", "alerts", "quakes", "indices"])
def test_what_cannot_be_read_is_never_taken(topic: str) -> None:
    made = ScoreBook(registered(stated(1)))
    for value in ("{}", "", "nonsense"):
        with pytest.raises(ValueError, match=r"missing required field|JSON|truncated"):
            made.take(topic, PublishedRecord(0, by_broker=True, value=value))
    nowhere = quake_record(quake(0, 20.0, "us1", magnitude=99.0))
    with pytest.raises(ValueError, match="magnitude 99 is not within"):
        made.take("quakes", nowhere)
    assert not any(made.records.values())


def test_kp_and_ratios_are_controls_once_they_are_there() -> None:
    made = small()
    known_ms = START_MS + 9 * HOUR_MS
    value = encode_index(KP, [IndexInterval(KP, known_ms - 3 * HOUR_MS, known_ms, known_ms, 7.0)])
    made.take("indices", PublishedRecord(known_ms, by_broker=False, value=value.decode()))
    made.ratios = {"S00": {START_MS // HOUR_MS + 8: 2.5}}
    controls = {control.name: control.hits for control in scoreboard(made, AT_MS).controls}
    assert controls["kp"] == pytest.approx(1.0)
    assert controls["polarization"] == pytest.approx(1.0)


def test_other_models_and_compacted_versions_are_told() -> None:
    made = small()
    made.take("alerts", alert_record(alarm(0, 200.0, "compacted"), version=3))
    shown = scoreboard(made, AT_MS)
    assert any(hashed("compacted") in note for note in shown.notes)


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08"])
def test_what_is_no_book_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "book.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=r"book\.jsonl\.gz: not a book"):
        load_book(path)
