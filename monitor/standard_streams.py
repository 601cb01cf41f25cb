"""Failures of standard output: a full disk ends a command with one line, a closed pipe silently."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNREAD, FULL = 1, 5  # exit codes of a closed pipe and of other failures


class Unprinted(Exception):
    """Standard output cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"cannot write standard output: {error.strerror}")
        self.unread = error.errno == errno.EPIPE


@contextmanager
def printing() -> Iterator[None]:
    """Run a program that prints; end it with one line or silently if printing fails."""
    _open_closed_streams()
    if sys.stdout is not None and sys.stdout is sys.__stdout__:
        sys.stdout = _wrapped(sys.__stdout__)
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except Unprinted as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the buffered rest
        if not error.unread:
            with suppress(OSError):
                print(f"magwatch: {error}", file=sys.stderr)
        sys.exit(UNREAD if error.unread else FULL)


def _open_closed_streams() -> None:
    """Open closed standard streams to the null device, so that no file gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


class _RawStream(io.FileIO):
    """A file descriptor whose errors are distinct from those of files and connections."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise Unprinted(error) from error


def _wrapped(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_RawStream(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
    )
