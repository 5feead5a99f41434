"""A number estimated from points, and how far off chance may have put it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from torch import Tensor

NORMAL_QUANTILE = 1.959964
"""Standard errors on either side of a 95 % interval."""


def standard_error(terms: Tensor, base: Tensor) -> Tensor:
    """√Σ p_i² (g_i − Σ_j p_j g_j)², the standard error of the weighted mean of every column of `terms`.

    Args:
        terms: Shape (N,) or (N, M).
        base: Weights of the points, shape (N,), sum 1.
    """
    return (base.square() @ (terms - base @ terms).square()).sqrt()


@dataclass(frozen=True)
class Estimate:
    """A mean over data points with its standard error, in closed form: over the points, not over critics.

    Attributes:
        value: The mean.
        error: Its standard error.
    """

    value: float
    error: float

    @classmethod
    def of_mean(cls, terms: Tensor, base: Tensor) -> Self:
        """The mean of `terms`, shape (N,), under weights of shape (N,) with sum 1; points of weight 0 do not count."""
        terms, base = terms[base > 0], base[base > 0]
        return cls(float(base @ terms), float(standard_error(terms, base)))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval, by the normal approximation."""
        return self.value - NORMAL_QUANTILE * self.error, self.value + NORMAL_QUANTILE * self.error
