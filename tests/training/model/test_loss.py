import math
from typing import get_args

import pytest
import torch
from msgspec import structs

from training.model.loss import (
    FORMS,
    SOFT_FORMS,
    Misses,
    left_over_penalty,
    negative_learning_loss,
)
from training.recipe.tables import Loss

QUIET = torch.tensor([-2.0, -1.0, 0.5])


def missed(error):
    """Windows of mean square 1 whose reconstruction is their multiple: what it misses of either."""
    factor = 1 - (error / 2).exp()
    return Misses(error, torch.log((factor + 1).square() + 1e-6))


def loss(non_seismic, seismic, kind, weight=1.0, margin=2.0, softness=1.0):
    other = None if seismic is None else missed(seismic)
    return negative_learning_loss(missed(non_seismic), other, kind, weight, margin, softness)


@pytest.mark.parametrize("kind", FORMS)
def test_raising_the_error_of_seismic_windows_never_raises_the_loss(kind):
    losses = [float(loss(QUIET, torch.full((4,), level), kind)) for level in (-3.0, -1.0, 0.0, 1.3)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]


@pytest.mark.parametrize("kind", FORMS)
def test_lowering_the_error_of_non_seismic_windows_lowers_the_loss(kind):
    better, worse = (loss(QUIET + shift, torch.tensor([1.0, 2.0]), kind) for shift in (-0.5, 0.5))
    assert better < worse


@pytest.mark.parametrize("kind", FORMS)
def test_lambda_zero_is_the_plain_autoencoder_whatever_the_seismic_windows(kind):
    assert loss(QUIET, None, kind, 0.0) == loss(QUIET, torch.randn(5), kind, 0.0)


@pytest.mark.parametrize("kind", SOFT_FORMS)
def test_the_raising_term_of_the_log_error_is_bounded_and_free_of_scale(kind):
    def raising(shift: float, lift: float) -> float:
        both = loss(QUIET + shift, torch.tensor([0.0, 1.0]) + shift + lift, kind)
        return float(both - loss(QUIET + shift, None, kind, 0.0))

    assert raising(0.0, 0.0) == pytest.approx(raising(5.0, 0.0), abs=1e-5)
    assert 0 <= raising(0.0, 50.0) < 1e-6


def test_the_pairwise_form_pulls_down_the_quiet_windows_that_hide_a_transient():
    quiet = torch.tensor([-3.0, -3.0, 2.0], requires_grad=True)
    loss(quiet, torch.tensor([0.0, 0.0]), "log-error", 10.0, 1.0).backward()
    assert quiet.grad is not None
    assert quiet.grad[2] > 3 * quiet.grad[0]


def test_pairs_in_the_right_order_by_more_than_the_margin_no_longer_count():
    seismic = torch.tensor([2.0], requires_grad=True)
    loss(torch.tensor([-3.0]), seismic, "log-error", 10.0, 0.5, softness=0.3).backward()
    assert seismic.grad is not None
    assert abs(seismic.grad[0]) < 1e-4


def test_clipped_ascent_stops_for_the_class_and_the_hinge_for_each_window():
    def pull(kind):
        seismic = torch.tensor([2.0, -2.0], requires_grad=True)
        loss(QUIET, seismic, kind, margin=2.0).backward()
        return seismic.grad

    assert (pull("clipped") == 0).all()
    assert pull("hinge")[0] == 0
    assert pull("hinge")[1] < 0


def test_a_reversed_target_is_met_by_the_opposite_of_the_window():
    met = negative_learning_loss(
        missed(QUIET),
        Misses(torch.tensor([1.4]), torch.tensor([-9.0])),
        "target-reversal",
        1.0,
        0.0,
    )
    assert float(met) == pytest.approx(float(loss(QUIET, None, "target-reversal", 0.0)), abs=1e-3)


def test_negative_learning_without_seismic_windows_is_an_error():
    with pytest.raises(ValueError, match="seismic"):
        loss(QUIET, None, "log-error")


def test_contrast_goes_on_pulling_where_the_order_is_content():
    def pull(contrast):
        seismic = torch.tensor([2.0], requires_grad=True)
        negative_learning_loss(
            missed(torch.tensor([-3.0])), missed(seismic), "log-error", 10.0, 0.5, 0.3, contrast
        ).backward()
        assert seismic.grad is not None
        return float(seismic.grad[0])

    assert abs(pull(0.0)) < 1e-4
    assert pull(0.4) == pytest.approx(-0.4, abs=1e-3)


def test_the_penalty_pulls_at_windows_that_are_left_over_and_lets_the_others_be():
    share = torch.tensor([0.1, 0.3, 1.4]).log().requires_grad_()
    penalty = left_over_penalty(Misses(torch.zeros(3), torch.zeros(3), share), allowed=0.5)
    penalty.backward()
    assert penalty.item() == pytest.approx(math.log(1.4 / 0.5) / 3, abs=1e-3)
    assert share.grad is not None
    assert share.grad.tolist() == pytest.approx([0.0, 0.0, 1 / 3], abs=3e-3)


def test_a_classifier_has_no_penalty():
    with pytest.raises(ValueError, match="classifier"):
        left_over_penalty(Misses(QUIET, -QUIET), allowed=0.5)


def test_every_loss_of_a_recipe_is_one_of_the_loss_and_the_reverse():
    (kind,) = (field for field in structs.fields(Loss) if field.name == "kind")
    assert set(get_args(kind.type)) == set(FORMS)
