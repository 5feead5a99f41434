"""How well the points determine fitted mixture weights: intervals by bootstrap.

References:
    Efron, *Bootstrap methods: another look at the jackknife*, Annals of Statistics 7, 1979
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.mixtures.arguments import ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.numbers import check_share
from adagan.mixtures.weights.mixture_weights import MixtureWeights, minimise_divergence


@dataclass(frozen=True)
class MixtureWeightIntervals:
    """Fitted weights and the intervals in which resampled points would put them.

    Attributes:
        fitted: The weights from the points as they are.
        lower: Lower ends for the weights, shape (K,).
        upper: Upper ends, shape (K,).
        value: Lower and upper end for the divergence.
        level: The share of the resamples within an interval.
    """

    fitted: MixtureWeights
    lower: Tensor
    upper: Tensor
    value: tuple[float, float]
    level: float


def bootstrap_mixture_weights(
    log_ratios: ArrayLike,
    divergence: FDivergence,
    base: ArrayLike | None = None,
    *,
    resamples: int = 200,
    level: float = 0.95,
    generator: torch.Generator,
) -> MixtureWeightIntervals:
    """Percentile intervals of the weights and of the value, over points drawn with replacement.

    The estimate of the divergence was minimised over the same points: its interval is centred a little below the
    truth, by about the number of weights over twice the number of points in units of f''(1). An interval of a weight
    that is zero is one-sided. Each resample costs a fit.

    Args:
        log_ratios: log dP_k/dP_data of every component at held-out data points, shape (N, K).
        divergence: The f-divergence.
        base: Weights of the points, shape (N,); ``None`` means uniform.
        resamples: How many times the points are drawn, at least 2.
        level: The share of the resamples within an interval, in (0, 1).
        generator: Draws the points; on the device of the log ratios.

    Raises:
        ValueError: Fewer than two resamples, a level outside (0, 1), or arguments as in `minimise_divergence`.
    """
    if resamples < 2:
        raise UserError(f"resamples: expected at least 2, got {resamples}")
    level = check_share(level, "level", upper_closed=False)
    ratios = as_log_ratio(log_ratios, "log_ratios", ndim=2)
    count = len(ratios)
    probabilities = as_probabilities(base, count, ratios)
    fitted = minimise_divergence(ratios, divergence, probabilities)
    weights, values = [], []
    for _ in range(resamples):
        drawn = torch.randint(count, (count,), generator=generator, device=ratios.device)
        times = torch.bincount(drawn, minlength=count)
        found = minimise_divergence(ratios, divergence, probabilities * times, initial=fitted.weights)
        weights.append(found.weights)
        values.append(found.value)
    tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64, device=ratios.device)
    lower, upper = torch.quantile(torch.stack(weights), tails, dim=0).unbind()
    low, high = torch.quantile(torch.tensor(values, dtype=torch.float64), tails.cpu()).tolist()
    return MixtureWeightIntervals(fitted, lower, upper, (low, high), level)
