"""Whatever an index service answers: a document that can be used, or a reason in one line."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geofield.indices import DST, KP
from monitor.http.client import session
from monitor.http.fetch import Unanswered
from monitor.http.retry import LONGEST_RETRY_AFTER_S, http_date, retry_after_s
from monitor.index_feed import formats
from monitor.index_feed.formats import FIRST_MS, Document, Parse
from monitor.index_feed.source import Service, ServiceAnswer, Source, clock_of
from tests.abuse.answers import (
    DATES,
    GOOD,
    NUMBERS,
    Horror,
    answer,
    at_once,
    headers,
    packed,
    redirects,
    statuses,
    transports,
)
from tests.abuse.asking import assert_one_line, outcomes
from tests.abuse.documents import documents

NOW = datetime(2024, 5, 12, tzinfo=UTC)
PARSERS = {
    "noaa": formats.noaa_kp,
    "gfz": partial(formats.gfz_index, KP),
    "kyoto": formats.kyoto_dst,
}
LIMITS = {KP: (0, 9, 10_800_000), DST: (-2500, 500, 3_600_000)}
Outcome = ServiceAnswer | Unanswered


def asked(
    horrors: Sequence[Horror], parse: Parse, polls: int = 1, timeout_s: float = 20.0
) -> list[tuple[Horror, Outcome]]:
    """What a source makes of each answer; with several polls, of the last one."""

    async def ask(url: str) -> Outcome:
        service = Service("noaa", lambda _: url, parse, "MAGWATCH_INDEX_NOAA_URL")
        async with session() as client:
            source = Source(service, client, lambda: NOW, timeout_s=timeout_s)
            outcome = await _asked(source)
            for _ in range(polls - 1):
                outcome = await _asked(source)
            return outcome

    return outcomes(horrors, ask)


async def _asked(source: Source) -> Outcome:
    try:
        return await source.ask()
    except Unanswered as failure:
        return failure


def assert_judged(horror: Horror, outcome: Outcome) -> None:
    if isinstance(outcome, Unanswered):
        assert_one_line(str(outcome), horror.name)
        wait_s = outcome.retry_after_s
        assert wait_s is None or 0 <= wait_s <= LONGEST_RETRY_AFTER_S, horror.name
        return
    assert_plausible(outcome.document)
    if outcome.server_time is not None:
        assert outcome.server_time.utcoffset() is not None, horror.name


def assert_plausible(document: Document) -> None:
    assert document.readings
    low, high, length_ms = LIMITS[document.index]
    for reading in document.readings:
        assert math.isfinite(reading.value)
        assert low <= reading.value <= high
        assert reading.start_ms >= FIRST_MS
        assert reading.start_ms % length_ms == 0
        assert reading.end_ms - reading.start_ms == length_ms


@pytest.mark.parametrize("status", [b"200 OK", b"503 Service Unavailable"])
def test_no_header_costs_more_than_its_own_answer(status: bytes) -> None:
    for horror, outcome in asked(list(headers(status)), formats.noaa_kp):
        assert_judged(horror, outcome)
        if horror.harmless and status.startswith(b"200"):
            assert isinstance(outcome, ServiceAnswer), (horror.name, outcome)
        if horror.harmless and status.startswith(b"503"):
            assert str(outcome) == "HTTP 503", horror.name


def test_a_strange_validator_is_not_sent_back_for_ever() -> None:
    horrors = [one for one in headers(names=(b"ETag", b"Last-Modified")) if one.harmless]
    for horror, outcome in asked(horrors, formats.noaa_kp, polls=2):
        assert isinstance(outcome, ServiceAnswer), (horror.name, outcome)


@pytest.mark.parametrize("kind", [statuses, redirects, transports])
def test_what_is_no_answer_is_a_reason_in_time(kind: Callable[[], list[Horror]]) -> None:
    for horror, outcome in asked(list(kind()), formats.noaa_kp, timeout_s=0.5):
        assert_judged(horror, outcome)
        assert isinstance(outcome, Unanswered), horror.name


@pytest.mark.parametrize("name", PARSERS)
def test_a_document_is_used_as_far_as_it_can_be(name: str) -> None:
    for horror, outcome in asked(list(documents()), PARSERS[name]):
        assert_judged(horror, outcome)


def test_a_row_that_cannot_be_used_does_not_take_the_others_along() -> None:
    row = GOOD.decode().strip("[]")
    strange = [
        "null",
        "[]",
        "{}",
        '[["a"]]',
        '{"time_tag": [], "Kp": {}}',
        '"x"',
        "1e308",
        "[[[]]]",
    ]
    horrors = [at_once(one, answer(f"[{row}, {one}]".encode())) for one in strange]
    for horror, outcome in asked(horrors, formats.noaa_kp):
        assert isinstance(outcome, ServiceAnswer), (horror.name, outcome)
        assert (len(outcome.document.readings), outcome.document.unusable) == (1, 1)


def test_a_redirect_is_followed_on_the_same_host_only() -> None:
    there = answer(b"", (b"Location", b"/1"), status=b"302 Found")
    moved = answer(b"", (b"Location", b"http://localhost:1/secret"), status=b"301 Moved")
    horrors = [at_once("there", there), at_once("good", answer(GOOD)), at_once("moved", moved)]
    (_, followed), _, (_, refused) = asked(horrors, formats.noaa_kp)
    assert isinstance(followed, ServiceAnswer)
    assert str(refused) == (
        "it redirects to http://localhost:1: if that is meant, set it as MAGWATCH_INDEX_NOAA_URL"
    )


def test_not_modified_is_believed_only_if_it_was_asked() -> None:
    replies = iter([answer(GOOD), answer(b"", status=b"304 Not Modified", length=False)])
    horror = Horror("a cache that calls everything unchanged", lambda: (next(replies),))
    ((_, outcome),) = asked([horror], formats.noaa_kp, polls=2)
    assert str(outcome) == "HTTP 304"


def test_a_bomb_is_not_unpacked_beyond_what_a_document_may_have() -> None:
    bombs = [one for one in packed() if "bomb" in one.name]
    tracemalloc.start()
    judged = asked(bombs, formats.noaa_kp)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(judged) == 3
    assert all("longer than" in str(outcome) for _, outcome in judged[:2])
    assert peak_bytes < 32 * 1024 * 1024, "they are a gigabyte each"


dates = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Mon", "Fri", "", "Freitag"]),
    *[st.integers(-1, 10**25) | st.text(max_size=3), st.sampled_from(["Jan", "May", "Dec", "x"])],
    *[st.integers(-1, 10**25) | st.integers(1, 9999) | st.text(max_size=3)],
    *[st.integers(-1, 61)] * 3,
    st.sampled_from(["GMT", "", "UTC", "EST"]) | st.integers(-99999, 99999).map("{:+05}".format),
)
texts = dates | st.text() | st.sampled_from([one.decode(errors="surrogateescape") for one in DATES])


@given(texts)
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Fri, 10 May 99999999999999999999 12:00:00 GMT")
def test_a_http_date_is_a_moment_that_can_be_meant_or_none(text: str) -> None:
    moment = http_date(text)
    assert moment is None or (1969 <= moment.year <= 2200 and moment.tzinfo is UTC)


numbers = st.integers().map(str) | st.sampled_from([one.decode() for one in NUMBERS])


@given(texts | numbers, texts, numbers | st.text())
def test_waits_and_clocks_are_in_range_or_unknown(text: str, date: str, age: str) -> None:
    wait_s = retry_after_s({"Retry-After": text, "Date": date})
    assert wait_s is None or 0 <= wait_s <= LONGEST_RETRY_AFTER_S
    clock = clock_of({"Date": date, "Age": age})
    assert clock is None or clock.tzinfo is UTC


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2024-05-10"),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["time_tag", "Kp", "dst"]), inner)
    ),
)


@given(st.sampled_from(sorted(PARSERS)), values)
@example("noaa", [[["a"]], ["b"]])
@example("kyoto", [[["a"]], ["b"]])
@example("gfz", {"datetime": [[]], "Kp": [{}]})
def test_any_json_is_a_document_or_refused(name: str, value: object) -> None:
    with suppress(ValueError):  # refused
        assert_plausible(PARSERS[name](json.dumps(value).encode()))
