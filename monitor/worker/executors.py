"""Functions that run work on threads, and time the model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from threading import Thread
from typing import ParamSpec, TypeVar

from geofield.scoring.score import Errors, Reconstruct
from geofield.types import Float32
from geofield.window_scores import Start
from monitor.metrics.metrics import WorkMetrics

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")


def on_threads(executor: Executor) -> Start:
    """Runner of inference on the executor's threads; waiting for a result raises its error."""
    return lambda work: executor.submit(work).result


def prefetched(values: Iterator[Result], executor: Executor) -> Iterator[Result]:
    """Iterate over values, none of them None, computing the next while the caller uses one."""
    following = executor.submit(next, values, None)
    while (value := following.result()) is not None:
        following = executor.submit(next, values, None)
        yield value


async def in_daemon_thread(
    work: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result:
    """Result of `work`, run on a daemon thread.

    Unlike with `asyncio.to_thread`, the process can end while the work waits for a broker.
    """
    outcome: Future[Result] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work(*arguments, **named))
        except BaseException as error:  # raised where it is awaited
            outcome.set_exception(error)

    Thread(target=run, name="detached", daemon=True).start()
    return await asyncio.wrap_future(outcome)


def timed(reconstruct: Reconstruct, work: WorkMetrics) -> Reconstruct:
    """The same model, with the sizes and times of its batches measured."""

    def measured(field_nt: Float32, scale_nt: Float32) -> Errors:
        begin_s = time.perf_counter()
        errors = reconstruct(field_nt, scale_nt)
        work.inference.observe(time.perf_counter() - begin_s)
        work.inference_batch.observe(len(field_nt))
        return errors

    return measured
