import pytest
import torch

from tests.training.builders import recipe
from training.arms import negative_learning
from training.config import load_recipe, shipped_recipe
from training.loop import _seed_everything
from training.network import FrontEnd


@pytest.mark.parametrize("name", ["ulf-1hz.toml", "minute-teo.toml"])
def test_a_channel_by_itself_is_filtered_like_the_others(name):
    window = load_recipe(shipped_recipe(name)).window
    front_end = FrontEnd(window)
    field_nt = torch.randn(7, window.spec().span, 3, generator=torch.Generator().manual_seed(0))
    alone = torch.stack([front_end.channel(field_nt[..., one]) for one in range(3)], dim=2)
    torch.testing.assert_close(alone, front_end(field_nt), rtol=0, atol=1e-6)


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
