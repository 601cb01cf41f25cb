"""Write files atomically: complete under their names, or not at all."""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import signal
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from archive.files import FileRefused

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BUFFER_BYTES = 256 * 1024
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")


class CannotWrite(FileRefused):
    """A file cannot be written; the message names it and the reason."""


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A stream into a file that gets its name when the block ends without an error.

    Until then it is a hidden file in the same folder. An error, Ctrl-C or SIGTERM removes it, and a
    file of that name stays as it was. Pipes, devices and /dev/stdout are written directly.

    Raises
    ------
    CannotWrite
        With the reason of the system; errors of the block itself pass unchanged.
    """
    with _telling(path):
        direct = _direct(path)
    if direct is None:
        with _ended_by_sigterm(), _completed(path) as stream:
            yield stream
    else:
        with _stream(path, direct, "wb") as stream:
            yield stream


def write_file(path: Path, content: bytes) -> None:
    """Write a whole file, as `written` does."""
    with written(path) as stream:
        stream.write(content)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together: all are on the disk before any gets its name.

    Raises
    ------
    CannotWrite
        As `written` does.
    """
    with ExitStack() as stack:
        for path, content in contents.items():
            stream = stack.enter_context(written(path))
            stream.write(content)
            with _telling(path):
                _sync(stream)


def move_file(path: Path, target: Path) -> None:
    """Rename a file on the same disk.

    Raises
    ------
    CannotWrite
        If that fails; the file keeps its name.
    """
    with _telling(target):
        path.rename(target)


def check_output(path: Path) -> None:
    """Check that a file can be written, before the work that makes its content.

    Raises
    ------
    CannotWrite
        As `written` does.
    """
    with _telling(path):
        if _direct(path) is None:
            _probe(_ordinary(path).parent)


def check_output_folder(folder: Path) -> None:
    """Check that a folder, which may not exist yet, can be written; errors as of `check_output`."""
    with _telling(folder):
        _probe(_nearest(folder.absolute()))


def output_folder(folder: Path) -> Path:
    """Make a folder if it does not exist, and return it.

    Raises
    ------
    CannotWrite
        If that fails.
    """
    with _telling(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror or error}") from error


def _direct(path: Path) -> Path | int | None:
    """Target to write directly: a descriptor of this process, a pipe or a device; else None."""
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        link = path
        while link.is_symlink() and not _DESCRIPTOR.fullmatch(str(link)):
            link = link.parent / link.readlink()
        if descriptor := _DESCRIPTOR.fullmatch(str(link)):
            return int(descriptor[1])  # opened again, it would have another offset
        return None if stat.S_ISREG(mode) else path
    return None


def _ordinary(path: Path) -> Path:
    """The file that links lead to; raises `PermissionError` if it may not be replaced."""
    target = Path(os.path.realpath(path))
    if target.exists() and not os.access(target, os.W_OK, effective_ids=True):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return target


@contextmanager
def _completed(path: Path) -> Iterator[BinaryIO]:
    with _telling(path):
        target = _ordinary(path)
    part = _hidden(target.parent)
    try:
        with _stream(path, part, "xb") as stream:
            yield stream
            with suppress(OSError):  # the target is new, or belongs to another user
                os.fchmod(stream.fileno(), stat.S_IMODE(target.stat().st_mode))
            with _telling(path):
                _sync(stream)
        with _telling(path):
            part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest folder above it that exists."""
    try:
        folder.lstat()
    except FileNotFoundError:
        return _nearest(folder.parent)
    return folder


def _hidden(folder: Path) -> Path:
    return folder / f".{secrets.token_hex(4)}.part"


def _probe(folder: Path) -> None:
    part = _hidden(folder)
    part.touch(exist_ok=False)
    part.unlink()


class _RawFile(io.FileIO):
    """A file that raises `CannotWrite`, so that its errors differ from those of the block."""

    def __init__(self, path: Path, target: Path | int, mode: str) -> None:
        super().__init__(target, mode, closefd=not isinstance(target, int))
        self._path = path

    def write(self, data: ReadableBuffer, /) -> int:
        with _telling(self._path):
            return super().write(data)


@contextmanager
def _stream(path: Path, target: Path | int, mode: str) -> Iterator[BinaryIO]:
    with _telling(path):
        raw = _RawFile(path, target, mode)
    try:
        stream = io.BufferedWriter(raw, _BUFFER_BYTES)
        yield cast(BinaryIO, stream)
        with _telling(path):
            stream.close()
    finally:
        raw.close()  # after an error the rest of the buffer is dropped


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the program as Ctrl-C does, unless it has a handler already."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
