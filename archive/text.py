"""Decode text and JSON files, or refuse them with advice."""

import codecs
import json
from typing import TypeVar

import msgspec

Value = TypeVar("Value")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_of(content: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Raises
    ------
    ValueError
        If it is in another encoding or no text; the message names the line.
    """
    if content.startswith(_UTF_16):
        raise ValueError("it is in UTF-16: save it as UTF-8")
    if b"\0" in content:
        line = _line(content, content.index(b"\0"))
        raise ValueError(f"line {line} has a NUL byte: it is no text, or damaged")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line(content, error.start)
        raise ValueError(
            f"line {line} is not UTF-8 (byte 0x{content[error.start]:02x}): save it as UTF-8"
        ) from None


def decode_json(content: bytes, kind: type[Value]) -> Value:
    """Decode JSON into a value of type `kind`; names must be unique.

    Raises
    ------
    ValueError
        If that fails; the message says why.
    """
    text = text_of(content)
    if not text.strip():
        raise ValueError("it is empty")
    try:
        value = msgspec.json.decode(text, type=kind)
        json.loads(text, object_pairs_hook=_refuse_repeated)
    except msgspec.DecodeError as error:
        cut = ", so it looks cut off: get it again" if "truncated" in str(error) else ""
        raise ValueError(f"{error}{cut}") from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _refuse_repeated(pairs: list[tuple[str, object]]) -> None:
    """Refuse an object with a repeated name, since it is unclear which value counts."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise ValueError(f"it has {name!r} twice")
        seen.add(name)


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1
