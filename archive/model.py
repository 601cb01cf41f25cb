"""Model files: verified by their manifests, and run with onnxruntime."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import onnxruntime

from archive.files import MIB, FileRefused, contents
from archive.shipped import shipped_models
from archive.text import decode_json
from geofield.alerts.alert import ModelRef
from geofield.scoring.manifest import SCHEMA_VERSION, Manifest, ModelWindow
from geofield.scoring.score import Errors
from geofield.types import Float32

DEFAULT_MODEL = "ulf-1hz"
_BATCH = 256
_MOST_BYTES = 2048 * MIB  # onnxruntime itself takes no more
_FETCH = "take the model again, both its .onnx and its .json"


class ModelRefused(FileRefused):
    """A model cannot be used; the message says what is wrong and what to do."""


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
        """Reference to the model in alerts and scores."""
        about = self.manifest
        return ModelRef(about.name, about.version, about.sha256, about.skill)

    def reconstruct(self, field_nt: Float32, scale_nt: Float32) -> Errors:
        """Errors of windows: `field_nt` [batch, span, 3] without level, `scale_nt` [batch, 3]."""
        return Errors(*self.run(["rmse", "mae", "error"], field_nt, scale_nt))

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
    """Path of the default model of the distribution."""
    return shipped_models()[DEFAULT_MODEL]


def models_of_cadence(cadence_ms: int) -> list[str]:
    """Names of the shipped models for one sample every `cadence_ms`."""
    return [
        name
        for name, path in shipped_models().items()
        if load_manifest(path.with_suffix(".json")).window.cadence_ms == cadence_ms
    ]


def cadence_refused(station: str, cadence_ms: int, *manifests: Manifest) -> str:
    """Message that a station's cadence is not a model's, and which shipped models would do."""
    fitting = " or ".join(models_of_cadence(cadence_ms))
    advice = f"--model {fitting} takes these" if fitting else "no model that is shipped takes these"
    takes = " and ".join(
        f"the model {about.name} takes one every {about.window.cadence_ms / 1000:g} s"
        for about in manifests
    )
    return f"{station}: one sample every {cadence_ms / 1000:g} s, but {takes}; {advice}"


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
    try:
        content = contents(path, _MOST_BYTES, "model file")
    except FileRefused as error:
        names = ", ".join(shipped_models())
        raise ModelRefused(
            f"{error}; set MAGWATCH_MODEL to a file or to a model that is shipped ({names})"
        ) from error
    manifest = load_manifest(path.with_suffix(".json"))
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
        If it is missing, not a manifest, or of a newer schema.
    """
    try:
        content = contents(path)
    except FileRefused as error:
        raise ModelRefused(f"{error}, so the model's manifest is missing; {_FETCH}") from error
    try:
        version = decode_json(content, _Versioned).schema_version
        if version <= SCHEMA_VERSION:
            return decode_json(content, Manifest)
    except ValueError as error:
        raise ModelRefused(f"{path} is not a manifest ({error}); {_FETCH}") from error
    raise ModelRefused(
        f"{path}: manifest schema {version} is newer than {SCHEMA_VERSION}, the newest known here; "
        "upgrade magwatch"
    )


def _session(path: Path, content: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # no printing: the refusal below gives the reason
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the exceptions of onnxruntime share no base class
        reason = " ".join(str(error).split())
        raise ModelRefused(f"{path}: onnxruntime cannot load it ({reason}); {_FETCH}") from error


def _check_shapes(path: Path, session: onnxruntime.InferenceSession, window: ModelWindow) -> None:
    try:
        spec, steps = window.spec(), -(-window.samples // window.step)
    except (ValueError, ZeroDivisionError) as error:
        raise ModelRefused(f"{path}: the manifest's window is none ({error}); {_FETCH}") from error
    wanted = {
        "field": [spec.span, 3],
        "scale": [3],
        "rmse": [],
        "mae": [],
        "error": [3],
        "reconstruction": [steps, 3],
        "filtered": [steps, 3],
    }
    ports = {port.name: port for port in (*session.get_inputs(), *session.get_outputs())}
    for name, shape in wanted.items():
        if name not in ports:
            raise ModelRefused(f"{path}: the graph has no {name!r}; train it with this version")
        got = list(ports[name].shape)
        if got[1:] != shape or isinstance(got[0], int):
            raise ModelRefused(
                f"{path}: {name!r} has shape {got}, wanted [batch, {', '.join(map(str, shape))}]; "
                "train it with this version"
            )
