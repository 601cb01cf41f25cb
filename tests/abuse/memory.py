"""The most memory that processes have had, looked at often enough that a kill hides little."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from bench.usage import usage

LOOK_S = 0.2


@dataclass
class Memory:
    """Peaks in MB of 2^20 bytes, as the kernel keeps them, by the name of the process."""

    peak_mb: dict[str, float] = field(default_factory=dict)

    def look(self, name: str, pid: int) -> None:
        """Note a process's peak; nothing if it has gone."""
        try:
            peak_mb = usage(pid).peak_mb
        except (OSError, IndexError):  # a zombie has no memory
            return
        self.peak_mb[name] = max(self.peak_mb.get(name, 0.0), peak_mb)


@contextmanager
def watched(processes: Callable[[], Iterable[tuple[str, int]]]) -> Iterator[Memory]:
    """The peaks of processes, by name and pid, during the block."""
    memory, done = Memory(), Event()

    def look() -> None:
        while not done.wait(LOOK_S):
            for name, pid in processes():
                memory.look(name, pid)

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()
