"""TOML files that people write: read, and checked key by key."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from archive.files import FileRefused, contents

Table = TypeVar("Table", bound=msgspec.Struct)


def read_toml(path: Path) -> dict[str, object]:
    """The document of a file.

    Raises
    ------
    archive.files.FileRefused
        If the file cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(contents(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileRefused(f"{path} is no TOML: {error}") from None


def check_keys(where: str, stated: object, kind: type[msgspec.Struct]) -> Mapping[str, object]:
    """The table, if it has no keys but those of a struct.

    Raises
    ------
    archive.files.FileRefused
        If it has, or is no table; the message names the key and a similar one.
    """
    if not isinstance(stated, Mapping):
        raise FileRefused(f"{where}: not a table")
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for key in stated:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
            raise FileRefused(f"{where}: no key `{key}`; {hint}")
    return stated


def to_struct(where: str, stated: Mapping[str, object], kind: type[Table]) -> Table:
    """A table as a struct.

    Raises
    ------
    archive.files.FileRefused
        If it has another key, or a value that cannot be used.
    """
    try:
        return msgspec.convert(check_keys(where, stated, kind), kind)
    except msgspec.ValidationError as error:
        said = str(error).replace(" - at `$.", " at `")
        raise FileRefused(f"{where}: {said}") from None
