"""The model at work on one batch of windows while the step looks at another."""

from __future__ import annotations

import time
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from geofield.score import Errors, Reconstruct
from geofield.types import Float32
from monitor.metrics import WorkMetrics


@dataclass(frozen=True, slots=True)
class _Awaited:
    """Errors that another thread computes; whoever reads them waits."""

    errors: Future[Errors]

    @property
    def rmse(self) -> Float32:
        return self.errors.result().rmse

    @property
    def mae(self) -> Float32:
        return self.errors.result().mae

    @property
    def error(self) -> Float32:
        return self.errors.result().error


def aside(reconstruct: Reconstruct, executor: Executor) -> Reconstruct:
    """The same model, which runs on the executor's threads; onnxruntime holds no lock meanwhile."""

    def begun(field_nt: Float32, scale_nt: Float32) -> Errors:
        return _Awaited(executor.submit(reconstruct, field_nt, scale_nt))

    return begun


def timed(reconstruct: Reconstruct, work: WorkMetrics) -> Reconstruct:
    """The same model, with its batches and times counted."""

    def measured(field_nt: Float32, scale_nt: Float32) -> Errors:
        begin_s = time.perf_counter()
        errors = reconstruct(field_nt, scale_nt)
        work.inference.observe(time.perf_counter() - begin_s)
        work.inference_batch.observe(len(field_nt))
        return errors

    return measured
