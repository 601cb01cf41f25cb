import msgspec
import pytest
import torch

from tests.training.builders import recipe
from training.model.arms import negative_learning
from training.model.network import Autoencoder
from training.model.train_loop import _seed_everything


def test_nothing_is_read_before_it_is_written(tmp_path):
    """PyTorch need not fill new tensors: what they hold by chance reaches no loss or gradient."""
    asked = recipe(tmp_path)

    def gradients(fill):
        _seed_everything(1)
        torch.utils.deterministic.fill_uninitialized_memory = fill
        arm = negative_learning(asked.loss)
        network = arm.build(asked.network, 32)
        windows = torch.randn(8, 32, 3)
        arm.loss(network.misses(windows), network.misses(3 * windows)).backward()
        return [one.grad.clone() for one in network.parameters()]

    filled, not_filled = gradients(True), gradients(False)
    assert all(map(torch.equal, filled, not_filled))


@pytest.fixture
def gated(tmp_path):
    size = msgspec.structs.replace(recipe(tmp_path).network, gated=True)
    return Autoencoder(size, 32)


def test_only_a_gate_lets_a_window_be_missed_by_twice_its_own_strength(gated):
    windows = torch.randn(4, 32, 3)
    with torch.no_grad():
        gated.gate.weight.zero_()
        gated.gate.bias.fill_(20.0)
        through, _ = gated(windows)
        gated.gate.bias.fill_(-20.0)
        turned, _ = gated(windows)
        gated.gate.bias.zero_()
        shut, _ = gated(windows)
    assert torch.allclose(turned, -through)
    assert not shut.any()


def test_emphasis_weighs_a_fast_error_more_than_a_slow_one_of_the_same_size(tmp_path):
    size = msgspec.structs.replace(recipe(tmp_path).network, emphasis=0.9)
    network = Autoencoder(size, 32)
    slow = torch.ones(1, 32, 3)
    fast = slow * (-1.0) ** torch.arange(32)[None, :, None]
    nothing, unit = torch.zeros(1, 32, 3), torch.ones(1, 1, 1)
    assert torch.allclose(network.miss(slow, nothing, unit)[:, 1:], torch.tensor(0.1))
    assert torch.allclose(network.miss(fast, nothing, unit)[:, 1:].abs(), torch.tensor(1.9))
    assert not network.miss(fast, nothing, unit)[:, 0].any()


def test_without_emphasis_the_error_is_the_plain_one(tmp_path):
    network = Autoencoder(recipe(tmp_path).network, 32)
    rebuilt, wanted = torch.randn(2, 32, 3), torch.randn(2, 32, 3)
    unit = torch.full((2, 1, 1), 2.0)
    assert torch.equal(network.miss(rebuilt, wanted, unit), (rebuilt - wanted) / 2)
