"""Events are numbered; who comes back gets what was missed, or is told to begin again."""

import asyncio

import pytest

from monitor.dashboard.hub import Hub, encode


def published(count: int, kept: int = 5) -> Hub:
    hub = Hub(kept)

    async def publish() -> None:
        for number in range(count):
            await hub.publish("changes", b"%d" % number)

    asyncio.run(publish())
    return hub


def test_an_event_is_one_line_of_data_with_an_id() -> None:
    assert encode("changes", b'{"a":1}', "ab-3") == b'id: ab-3\nevent: changes\ndata: {"a":1}\n\n'
    assert encode("beat", b"{}") == b"event: beat\ndata: {}\n\n"


def test_who_comes_back_gets_what_was_missed() -> None:
    hub = published(4)
    number = hub.number_of(hub.id_of(2))
    assert number == 2
    missed = hub.since(number)
    assert missed is not None
    assert [event.number for event in missed] == [3, 4]
    assert hub.since(4) == []


def test_who_comes_back_too_late_begins_again() -> None:
    hub = published(9, kept=5)
    assert hub.since(3) is None
    assert hub.since(4) is not None


@pytest.mark.parametrize("event_id", ["", "nobody", "-1", "x-2", "{run}-99", "{run}-x", "{run}-²"])
def test_an_id_of_nobody_begins_again(event_id: str) -> None:
    hub = published(4)
    run = hub.id_of(0).partition("-")[0]
    assert hub.number_of(event_id.replace("{run}", run)) is None


def test_an_id_of_another_run_begins_again() -> None:
    assert published(4).number_of(published(4).id_of(2)) is None


def test_waiting_ends_with_an_event_or_with_time() -> None:
    async def scene() -> list[int]:
        hub = Hub()
        waiting = asyncio.create_task(hub.wait(0, 5))
        await asyncio.sleep(0)
        await hub.publish("status", b"{}")
        await waiting
        await hub.wait(hub.number, 0.01)
        return [event.number for event in hub.since(0) or []]

    assert asyncio.run(scene()) == [1]
