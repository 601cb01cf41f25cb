"""Unpack gz, bz2, xz and zip in memory, recognised by their first bytes and bounded in size."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO

from archive.files import MIB

MOST_BYTES = 2048 * MIB
_DEEPEST = 2  # a zip of files that are packed again
_STREAMS: dict[bytes, Callable[[IO[bytes]], io.BufferedIOBase]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)


def is_packed(begin: bytes) -> bool:
    """Whether a file that begins so is packed."""
    return begin.startswith((*_STREAMS, *_ZIP))


def unpacked(content: bytes, name: str = "", depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Names and contents of all files in a packed one; the file itself if it is not packed.

    Hidden files and empty folders in a zip are nobody's data. The name of a file that is not in a
    zip is `name`.

    Raises
    ------
    ValueError
        If it is damaged, encrypted, packed more than twice, or larger than 2 GiB.
    """
    if not is_packed(content):
        yield name, content
        return
    if depth > _DEEPEST:
        raise ValueError("it is packed again and again: unpack it")
    try:
        if content.startswith(_ZIP):
            yield from _members(content, name, depth)
        else:
            opened = next(kind for begin, kind in _STREAMS.items() if content.startswith(begin))
            with opened(io.BytesIO(content)) as stream:
                inside = _bounded(stream, MOST_BYTES)
            yield from unpacked(inside, name, depth + 1)
    except _DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"it cannot be unpacked ({reason}): get it again") from error


def _members(content: bytes, name: str, depth: int) -> Iterator[tuple[str, bytes]]:
    left_bytes = MOST_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            path = PurePosixPath(member.filename)
            if member.is_dir() or any(part.startswith((".", "__MACOSX")) for part in path.parts):
                continue
            with archive.open(member) as stream:
                inside = _bounded(stream, left_bytes)
            left_bytes -= len(inside)
            place = f"{name}: {member.filename}" if name else member.filename
            yield from unpacked(inside, place, depth + 1)


def _bounded(stream: IO[bytes] | io.BufferedIOBase, most_bytes: int) -> bytes:
    content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"it unpacks to over {MOST_BYTES // MIB:,} MiB: unpack and divide it")
    return content
