"""Guard for everything read from topics: an unusable record is never fatal.

Any producer with access can write anything to a topic, and Kafka keeps it. Without a guard one
record would stop every reader at every start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import structlog

from monitor.kafka.record_wire import fault_of

MOST_CHARACTERS = 300
Item = TypeVar("Item")
Decoded = TypeVar("Decoded")
log = structlog.get_logger("magwatch.guard")


def usable(
    items: Iterable[Item],
    decode: Callable[[Item], Decoded],
    refuse: Callable[[Item, str], object],
) -> Iterator[Decoded]:
    """Iterate over decoded items; items that `decode` fails on go to `refuse` with the reason."""
    for item in items:
        try:
            decoded = decode(item)
        except Exception as error:  # hostile bytes may cause any error
            refuse(item, reason_of(error))
            continue
        yield decoded


def reason_of(error: BaseException) -> str:
    """An error as one short line that is never empty."""
    text = " ".join(str(error).split())[:MOST_CHARACTERS]
    stated = isinstance(error, ValueError) and text
    return text if stated else f"{type(error).__name__}: {text}".rstrip(": ")


def printable(text: str) -> str:
    """Text for a terminal, with control characters replaced."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


class Guard:
    """Decodes consumed records, counts the unusable ones and logs one example for each call.

    Parameters
    ----------
    kind
        Kind of the records, for the log.
    count
        Called once for each unusable record.
    """

    def __init__(self, kind: str, count: Callable[[], object] = lambda: None) -> None:
        self._kind = kind
        self._count = count

    def __call__(
        self, records: Iterable[Any], decode: Callable[[Any], Decoded]
    ) -> Iterator[Decoded]:
        """Iterate over the decoded usable records, in order."""
        refused: list[tuple[Any, str]] = []

        def readable(record: Any) -> Decoded:
            if fault := fault_of(record):
                raise ValueError(fault)
            return decode(record)

        yield from usable(records, readable, lambda record, why: refused.append((record, why)))
        for _ in refused:
            self._count()
        if refused:
            record, why = refused[0]
            log.warning(
                f"{self._kind} records left out",
                records=len(refused),
                example=why,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
            )
