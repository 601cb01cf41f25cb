"""Scale policies, and how a network that has given up is recognised."""

import numpy as np
import torch

from tests.training.builders import recipe
from training.data.scaling import trailing_scale_nt
from training.model.network import Autoencoder, OwnScale
from training.pipelines.ablation import collapsed

HOP_MS, WINDOW_MS = 32_000, 64_000


def test_the_trailing_scale_is_that_of_the_hours_before_and_not_of_the_window_itself():
    count = 60
    end_ms = HOP_MS * np.arange(count)
    filtered_nt = np.random.default_rng(0).normal(0, 1, (count, 500, 3)).astype(np.float32)
    filtered_nt[30] *= 100
    scale_nt = trailing_scale_nt(end_ms, filtered_nt, 20 * HOP_MS, WINDOW_MS, np.full(3, 7.0))
    assert (scale_nt[:8] == 7.0).all()  # too little before them
    np.testing.assert_allclose(scale_nt[12:], 1.0, atol=0.15)


def test_the_trailing_scale_follows_a_change_of_the_background():
    end_ms = HOP_MS * np.arange(100)
    loud = np.where(np.arange(100) < 50, 1.0, 5.0)[:, None, None]
    filtered_nt = (np.random.default_rng(1).normal(0, 1, (100, 500, 3)) * loud).astype(np.float32)
    scale_nt = trailing_scale_nt(end_ms, filtered_nt, 20 * HOP_MS, WINDOW_MS, np.ones(3))
    np.testing.assert_allclose(scale_nt[40], 1.0, atol=0.15)
    np.testing.assert_allclose(scale_nt[90], 5.0, atol=0.6)


def networks(tmp_path):
    torch.manual_seed(0)
    tiny = recipe(tmp_path)
    autoencoder = Autoencoder(tiny.network, 32)
    return [autoencoder, OwnScale(autoencoder)]


def test_a_network_that_reconstructs_nothing_has_collapsed(tmp_path):
    scaled = np.random.default_rng(2).normal(0, 1, (50, 32, 3)).astype(np.float32)
    for network in networks(tmp_path):
        with torch.no_grad():
            for weights in network.parameters():
                weights.zero_()
        assert collapsed(network, scaled)


def test_a_network_that_follows_its_window_has_not(tmp_path):
    constant = np.random.default_rng(3).normal(0, 1, (50, 1, 3)).repeat(32, axis=1)
    scaled = constant.astype(np.float32)
    autoencoder, _ = networks(tmp_path)
    optimizer = torch.optim.Adam(autoencoder.parameters(), 0.02)
    for _ in range(60):
        optimizer.zero_grad()
        autoencoder.misses(torch.from_numpy(scaled)).error.mean().backward()
        optimizer.step()
    assert not collapsed(autoencoder, scaled)
