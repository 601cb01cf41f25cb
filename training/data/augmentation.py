"""Augmentation: vary training windows so that they resemble those of other stations.

The background of a single station has one noise floor, one usual strength of pulsations, one ratio
of Z to H and one ellipticity. A network that memorises these takes the ordinary pulsations of any
other station for anomalies. So strength, balance, coupling and phase of the components vary at
random, and windows are superposed. This costs little at the training station.
"""

import numpy as np
from numpy.typing import NDArray

from training.recipe.tables import Variation

_COMPONENTS = 3


def vary(
    rng: np.random.Generator, count: int, variation: Variation
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Draw random mixing matrices for `count` windows.

    The ground responds to the field above it with an amplitude and a phase. So the matrices are
    complex and act on analytic signals.

    Returns
    -------
    itself, other
        Shapes [count, 3, 3]. The varied window is the real part of
        ``window @ itself + another @ other``, where `window` and `another` are analytic signals
        [steps, 3] in units of the scale. Identity and zero for windows that stay unchanged.
    """
    changed = rng.random(count) < variation.share
    overlaid = changed & (rng.random(count) < variation.overlaid)
    itself = _matrices(rng, count, variation)
    other = _matrices(rng, count, variation)
    return (
        np.where(changed[:, None, None], itself, np.eye(_COMPONENTS))
        * _phases(rng, count, variation),
        np.where(overlaid[:, None, None], other, 0.0),
    )


def noise_levels(rng: np.random.Generator, count: int, variation: Variation) -> NDArray[np.float32]:
    """Standard deviation of the noise to add to each component, in units of its scale.

    The training stations resolve a tenth of their background or less. Others resolve no more than
    the background itself, so that one component or all of them are half noise.

    Returns
    -------
    Shape [count, 1, 3]; 0 for components that stay unchanged.
    """
    low, high = np.log(variation.noise_low), np.log(variation.noise_high)
    level = np.exp(rng.uniform(low, high, (count, 1, _COMPONENTS)))
    noisy = rng.random((count, 1, 1)) < variation.noisy
    chosen = noisy & (rng.random((count, 1, _COMPONENTS)) < 0.5)
    return np.where(chosen, level, 0.0).astype(np.float32)


def _phases(rng: np.random.Generator, count: int, variation: Variation) -> NDArray[np.complex128]:
    """Factors [count, 1, 1] of absolute value 1."""
    if not variation.shifted:
        return np.ones((count, 1, 1), np.complex128)
    return np.asarray(np.exp(1j * rng.uniform(-np.pi, np.pi, (count, 1, 1))))


def _matrices(rng: np.random.Generator, count: int, variation: Variation) -> NDArray[np.complex128]:
    shape = (count, _COMPONENTS, _COMPONENTS)
    low, high = np.log(variation.gain_low), np.log(variation.gain_high)
    whole = rng.uniform(low, high, (count, 1))
    each = rng.normal(0.0, 1.0, (count, _COMPONENTS)) * variation.component_spread
    gain = np.exp(whole + each)[:, :, None] * np.eye(_COMPONENTS)
    in_phase, in_quadrature = (rng.normal(0.0, 1.0, shape) * variation.mixing for _ in range(2))
    turned = rng.random((count, 1)) < variation.turned
    phase = rng.uniform(-np.pi, np.pi, (count, _COMPONENTS)) * turned
    rotation = np.exp(1j * phase)[:, :, None] * np.eye(_COMPONENTS)
    return np.asarray(gain @ (rotation + in_phase + 1j * in_quadrature))
