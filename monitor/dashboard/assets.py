"""Files of the page, read once at the start.

Files are answered from memory, not by aiohttp's own file responses: these bypass the transport's
buffer, so that `monitor.dashboard.connections` would not end a client that does not read.
"""

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
    """A file to serve."""

    kind: str  # content type
    body: bytes
    zipped: bytes  # body compressed by gzip
    tag: str  # ETag


def load_assets() -> Mapping[str, Asset]:
    """All files of the page by their paths below `static/`, e.g. ``vendor/world.js``."""
    return dict(_assets(files("monitor.dashboard") / "static", ""))


def _assets(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    assets: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            assets += _assets(entry, f"{prefix}{entry.name}/")
        elif (suffix := "." + entry.name.rpartition(".")[2]) in KINDS:
            assets.append((prefix + entry.name, _asset(entry.read_bytes(), KINDS[suffix])))
    return assets


def _asset(body: bytes, kind: str) -> Asset:
    tag = hashlib.sha256(body).hexdigest()[:16]
    return Asset(kind, body, gzip.compress(body, mtime=0), tag)
