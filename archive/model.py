"""A model file with its manifest: verified before use, then run with onnxruntime."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import onnxruntime

from geofield.alert import ModelRef
from geofield.manifest import SCHEMA_VERSION, Manifest, ModelWindow
from geofield.score import ComputedErrors, Errors
from geofield.types import Float32

DEFAULT_MODEL = "ulf-1hz"
_BATCH = 256
_FETCH = "take the model again, both its .onnx and its .json"


class ModelRefused(ValueError):
    """A model that must not be used; the message says what is wrong and what to do."""


class _Versioned(msgspec.Struct):
    schema_version: int


class _Session(Protocol):
    def run(self, names: list[str], feed: dict[str, Float32]) -> list[Float32]: ...


@dataclass(frozen=True, slots=True)
class Model:
    """A verified model, ready to score; safe to use from several threads."""

    manifest: Manifest
    session: _Session

    @property
    def ref(self) -> ModelRef:
        """What alerts and scores say about the model."""
        about = self.manifest
        return ModelRef(about.name, about.version, about.sha256, about.skill)

    def reconstruct(self, field_nt: Float32, scale_nt: Float32) -> Errors:
        """Score windows: `field_nt` [batch, span, 3] without level, `scale_nt` [batch, 3]."""
        return ComputedErrors(*self.run(["rmse", "mae", "error"], field_nt, scale_nt))

    def traces(self, field_nt: Float32, scale_nt: Float32) -> tuple[Float32, Float32]:
        """Band-passed field and its reconstruction, both [batch, steps, 3] in nT."""
        filtered_nt, reconstruction_nt = self.run(
            ["filtered", "reconstruction"], field_nt, scale_nt
        )
        return filtered_nt, reconstruction_nt

    def filtered(self, field_nt: Float32) -> Float32:
        """The model's own filter: `field_nt` [n, span, 3] to [n, steps, 3], both in nT."""
        parts = np.array_split(field_nt, max(1, -(-len(field_nt) // _BATCH)))
        unit_nt = np.ones((_BATCH, 3), np.float32)
        return np.concatenate(
            [self.run(["filtered"], part, unit_nt[: len(part)])[0] for part in parts]
        )

    def run(self, names: list[str], field_nt: Float32, scale_nt: Float32) -> list[Float32]:
        """Named outputs of the graph."""
        return self.session.run(names, {"field": field_nt, "scale": scale_nt})


def default_model_path() -> Path:
    """Model that is shipped with the distribution."""
    return Path(str(files("exports") / f"{DEFAULT_MODEL}.onnx"))


def load_model(path: Path, threads: int = 1) -> Model:
    """Verify and load ``<name>.onnx`` with the manifest ``<name>.json`` beside it.

    Parameters
    ----------
    path
        The ONNX file.
    threads
        Threads that one inference may use.

    Raises
    ------
    ModelRefused
        If the file or its manifest is missing, altered, of a newer schema or of another shape.
    """
    if not path.is_file():
        raise ModelRefused(f"{path}: no such model file; set MAGWATCH_MODEL or train one")
    manifest = load_manifest(path.with_suffix(".json"))
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != manifest.sha256:
        raise ModelRefused(
            f"{path}: sha256 {digest[:12]} is not the manifest's {manifest.sha256[:12]}, "
            f"so the file was altered or belongs to another manifest; {_FETCH}"
        )
    session = _session(path, content, threads)
    _check_shapes(path, session, manifest.window)
    return Model(manifest, session)


def load_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises
    ------
    ModelRefused
        If it is missing, not a manifest, or of a newer schema than this software knows.
    """
    try:
        content = path.read_bytes()
        version = msgspec.json.decode(content, type=_Versioned).schema_version
        if version > SCHEMA_VERSION:
            raise ModelRefused(
                f"{path}: manifest schema {version} is newer than {SCHEMA_VERSION}, the newest "
                "known here; upgrade magwatch"
            )
        return msgspec.json.decode(content, type=Manifest)
    except OSError as error:
        raise ModelRefused(f"{path}: the model's manifest is missing; {_FETCH}") from error
    except msgspec.MsgspecError as error:
        raise ModelRefused(f"{path} is not a manifest ({error}); {_FETCH}") from error


def _session(path: Path, content: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it prints what the refusal below says again
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base class
        raise ModelRefused(f"{path}: onnxruntime cannot load it ({error}); {_FETCH}") from error


def _check_shapes(path: Path, session: onnxruntime.InferenceSession, window: ModelWindow) -> None:
    spec = window.spec()
    steps = -(-window.samples // window.step)
    wanted = {
        "field": [spec.span, 3],
        "scale": [3],
        "rmse": [],
        "mae": [],
        "error": [3],
        "reconstruction": [steps, 3],
        "filtered": [steps, 3],
    }
    found = {port.name: port for port in (*session.get_inputs(), *session.get_outputs())}
    for name, shape in wanted.items():
        if name not in found:
            raise ModelRefused(f"{path}: the graph has no {name!r}; train it with this version")
        got = list(found[name].shape)
        if got[1:] != shape or isinstance(got[0], int):
            raise ModelRefused(
                f"{path}: {name!r} has shape {got}, wanted [batch, {', '.join(map(str, shape))}]; "
                "train it with this version"
            )
