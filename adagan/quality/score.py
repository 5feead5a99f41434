"""A distance between samples and data, beside what a perfect model scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 200


@dataclass(frozen=True)
class Score:
    """A distance, 0 where samples and data are the same, which they never are: both are draws.

    Attributes:
        value: Of the samples.
        perfect: What a perfect model scores on average with the same numbers of rows.
        limit: What it stays below in 95 of 100 cases.
    """

    value: float
    perfect: float
    limit: float

    @property
    def is_clear(self) -> bool:
        """Whether the samples are further from the data than luck would have it."""
        return self.value > self.limit

    @classmethod
    def beside(cls, value: float, of_perfect: NDArray[np.float64]) -> Self:
        """The distance beside those of simulated perfect models, shape (B,)."""
        return cls(float(value), float(of_perfect.mean()), float(np.quantile(of_perfect, 0.95)))


def score_of_counts(
    distance: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    in_data: NDArray[np.int64],
    in_samples: NDArray[np.int64],
    generator: np.random.Generator,
) -> Score:
    """The distance of two histograms, beside that of two draws of what the data's histogram says.

    Args:
        distance: From shares (..., K) and shares (..., K) to numbers (...).
        in_data: How many rows of the data have each of K values.
        in_samples: How many of the samples.
        generator: Source of the draws.
    """
    sizes = int(in_data.sum()), int(in_samples.sum())
    shares = in_data / sizes[0]
    first, second = (generator.multinomial(size, shares, RESAMPLES) / size for size in sizes)
    return Score.beside(float(distance(shares, in_samples / sizes[1])), distance(first, second))


def total_variation(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the sum of the differences of shares, shape (...)."""
    return np.asarray(0.5 * np.abs(first - second).sum(axis=-1))


def kolmogorov_smirnov(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest difference of the distribution functions of ordered values, shape (...)."""
    return np.asarray(np.abs(np.cumsum(first - second, axis=-1)).max(axis=-1))
