"""Two sources of a station, what waits, and what may be acknowledged."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from archive.recording import Recording
from monitor.ingest.intake import MOST_WAITING_MESSAGES
from monitor.ingest.manner import PUSHED
from monitor.ingest.series import OrientationDiffers
from monitor.ingest.source import SourceMessage, nothing
from monitor.ingest.station_feed import PUSHED_SETTLE_S, StationFeed
from monitor.ingest.stations import read_plans
from tests.monitor.feeds import station
from tests.monitor.ingest.local import local_intake
from tests.monitor.ingest.mosquitto import impf

FIRST, SECOND = "mqtt://a:1883", "mqtt://b:1883"
SECONDS = station("WIC", 20, 1, elements="XYZ")
PARTS = list(SECONDS.records(10))


def feed(folder: Path, more: str = "") -> StationFeed:
    file = folder / "stations.toml"
    sources = '"mqtt://a/impf/wic/+/1/+", "mqtt://b/impf/wic/+/1/+"'
    file.write_text(f"[WIC]\nfrom = [{sources}]\nsilent_s = 60\n{more}")
    (plan,) = read_plans(file)
    return StationFeed(plan, [FIRST, SECOND], 0.0)


def starts(recordings: list[Recording]) -> list[int]:
    return [(part.start_ms - SECONDS.start_ms) // 1000 for part in recordings]


def test_the_second_source_speaks_when_the_first_is_silent_and_loses_nothing(
    tmp_path: Path,
) -> None:
    one = feed(tmp_path)
    assert starts(one.take(FIRST, PARTS[:1], PUSHED, nothing, 1.0).recordings) == [0]
    for number in range(1, 7):  # what the first source no longer sends
        outcome = one.take(SECOND, [PARTS[number]], PUSHED, nothing, 10.0 * number)
        assert outcome.recordings == []
        assert outcome.acknowledgements == [nothing]
    assert one.tick(61.0).recordings == []
    assert starts(one.tick(62.0).recordings) == [10, 20, 30, 40, 50, 60]
    assert starts(one.take(SECOND, [PARTS[7]], PUSHED, nothing, 63.0).recordings) == [70]
    # the first is back: it may correct, the second may not, and the second is silent again
    assert starts(one.take(FIRST, [PARTS[8]], PUSHED, nothing, 64.0).recordings) == [80]
    assert one.take(SECOND, [PARTS[9]], PUSHED, nothing, 65.0).recordings == []
    assert not one.silent(100.0)
    assert one.silent(126.0)


def test_a_second_source_of_another_orientation_is_refused(tmp_path: Path) -> None:
    one = feed(tmp_path)
    one.take(FIRST, PARTS[:1], PUSHED, nothing, 1.0)
    with pytest.raises(OrientationDiffers):
        one.take(SECOND, [station("WIC", 1, 1)], PUSHED, nothing, 1.0)


def test_a_message_is_acknowledged_when_its_samples_are_out(tmp_path: Path) -> None:
    one, called = feed(tmp_path), []

    def take(number: int, now_s: float) -> list[int]:
        outcome = one.take(FIRST, [PARTS[number]], PUSHED, lambda: called.append(number), now_s)
        for acknowledge in outcome.acknowledgements:
            acknowledge()
        return starts(outcome.recordings)

    assert (take(0, 0.0), called) == ([0], [0])
    assert (take(2, 1.0), called) == ([], [0])
    assert (take(2, 1.5), called) == ([], [0])  # the broker sends it again
    assert (take(1, 2.0), called) == ([10], [0, 2, 2, 1])


def test_a_gap_has_its_time_and_then_is_given_up(tmp_path: Path) -> None:
    one = feed(tmp_path)
    one.take(FIRST, PARTS[:1], PUSHED, nothing, 0.0)
    one.take(FIRST, PARTS[2:3], PUSHED, nothing, 1.0)
    assert one.tick(1.0 + PUSHED_SETTLE_S - 0.1).recordings == []
    outcome = one.tick(1.0 + PUSHED_SETTLE_S)
    assert starts(outcome.recordings) == [20]
    assert outcome.acknowledgements == [nothing]
    assert outcome.gaps == 1


@pytest.mark.parametrize("backfill", ["", 'backfill = "gin"'])
def test_messages_that_wait_can_be_let_go(tmp_path: Path, backfill: str) -> None:
    one, called = feed(tmp_path, backfill), []
    one.take(FIRST, PARTS[:1], PUSHED, nothing, 0.0)
    one.take(FIRST, [PARTS[2]], PUSHED, lambda: called.append(2), 1.0)
    assert one.waiting_messages == 1
    outcome = one.relieve()
    assert len(outcome.acknowledgements) == 1
    assert one.waiting_messages == 0
    # with a backfill it can be asked for again after a kill: acknowledged, and still waiting
    assert starts(outcome.recordings) == ([] if backfill else [20])
    assert one.owes == bool(backfill)
    assert starts(one.take(FIRST, [PARTS[1]], PUSHED, nothing, 2.0).recordings) == [10]


def test_stations_that_wait_do_not_use_up_what_the_broker_hands_over(tmp_path: Path) -> None:
    """After an outage of all stations the messages behind the gap go on."""
    codes = [f"Q{number:02d}" for number in range(40)]
    toml = "".join(f'[{code}]\nfrom = "mqtt://a/impf/{code.lower()}/pt1s/1/+"\n' for code in codes)
    acknowledged: list[str] = []

    async def play() -> None:
        async with local_intake(tmp_path, toml, lambda: 0) as local:
            (source,) = local.sources
            for part in (PARTS[0], PARTS[2]):  # the second is missing everywhere
                for plan in source.plans:
                    topic, body = impf(part.renamed(plan.station))
                    call = partial(acknowledged.append, plan.station)
                    assert local.intake.deliver(source, SourceMessage(plan, topic, body, call))
            await local.intake.outbox.empty()

    asyncio.run(play())
    assert len(acknowledged) >= 80 - MOST_WAITING_MESSAGES
