"""The page's own files, read once: only what is in the folder has a name here."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    kind: str
    body: bytes
    zipped: bytes
    tag: str


def load_assets() -> Mapping[str, Asset]:
    """Every file of the page by its path below `static/`, e.g. ``vendor/world.js``."""
    return dict(_found(files("monitor.dashboard") / "static", ""))


def _found(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _found(entry, f"{prefix}{entry.name}/")
        elif (suffix := "." + entry.name.rpartition(".")[2]) in KINDS:
            found.append((prefix + entry.name, _asset(entry.read_bytes(), KINDS[suffix])))
    return found


def _asset(body: bytes, kind: str) -> Asset:
    tag = hashlib.sha256(body).hexdigest()[:16]
    return Asset(kind, body, gzip.compress(body, mtime=0), tag)
