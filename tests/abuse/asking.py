"""Puts many answers to a client at once, over a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from tests.abuse.answers import HERE, Horror
from tests.abuse.raw_server import Asked, Piece, raw_server

AT_ONCE = 40
Outcome = TypeVar("Outcome")


def outcomes(
    horrors: Sequence[Horror], ask: Callable[[str], Awaitable[Outcome]]
) -> list[tuple[Horror, Outcome]]:
    """What `ask` makes of each horror, given its URL."""

    def reply(asked: Asked) -> Iterator[Piece]:
        number = asked.path.removeprefix("/").partition("?")[0]
        chosen = horrors[int(number)] if number.isdecimal() else Horror("elsewhere", tuple)
        for piece in chosen.pieces():
            here = isinstance(piece, bytes) and len(piece) < 1000
            yield piece.replace(HERE, asked.path.encode()) if here else piece

    async def run(url: str) -> list[Outcome]:
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> Outcome:
            async with limit:
                return await ask(f"{url}/{number}")

        return await asyncio.gather(*(one(number) for number in range(len(horrors))))

    with raw_server(reply) as url:
        return list(zip(horrors, asyncio.run(run(url)), strict=True))


def assert_one_line(text: str, about: object) -> None:
    """A reason that people can read: not empty, one line, printable, not endless."""
    assert text.strip(), about
    assert text.isprintable(), (about, text)
    assert len(text) <= 400, (about, text)
