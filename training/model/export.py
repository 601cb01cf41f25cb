"""Export of a trained network: ONNX bytes that give the same scores as PyTorch."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from geofield.types import Float32
from training.model.network import Graph

OPSET = 17
TOLERANCE = 1e-4
PARITY_BATCHES = (1, 2, 7, 64)


class ExportRefused(ValueError):
    """The exported model differs from the trained one; the message says where."""


def export(graph: Graph, field_nt: Float32, scale_nt: Float32) -> bytes:
    """Export the graph and check it against PyTorch.

    Parameters
    ----------
    graph
        Filter, scaling, network and error.
    field_nt
        Shape [n, span, 3], n at least 64: real windows for the check, in nT.
    scale_nt
        Shape [n, 3]: scale of the station, in nT.

    Returns
    -------
    An ONNX model of opset 17 with a dynamic batch.

    Raises
    ------
    ExportRefused
        If onnxruntime and PyTorch differ by more than 1e-4 of an output's size.
    """
    graph = graph.cpu().eval()
    content = to_onnx(graph, field_nt, scale_nt)
    check_parity(graph, content, field_nt, scale_nt)
    return content


def to_onnx(graph: Graph, field_nt: Float32, scale_nt: Float32) -> bytes:
    """Unchecked ONNX bytes of the graph, traced on the first two windows."""
    ports = (*graph.INPUTS, *graph.OUTPUTS)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        target = Path(folder) / "model.onnx"
        # Only the TorchScript exporter keeps nn.LSTM as a single ONNX node. Its warnings are known:
        # it is no longer the default, and the batch may have another size.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            (torch.from_numpy(field_nt[:2]), torch.from_numpy(scale_nt[:2])),
            target,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(graph.INPUTS),
            output_names=list(graph.OUTPUTS),
            dynamic_axes={port: {0: "batch"} for port in ports},
        )
        return target.read_bytes()


def check_parity(graph: Graph, content: bytes, field_nt: Float32, scale_nt: Float32) -> float:
    """Compare onnxruntime with PyTorch at several batch sizes.

    Returns
    -------
    The largest difference, relative to the largest value of its output.

    Raises
    ------
    ExportRefused
        If the difference passes 1e-4, or an output is not finite.
    """
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch in PARITY_BATCHES:
        field, scale = field_nt[:batch], scale_nt[:batch]
        with torch.no_grad():
            wanted = graph(torch.from_numpy(field), torch.from_numpy(scale))
        got = session.run(list(graph.OUTPUTS), {"field": field, "scale": scale})
        for name, expected, output in zip(graph.OUTPUTS, wanted, got, strict=True):
            worst = max(worst, _checked(name, batch, expected.numpy(), output))
    return worst


def _checked(name: str, batch: int, expected: Float32, output: Float32) -> float:
    if expected.shape != output.shape:
        raise ExportRefused(
            f"{name} has shape {list(output.shape)} in onnxruntime and {list(expected.shape)} in "
            f"PyTorch at batch {batch}"
        )
    difference = float(np.abs(output - expected).max() / max(np.abs(expected).max(), 1e-12))
    if not difference <= TOLERANCE:  # also refuses NaN
        raise ExportRefused(
            f"{name} differs by {difference:.1e} between onnxruntime and PyTorch at batch {batch}; "
            f"{TOLERANCE:.0e} is allowed, so nothing was exported"
        )
    return difference
