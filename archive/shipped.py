"""The shipped models of the distribution, by name."""

from importlib.resources import files
from pathlib import Path


def shipped_models() -> dict[str, Path]:
    """ONNX files by the names of their models, sorted by name."""
    folder = Path(str(files("exports")))
    return {path.stem: path for path in sorted(folder.glob("*.onnx"))}


def find_model(name: str | Path) -> Path:
    """ONNX file of a shipped model, given its name; any other name is taken as a path."""
    return shipped_models().get(str(name), Path(name))
