"""Manifests as files."""

from pathlib import Path

import msgspec

from archive.outputs import write_file
from geofield.scoring.manifest import Manifest


def write_manifest(model: Path, manifest: Manifest) -> Path:
    """Write the manifest beside its model; returns its path."""
    path = model.with_suffix(".json")
    write_file(path, encoded(manifest))
    return path


def encoded(manifest: Manifest) -> bytes:
    """Content of a manifest's file."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
