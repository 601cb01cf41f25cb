"""Detect truncated archive files, which could pass for shorter records."""

import os
from pathlib import Path
from typing import BinaryIO

CDF_MAGIC = (b"\xcd\xf3", b"\x00\x00\xff\xff")
CDF_3 = b"\xcd\xf3\x00\x01\x00\x00\xff\xff"
CDF_3_COMPRESSED = b"\xcd\xf3\x00\x01\xcc\xcc\x00\x01"
PARQUET = b"PAR1"
CUT = "so the file looks cut off"
AGAIN = f"{CUT}: get it again, or wait until all of it is written"


def check_cdf(path: Path) -> None:
    """Compare the size of a CDF file with the size it states.

    Source: CDF Internal Format Description, version 3. The first record points to a record that
    states the end of the file or, if the file is compressed as a whole, to the last record.

    Raises
    ------
    ValueError
        If the file is shorter than stated.
    """
    with path.open("rb") as stream:
        size_bytes = stream.seek(0, os.SEEK_END)
        kind = _read(stream, 0)
        if kind not in (CDF_3, CDF_3_COMPRESSED):
            return
        record = int.from_bytes(_read(stream, 20), "big")
        if kind == CDF_3:
            stated_bytes = int.from_bytes(_read(stream, record + 36), "big")
        else:
            stated_bytes = record + int.from_bytes(_read(stream, record), "big")
    if stated_bytes > size_bytes:
        raise ValueError(f"it has {size_bytes:,} bytes and states more, {AGAIN}")


def _read(stream: BinaryIO, offset: int) -> bytes:
    """Eight bytes at an offset; bytes beyond the end of the file are 0xff (the largest number)."""
    size_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(min(offset, size_bytes))
    return stream.read(8).ljust(8, b"\xff")


def check_parquet(path: Path) -> None:
    """Check the end of a Parquet file: it must have the same four bytes as the begin.

    Raises
    ------
    ValueError
        If only the begin has them.
    """
    with path.open("rb") as stream:
        begin = stream.read(4)
        stream.seek(-min(4, stream.seek(0, os.SEEK_END)), os.SEEK_END)
        end = stream.read(4)
    if begin == PARQUET != end:
        raise ValueError(f"its end is missing, {CUT}")
