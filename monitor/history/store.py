"""Where the files of a history are: a folder, or a bucket that speaks S3."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from archive.files import FileRefused
from archive.outputs import CannotWrite, output_folder, write_file
from monitor.errors import Refused
from support.extras import needs

BUCKET = "s3://"
_LOCK = ".lock"


class Store(Protocol):
    """Files by their paths, with `/`; a file is there whole or not at all."""

    def read(self, path: str) -> bytes | None:
        """Content of a file; None if there is none. Raises `FileRefused` if it cannot be read."""

    def write(self, path: str, content: bytes) -> None:
        """Replace a file; when this returns, it is on the disk. Raises `CannotWrite`."""


def open_store(address: str) -> Store:
    """The store at an address: a folder, or ``s3://bucket/prefix`` with pyarrow's parameters.

    Raises
    ------
    Refused
        If another process writes there, or the address is none.
    CannotWrite
        If the folder cannot be written.
    """
    return BucketStore(address) if address.startswith(BUCKET) else FolderStore(Path(address))


class FolderStore:
    """A folder, which is this process's until it ends: two would overwrite each other's files."""

    def __init__(self, folder: Path) -> None:
        self._folder = output_folder(folder)
        try:
            self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotWrite(f"cannot write {folder}: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(f"{folder}: another `magwatch history` writes there") from None

    def read(self, path: str) -> bytes | None:
        """See `Store.read`."""
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileRefused(f"{self._folder / path}: {error.strerror}") from error

    def write(self, path: str, content: bytes) -> None:
        """See `Store.write`."""
        target = self._folder / path
        for unfinished in output_folder(target.parent).glob(".*.part"):  # of a process killed
            with suppress(OSError):
                unfinished.unlink()
        write_file(target, content)


class BucketStore:
    """A bucket; the store replaces a file when all of it has arrived. Run one process for it."""

    def __init__(self, address: str) -> None:
        with needs("archive"):
            from pyarrow import fs  # noqa: PLC0415 - needed for buckets only
        try:
            self._files, prefix = fs.FileSystem.from_uri(address)
        except (OSError, ValueError) as error:
            raise Refused(f"{address}: {_line(error)}") from error
        self._prefix = prefix.rstrip("/")
        if not self._prefix:
            raise Refused(f"{address}: name a bucket, as in s3://bucket/history")

    def read(self, path: str) -> bytes | None:
        """See `Store.read`."""
        try:
            with self._files.open_input_file(self._place(path)) as stream:
                content: bytes = stream.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileRefused(f"{self._place(path)}: {_line(error)}") from error
        return content

    def write(self, path: str, content: bytes) -> None:
        """See `Store.write`."""
        try:
            stream: Any = self._files.open_output_stream(self._place(path))
            with stream:
                stream.write(content)
        except OSError as error:
            raise CannotWrite(f"cannot write {self._place(path)}: {_line(error)}") from error

    def _place(self, path: str) -> str:
        return f"{self._prefix}/{path}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
