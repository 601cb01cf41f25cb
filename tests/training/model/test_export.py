import numpy as np
import onnxruntime
import pytest
import torch

from geofield.series.fir import bandpass_taps
from tests.training.builders import recipe
from training.model.export import ExportRefused, check_parity, export, to_onnx
from training.model.network import Autoencoder, ScoringGraph


@pytest.fixture
def graph(tmp_path):
    torch.manual_seed(0)
    tiny = recipe(tmp_path)
    steps = tiny.window.samples // tiny.window.step
    return ScoringGraph(tiny.window, Autoencoder(tiny.network, steps)).eval()


@pytest.fixture
def feed():
    rng = np.random.default_rng(0)
    field_nt = rng.normal(0, 0.1, (64, 128, 3)).astype(np.float32)
    scale_nt = rng.uniform(0.02, 0.05, (64, 3)).astype(np.float32)
    return field_nt, scale_nt


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 33, 64])
def test_one_file_serves_every_batch_size(graph, feed, batch):
    session = onnxruntime.InferenceSession(export(graph, *feed))
    field_nt, scale_nt = feed[0][:batch], feed[1][:batch]
    found = session.run(list(graph.OUTPUTS), {"field": field_nt, "scale": scale_nt})
    wanted = graph(torch.from_numpy(field_nt), torch.from_numpy(scale_nt))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), rtol=1e-3, atol=1e-5)


def test_a_graph_that_scores_otherwise_than_the_network_is_refused(graph, feed):
    content = to_onnx(graph, *feed)
    assert check_parity(graph, content, *feed) < 1e-4
    with torch.no_grad():
        graph.autoencoder.wide.bias += 0.01
    with pytest.raises(ExportRefused, match=r"rmse differs by .* at batch 1"):
        check_parity(graph, content, *feed)


def test_a_score_that_is_not_a_number_is_refused(graph, feed):
    with torch.no_grad():
        graph.autoencoder.wide.bias.fill_(float("nan"))
    with pytest.raises(ExportRefused, match="nan"):
        export(graph, *feed)


def test_the_outputs_are_what_their_names_say(graph, feed, tmp_path):
    field_nt, scale_nt = feed
    outputs = graph(torch.from_numpy(field_nt), torch.from_numpy(scale_nt))
    rmse, mae, error, reconstruction_nt, filtered_nt = (one.detach().numpy() for one in outputs)
    window = recipe(tmp_path).window
    taps = bandpass_taps(window.low_hz, window.high_hz, window.cadence_ms / 1000, window.taps)
    wanted_nt = np.convolve(field_nt[5, :, 2], taps, "valid")[:: window.step]
    np.testing.assert_allclose(filtered_nt[5, :, 2], wanted_nt, atol=1e-6)
    scaled = filtered_nt / scale_nt[:, None, :]
    loudness = np.square(scaled).mean(axis=(1, 2), keepdims=True)
    unit = (1 + loudness / recipe(tmp_path).network.knee ** 2) ** 0.125  # root of the gain, thrice
    miss = (reconstruction_nt / scale_nt[:, None, :] - scaled) / unit
    np.testing.assert_allclose(rmse, np.sqrt((miss**2).mean(axis=(1, 2))), rtol=1e-4)
    np.testing.assert_allclose(mae, np.abs(miss).mean(axis=(1, 2)), rtol=1e-4)
    np.testing.assert_allclose(error, np.sqrt((miss**2).mean(axis=1)), rtol=1e-4)


@pytest.mark.parametrize("floor", [0.0, 3.0])
def test_a_reconstruction_is_no_louder_than_its_window_and_the_floor(graph, feed, floor):
    graph.autoencoder.floor = floor
    with torch.no_grad():
        graph.autoencoder.wide.weight *= 1000
    field_nt, scale_nt = (torch.from_numpy(one) for one in feed)
    rmse, _, _, reconstruction_nt, filtered_nt = graph(field_nt, scale_nt)
    loudness, window = (
        (one / scale_nt[:, None, :]).square().mean(dim=(1, 2)).sqrt()
        for one in (reconstruction_nt, filtered_nt)
    )
    gain = (1 + window.square() / graph.autoencoder.knee**2).sqrt()
    limit = (window.square() + (floor * gain).square()).sqrt()
    assert torch.allclose(loudness, limit, rtol=1e-3)
    assert (rmse <= 1.001 * (window + limit)).all()
