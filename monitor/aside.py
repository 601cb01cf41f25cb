"""Work on threads of its own, and the model timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import TypeVar

from geofield.score import Errors, Reconstruct
from geofield.types import Float32
from geofield.watch import Start
from monitor.metrics import WorkMetrics

One = TypeVar("One")


def aside(executor: Executor) -> Start:
    """Look at windows on the executor's threads; a failure there is raised to who awaits them."""
    return lambda work: executor.submit(work).result


def ahead(values: Iterator[One], executor: Executor) -> Iterator[One]:
    """The same values, none of which is None; the next is made while something is done with one."""
    following = executor.submit(next, values, None)
    while (value := following.result()) is not None:
        following = executor.submit(next, values, None)
        yield value


def timed(reconstruct: Reconstruct, work: WorkMetrics) -> Reconstruct:
    """The same model, with its batches and times counted."""

    def measured(field_nt: Float32, scale_nt: Float32) -> Errors:
        begin_s = time.perf_counter()
        errors = reconstruct(field_nt, scale_nt)
        work.inference.observe(time.perf_counter() - begin_s)
        work.inference_batch.observe(len(field_nt))
        return errors

    return measured
