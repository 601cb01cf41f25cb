"""Events are numbered; who comes back gets what was missed, or is told to begin again."""

import asyncio

import pytest

from monitor.dashboard.hub import Hub, Missed, encode


def published(count: int, most_events: int = 5, most_bytes: int = 1000) -> Hub:
    hub = Hub(most_events, most_bytes)

    async def publish() -> None:
        for number in range(count):
            await hub.publish("changes", b"%d" % number)

    asyncio.run(publish())
    return hub


def since(hub: Hub, number: int) -> list[int]:
    """Numbers of the events after one."""
    numbers = []
    while (event := hub.after(number)) is not None:
        number = event.number
        numbers.append(number)
    return numbers


def test_an_event_is_one_line_of_data_with_an_id() -> None:
    assert encode("changes", b'{"a":1}', "ab-3") == b'id: ab-3\nevent: changes\ndata: {"a":1}\n\n'
    assert encode("beat", b"{}") == b"event: beat\ndata: {}\n\n"


def test_who_comes_back_gets_what_was_missed() -> None:
    hub = published(4)
    number = hub.number_of(hub.id_of(2))
    assert number == 2
    assert since(hub, number) == [3, 4]
    assert since(hub, 4) == []
    assert since(published(0), 0) == []


def test_who_comes_back_too_late_begins_again() -> None:
    hub = published(9, most_events=5)
    with pytest.raises(Missed):
        hub.after(3)
    assert since(hub, 4) == [5, 6, 7, 8, 9]


def test_large_events_are_held_for_less_long() -> None:
    hub = published(9, most_bytes=3)
    with pytest.raises(Missed):
        hub.after(5)
    assert since(hub, 6) == [7, 8, 9]
    asyncio.run(hub.publish("changes", 10 * b"x"))
    assert since(hub, 9) == [10]


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
        assert await waiting
        assert not await hub.wait(hub.number, 0.01)
        return since(hub, 0)

    assert asyncio.run(scene()) == [1]
