"""Decimation for charts: the lowest and the highest sample of each pixel column."""

from __future__ import annotations

import numpy as np

from geofield.types import Float64, Int64


def extremes(values: Float64, width: int) -> Int64:
    """Positions of the samples to draw, in order of time.

    Parameters
    ----------
    values
        Shape [n]; NaN where missing.
    width
        Number of samples in a pixel column, at least 1.

    Returns
    -------
    Shape [m]: the lowest and the highest sample of each column, once if they are the same sample.
    A column without values gives its first sample, so that gaps remain visible.
    """
    if width <= 2:
        return np.arange(len(values))
    padded = np.full(-(-len(values) // width) * width, np.nan)
    padded[: len(values)] = values
    table = padded.reshape(-1, width)
    lowest = np.where(np.isnan(table), np.inf, table).argmin(axis=1)
    highest = np.where(np.isnan(table), -np.inf, table).argmax(axis=1)
    begin = np.arange(len(table)) * width
    return np.unique(np.concatenate([begin + lowest, begin + highest]))
