"""The maximum mean discrepancy between samples and real points, over a set of bandwidths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from adagan.study.metrics.arrays import two_tables

BANDWIDTHS = (0.1, 0.25, 0.5, 1.0)
"""In units of the median distance between real points: from the spread within a mode to the whole."""
MAX_POINTS = 4_000
"""More points than these are left out: the cost grows with their square."""


def mean_discrepancy(samples: Tensor, real: Tensor, bandwidths: Sequence[float] = BANDWIDTHS) -> float:
    r"""Unbiased estimate of MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y) for a mean of Gaussian kernels.

    A perfect model scores 0 on average, and as often less as more than that.

    Args:
        samples: Shape (M, *event), 2 or more.
        real: Points that the model did not learn from, shape (N, *event), 2 or more.
        bandwidths: Of the kernels exp(−d²/(2 b²)), b in units of the median distance between real points.

    Raises:
        ValueError: Fewer than 2 points of either kind.

    References:
        Gretton, Borgwardt, Rasch, Schölkopf, Smola, *A kernel two-sample test*, 2012, eq. 3,
        https://jmlr.org/papers/v13/gretton12a.html
    """
    from scipy.spatial.distance import cdist, pdist  # type: ignore[import-untyped]

    drawn, truth = two_tables(samples[:MAX_POINTS], real[:MAX_POINTS], least_samples=2, least_real=2)
    among_real = pdist(truth, "sqeuclidean")
    unit = float(np.median(among_real)) or 1.0

    def kernel(squares: NDArray[np.float64]) -> float:
        return float(np.mean([np.exp(-squares / (2 * width**2 * unit)).mean() for width in bandwidths]))

    among_drawn, between = pdist(drawn, "sqeuclidean"), cdist(drawn, truth, "sqeuclidean")
    return kernel(among_drawn) + kernel(among_real) - 2 * kernel(between)
