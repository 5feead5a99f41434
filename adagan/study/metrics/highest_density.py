"""AdaGAN's own metrics of a toy: the data's mass in the model's highest-density region, and their log-likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from adagan.study.metrics.arrays import two_tables

LEVEL = 0.95
BANDWIDTHS = tuple(2.0**-i for i in range(1, 9))
"""In units of the root mean square of the samples' standard deviations."""
CHOOSING = 1_000
"""Samples that choose the bandwidth."""


@dataclass(frozen=True)
class HighestDensity:
    """What a model's density says of real points.

    Attributes:
        coverage: Share of the real points in the smallest region that holds 95 % of the model. A perfect model scores
            .95, one that is too wide more, one that misses modes less.
        log_likelihood: Mean log density of the real points, in nats; a perfect model in the plane scores .01 to .04
            less than the truth's own density would, at 10,000 samples, for the model's density is estimated.
    """

    coverage: float
    log_likelihood: float


def highest_density(samples: Tensor, real: Tensor) -> HighestDensity:
    """Scores samples by a Gaussian kernel density estimate of the model that they come from.

    Half of the samples are the kernels. The other half chooses their bandwidth, by likelihood, and the density that
    bounds the region: the kernels' own points lie too high on their own peaks.

    Args:
        samples: Shape (M, *event), 40 or more.
        real: Points that the model did not learn from, shape (N, *event).

    Raises:
        ValueError: Too few samples, or no real points.

    References:
        Tolstikhin et al., *AdaGAN: Boosting generative models*, 2017, section 4.1, https://arxiv.org/abs/1701.02386
    """
    drawn, truth = two_tables(samples, real, least_samples=40)
    kernels, fresh = drawn[::2], drawn[1::2]
    unit = max(float(np.sqrt(drawn.var(axis=0).mean())), np.finfo(float).tiny)
    squares = _squares(fresh, kernels)
    dimension = drawn.shape[1]
    few = squares[:CHOOSING]
    width = max((unit * b for b in BANDWIDTHS), key=lambda width: float(_log_density(few, width, dimension).mean()))
    bound = np.quantile(_log_density(squares, width, dimension), 1 - LEVEL)
    at_real = _log_density(_squares(truth, kernels), width, dimension)
    return HighestDensity(coverage=float((at_real >= bound).mean()), log_likelihood=float(at_real.mean()))


def _squares(points: NDArray[np.float64], kernels: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial.distance import cdist  # type: ignore[import-untyped]

    squares: NDArray[np.float64] = cdist(points, kernels, "sqeuclidean")
    return squares


def _log_density(squares: NDArray[np.float64], width: float, dimension: int) -> NDArray[np.float64]:
    """Log density of kernels exp(−d²/(2 width²)), shape (N,), from squared distances to them, shape (N, K)."""
    nearest = squares.min(axis=1)
    rest = np.exp((nearest[:, None] - squares) / (2 * width**2)).mean(axis=1)
    constant = dimension * math.log(width * math.sqrt(2 * math.pi))
    density: NDArray[np.float64] = np.log(rest) - nearest / (2 * width**2) - constant
    return density
