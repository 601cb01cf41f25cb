"""A connection that speaks Kafka's protocol as far as it takes to send and read raw batches."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.abuse.batches import Batch, batches_in

PRODUCE, FETCH, LIST_OFFSETS = (0, 7), (1, 10), (2, 1)  # the oldest that know zstd
TIMEOUT_S = 60.0
FETCH_BYTES = 32 * 1024 * 1024
WAIT_MS = 100
PARTITION = struct.Struct(">hqqqi")  # error, high watermark, stable end, start, aborted
EARLIEST, LATEST = -2, -1
NOT_YET, TRIES = (3, 5, 6), 50  # a topic that has just been created


class BrokerRefused(Exception):
    """The broker did not take a batch; `code` is Kafka's error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}")
        self.code = code


@dataclass(frozen=True)
class Stored:
    """Where the broker put a batch; `timestamp_ms` is its own time, -1 if the sender's counts."""

    offset: int
    timestamp_ms: int


class Wire:
    """One connection to a cluster of one broker; not for several threads."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), TIMEOUT_S)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def produce(
        self, topic: str, partition: int, batch: bytes, transaction: str | None = None
    ) -> Stored:
        """Put one batch into a partition.

        Raises
        ------
        BrokerRefused
            If the broker does not take it.
        """
        head = _string(transaction) + struct.pack(">hii", -1, 30_000, 1) + _string(topic)
        body = head + struct.pack(">iii", 1, partition, len(batch)) + batch
        place = 4 + 2 + len(topic.encode()) + 4 + 4  # topics, name, partitions, number
        for _ in range(TRIES):
            answer = self._ask(PRODUCE, body)
            code, offset, stamp_ms = struct.unpack_from(">hqq", answer, place)
            if not code:
                return Stored(offset, stamp_ms)
            if code not in NOT_YET:
                break
            time.sleep(0.2)
        raise BrokerRefused(code)

    def batches(self, topic: str, partition: int, start: int | None = None) -> Iterator[Batch]:
        """What a partition holds from an offset, or from its first, up to its present end.

        Also what is in an open or aborted transaction.
        """
        place = self.offset(topic, partition, EARLIEST) if start is None else start
        end = self.offset(topic, partition, LATEST)
        while place < end:
            for batch in batches_in(self._fetch(topic, partition, place)):
                if batch.next_offset > place:
                    yield batch
                    place = batch.next_offset

    def offset(self, topic: str, partition: int, which: int) -> int:
        """The first offset of a partition, or the one after its last."""
        body = struct.pack(">ii", -1, 1) + _string(topic) + struct.pack(">iiq", 1, partition, which)
        answer = self._ask(LIST_OFFSETS, body)
        code, _, offset = struct.unpack_from(">hqq", answer, 4 + 2 + len(topic.encode()) + 4 + 4)
        if code:
            raise BrokerRefused(code)
        return int(offset)

    def _fetch(self, topic: str, partition: int, offset: int) -> bytes:
        head = struct.pack(">iiiibiii", -1, WAIT_MS, 1, FETCH_BYTES, 0, 0, -1, 1) + _string(topic)
        where = struct.pack(">iiiqqi", 1, partition, -1, offset, -1, FETCH_BYTES)
        answer = self._ask(FETCH, head + where + struct.pack(">i", 0))
        place = 4 + 2 + 4 + 4 + 2 + len(topic.encode()) + 4 + 4
        code, _, _, _, aborted = PARTITION.unpack_from(answer, place)
        if code:
            raise BrokerRefused(code)
        place += PARTITION.size + max(aborted, 0) * 16
        (length,) = struct.unpack_from(">i", answer, place)
        return answer[place + 4 : place + 4 + max(length, 0)]

    def _ask(self, what: tuple[int, int], body: bytes) -> bytes:
        number = time.monotonic_ns() & 0x7FFFFFFF
        request = struct.pack(">hhi", *what, number) + _string("abuse") + body
        self._socket.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", self._exactly(4))
        answer = self._exactly(length)
        if struct.unpack_from(">i", answer) != (number,):
            raise RuntimeError("the answer to another request")
        return answer[4:]

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = self._socket.recv(min(count - len(data), 1 << 20))
            if not part:
                raise ConnectionError("the broker hung up")
            data += part
        return bytes(data)


def _string(text: str | None) -> bytes:
    if text is None:
        return struct.pack(">h", -1)
    return struct.pack(">h", len(text.encode())) + text.encode()
