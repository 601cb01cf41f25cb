import torch

from tests.training.builders import recipe
from training.arms import negative_learning
from training.loop import _seed_everything


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
