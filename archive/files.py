"""Read regular files of a plausible size, without waiting for pipes."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1024 * 1024
MOST_BYTES = 64 * MIB  # limit of a file that people write, or that is about one station
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe would wait for a writer
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


class FileRefused(ValueError):
    """A file cannot be used; the message names it and the reason."""


def contents(path: Path, most_bytes: int = MOST_BYTES, kind: str = "file") -> bytes:
    """Read the bytes of a regular file; messages call it a `kind`.

    Raises
    ------
    FileRefused
        If it is missing, unreadable, no regular file, or larger than `most_bytes`.
    """
    check_file(path, most_bytes, kind)
    with _naming(path, kind):
        return path.read_bytes()


def check_file(path: Path, most_bytes: int = MOST_BYTES, kind: str = "file") -> None:
    """Check that `contents` can read a file; parameters and errors are the same."""
    with _naming(path, kind):
        status = path.stat()
        mode = stat.S_IFMT(status.st_mode)
        if mode != stat.S_IFREG:
            raise FileRefused(f"{path}: {_KINDS.get(mode, 'something else')}, not a {kind}")
        os.close(os.open(path, _READ))
    if status.st_size > most_bytes:
        raise FileRefused(
            f"{path}: {status.st_size / MIB:,.0f} MiB, where a {kind} has at most "
            f"{most_bytes // MIB:,}: is it the right one?"
        )


def visible(folder: Path) -> list[Path]:
    """Entries of a folder, sorted by name, without hidden files.

    Hidden files are no data: macOS leaves ``._WIC.json`` beside ``WIC.json`` on network drives.

    Raises
    ------
    FileRefused
        If the folder cannot be read.
    """
    with _naming(folder, "folder"):
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


@contextmanager
def _naming(path: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except FileRefused:
        raise
    except OSError as error:
        raise FileRefused(f"{path}: {_reason(path, error, kind)}") from error
    except ValueError as error:  # a NUL byte in the name
        raise FileRefused(f"{str(path)!r} is no name of a {kind} ({error})") from error


def _reason(path: Path, error: OSError, kind: str) -> str:
    if error.errno != errno.ENOENT:
        return error.strerror or str(error)
    if path.is_symlink():
        return f"a link to {path.readlink()}, which is not there"
    return f"no such {kind}"
