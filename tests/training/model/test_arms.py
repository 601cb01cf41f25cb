import msgspec
import pytest
import torch

from training.model.arms import negative_learning
from training.model.loss import Misses
from training.recipe.tables import Loss

GIVEN = Loss(
    kind="log-error", weight=10.0, margin=0.5, softness=0.3, contrast=0.3, allowed=0.5, penalty=2.0
)
QUIET = Misses(
    torch.tensor([-2.0, -1.0, 0.5]), torch.tensor([1.0, 1.2, 1.0]), torch.tensor([-3.0, -0.4, 0.5])
)
SEISMIC = Misses(torch.tensor([-0.5, 0.5, 1.0]), torch.tensor([0.5, 0.2, 0.1]))
OTHER = {
    "kind": "hinge",
    "weight": 3.0,
    "margin": 1.5,
    "softness": 1.0,
    "contrast": 0.0,
    "allowed": 0.1,
    "penalty": 0.0,
}


@pytest.mark.parametrize("setting", Loss.__struct_fields__)
def test_every_setting_of_the_loss_reaches_the_arm(setting):
    changed = msgspec.structs.replace(GIVEN, **{setting: OTHER[setting]})
    given, other = (float(negative_learning(one).loss(QUIET, SEISMIC)) for one in (GIVEN, changed))
    assert given != pytest.approx(other)


def test_the_plain_autoencoder_has_no_penalty():
    plain = negative_learning(msgspec.structs.replace(GIVEN, weight=0.0))
    assert float(plain.loss(QUIET, None)) == pytest.approx(float(QUIET.error.mean()))
