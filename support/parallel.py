"""Parallel tasks, one process for each core, with progress reports.

Every task runs on one thread and changes no shared state, so its result does not depend on the
number of parallel tasks.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.managers import SyncManager
from queue import Queue
from threading import Thread
from typing import Any, Generic, TypeAlias, TypeVar

Report: TypeAlias = Callable[..., Any]
"""Receives the progress of a task; the task defines the arguments."""
Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")
_Message: TypeAlias = tuple[int, tuple[Any, ...]] | None


class Work(Generic[Shared, Task, Result]):
    """The work on each task; it and its parts must be importable by name.

    Parameters
    ----------
    prepare
        Makes the data that all tasks of a process share; called once for each process.
    run
        Does one task.
    """

    def __init__(
        self, prepare: Callable[[], Shared], run: Callable[[Shared, Task, Report], Result]
    ) -> None:
        self.prepare = prepare
        self.run = run


def side_by_side(
    work: Work[Shared, Task, Result],
    tasks: Sequence[Task],
    reports: Sequence[Report],
    alone: bool = False,
) -> list[Result]:
    """Do all tasks; the results are in the order of the tasks.

    An error, Ctrl-C or SIGTERM ends all processes at once.

    Parameters
    ----------
    work
        The work on each task.
    tasks, reports
        Tasks, and the report of each task.
    alone
        Whether to do the tasks in this process, one after the other, as on a GPU.

    Raises
    ------
    concurrent.futures.process.BrokenProcessPool
        If a process was killed, or failed to prepare.
    """
    workers = 1 if alone else min(os.cpu_count() or 1, len(tasks))
    if workers == 1:
        shared = work.prepare()
        return [work.run(shared, task, report) for task, report in zip(tasks, reports, strict=True)]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([work.run.__module__])  # do slow imports once
    with _safe_path():
        forkserver.ensure_running()
    with (
        context.Manager() as manager,
        _listening(manager, reports) as messages,
        ProcessPoolExecutor(workers, context, _begin, (work, messages)) as pool,
        _ending_with_errors(),
    ):
        results = pool.map(_run_task, range(len(tasks)), tasks)
        # The pool's thread watches the processes that were there when it last woke up: without one
        # more task it would wait for ever for a process that was started last and was killed.
        pool.submit(int)
        return list(results)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep processes that the block starts from importing modules of the current folder."""
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


# State of a child process, set once at its start: the work, its shared data, the progress queue.
_process: list[tuple[Work[Any, Any, Any], Any, "Queue[_Message]"]] = []


@contextmanager
def _ending_with_errors() -> Iterator[None]:
    """Terminate the processes of the block if it fails; the pool would wait for their tasks."""
    before = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise


def _begin(work: Work[Any, Any, Any], messages: "Queue[_Message]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends this process
    _process.append((work, work.prepare(), messages))


def _run_task(number: int, task: Any) -> Any:
    ((work, shared, messages),) = _process
    return work.run(shared, task, lambda *progress: messages.put((number, progress)))


@contextmanager
def _listening(manager: SyncManager, reports: Sequence[Report]) -> Iterator["Queue[_Message]"]:
    """A queue of messages, which a thread passes to the reports until the end of the block."""
    messages: Queue[_Message] = manager.Queue()

    def listen() -> None:
        while (message := messages.get()) is not None:
            number, progress = message
            reports[number](*progress)

    thread = Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield messages
    finally:
        messages.put(None)
        thread.join()
