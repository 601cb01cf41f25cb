"""Memory settings of a process that makes and drops similar arrays and records all day."""

from __future__ import annotations

import ctypes
import gc

# parameter numbers of mallopt, from malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 1024 * 1024 * 1024  # more than is ever freed at once
LARGE_BYTES = 32 * 1024 * 1024  # the largest value that glibc allows
COLLECT_AFTER = (50_000, 20, 20)  # new containers, and collections of the younger generations


def keep_memory() -> None:
    """Let the C library keep freed memory for reuse.

    By default glibc returns freed memory to the kernel and requests it again, page by page, for the
    next batch of windows. That took half of the time of a window, and a fifth of a training step.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # only glibc has it
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)


def settle_down() -> None:
    """Tune memory and the garbage collector; call it once, after all imports and model loading.

    Records make thousands of lists but no reference cycles. The search for cycles took half of the
    time to read a record.
    """
    keep_memory()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
