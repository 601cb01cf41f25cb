import pytest
import torch

from training.loss import FORMS, negative_learning_loss

QUIET = torch.tensor([-2.0, -1.0, 0.5])


@pytest.mark.parametrize("kind", FORMS)
def test_raising_the_error_of_seismic_windows_never_raises_the_loss(kind):
    losses = [
        float(negative_learning_loss(QUIET, torch.full((4,), level), kind, 1.0, 2.0))
        for level in (-3.0, -1.0, 1.0, 3.0, 8.0)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]


@pytest.mark.parametrize("kind", FORMS)
def test_lowering_the_error_of_non_seismic_windows_lowers_the_loss(kind):
    seismic = torch.tensor([1.0, 2.0])
    better, worse = (
        negative_learning_loss(QUIET + shift, seismic, kind, 1.0, 2.0) for shift in (-0.5, 0.5)
    )
    assert better < worse


@pytest.mark.parametrize("kind", FORMS)
def test_lambda_zero_is_the_plain_autoencoder_whatever_the_seismic_windows(kind):
    alone = negative_learning_loss(QUIET, None, kind, 0.0, 2.0)
    assert alone == negative_learning_loss(QUIET, torch.randn(5), kind, 0.0, 2.0)


@pytest.mark.parametrize("kind", ["log-error", "log-error-mean"])
def test_the_raising_term_of_the_log_error_is_bounded_and_free_of_scale(kind):
    def raising(shift: float, lift: float) -> float:
        seismic = torch.tensor([0.0, 1.0]) + shift + lift
        both = negative_learning_loss(QUIET + shift, seismic, kind, 1.0, 2.0)
        return float(both - negative_learning_loss(QUIET + shift, None, kind, 0.0, 2.0))

    assert raising(0.0, 0.0) == pytest.approx(raising(5.0, 0.0), abs=1e-5)
    assert 0 <= raising(0.0, 50.0) < 1e-6


def test_the_pairwise_form_pulls_down_the_quiet_windows_that_hide_a_transient():
    quiet = torch.tensor([-3.0, -3.0, 2.0], requires_grad=True)
    seismic = torch.tensor([0.0, 0.0])
    negative_learning_loss(quiet, seismic, "log-error", 10.0, 1.0).backward()
    assert quiet.grad is not None
    assert quiet.grad[2] > 3 * quiet.grad[0]


def test_negative_learning_without_seismic_windows_is_an_error():
    with pytest.raises(ValueError, match="seismic"):
        negative_learning_loss(QUIET, None, "log-error", 1.0, 2.0)
