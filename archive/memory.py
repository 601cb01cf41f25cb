"""Memory as a process wants it that makes and drops the same arrays and records all day."""

from __future__ import annotations

import ctypes
import gc

# numbers of parameters, from malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 1024 * 1024 * 1024  # more than is ever freed at once
LARGE_BYTES = 32 * 1024 * 1024  # the most that glibc allows
COLLECT_AFTER = (50_000, 20, 20)  # containers made, and passes over the younger ones


def keep_memory() -> None:
    """Let the C library keep what is freed, for whoever asks next.

    glibc gives memory back to the kernel as soon as some of it is free and gets it again, page by
    page, for the next batch of windows: half of what a window cost, a fifth of a training step.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have none, and other habits
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)


def settle_down() -> None:
    """Call once, when all modules are imported and the model is loaded.

    Records make lists by the thousand but no cycles: looking for them took half of reading one.
    """
    keep_memory()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
