"""Tasks side by side, a process for each core, with progress from all of them.

Every task runs on one thread from its own seed, so its result does not depend on how many others
run at the same time.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.managers import SyncManager
from queue import Queue
from threading import Thread
from typing import Any, Generic, TypeAlias, TypeVar

from training.loop import Report

Stage: TypeAlias = Callable[[str, int], Report]
"""Told the title and the length of a stage; returns what its steps are reported to."""

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")
_Message: TypeAlias = tuple[int, int, float, float] | None


class Work(Generic[Shared, Task, Result]):
    """What is done with each task; must be importable by name, with its parts.

    Parameters
    ----------
    prepare
        Makes what all tasks of a process share, once.
    run
        Does one task.
    """

    def __init__(
        self, prepare: Callable[[], Shared], run: Callable[[Shared, Task, Report], Result]
    ) -> None:
        self.prepare = prepare
        self.run = run


def side_by_side(
    work: Work[Shared, Task, Result], tasks: Sequence[Task], reports: Sequence[Report], alone: bool
) -> list[Result]:
    """Do every task; the results are in the order of the tasks.

    Parameters
    ----------
    work
        What is done.
    tasks, reports
        As many of each.
    alone
        In this process, one after the other: on a GPU.
    """
    workers = 1 if alone else min(os.cpu_count() or 1, len(tasks))
    if workers == 1:
        shared = work.prepare()
        return [work.run(shared, task, report) for task, report in zip(tasks, reports, strict=True)]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([work.run.__module__])  # PyTorch is imported once for all
    with (
        context.Manager() as manager,
        _listening(manager, reports) as messages,
        ProcessPoolExecutor(workers, context, _begin, (work, messages)) as pool,
    ):
        return list(pool.map(_one, range(len(tasks)), tasks))


# Of a child process, set once at its start: the work, what it shares, and where progress goes.
_process: list[tuple[Work[Any, Any, Any], Any, "Queue[_Message]"]] = []


def _begin(work: Work[Any, Any, Any], messages: "Queue[_Message]") -> None:
    _process.append((work, work.prepare(), messages))


def _one(number: int, task: Any) -> Any:
    ((work, shared, messages),) = _process
    return work.run(shared, task, lambda *progress: messages.put((number, *progress)))


@contextmanager
def _listening(manager: SyncManager, reports: Sequence[Report]) -> Iterator["Queue[_Message]"]:
    """A queue whose messages are reported by a thread until the end of the block."""
    messages: Queue[_Message] = manager.Queue()

    def listen() -> None:
        while (message := messages.get()) is not None:
            number, step, loss, best = message
            reports[number](step, loss, best)

    thread = Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield messages
    finally:
        messages.put(None)
        thread.join()
