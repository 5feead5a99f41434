"""Systematic draws: few rows that stand for many, as evenly as can be."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.mixtures.large_arrays import LARGE, cumulated


def spaced_rows(weights: Tensor, count: int, start: Tensor | float) -> Tensor:
    """Row numbers, in order and with repetitions, at evenly spaced places of the cumulative weights, shape (count,).

    Args:
        weights: Of all rows, non-negative, shape (N,).
        count: How many.
        start: The first place, in [0, 1), in units of the spaces between them.

    References:
        Kitagawa, *Monte Carlo filter and smoother for non-Gaussian nonlinear state space models*, 1996, appendix
        (systematic resampling)
    """
    places = (torch.arange(count, dtype=weights.dtype, device=weights.device) + start) / count
    if len(weights) > LARGE and weights.stride(0) == 0:
        return (places * len(weights)).long().clamp_(max=len(weights) - 1)
    cumulative = cumulated(weights)
    return torch.searchsorted(cumulative, places * cumulative[-1], right=True).clamp(max=len(weights) - 1)
