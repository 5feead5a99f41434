"""Refinement: correct a mixture's samples by the density ratio that boosting estimated anyway.

Boosting repairs what is missing; rejection removes what is spurious. Budgeted rejection is the mirror image of Star:
Star cannot remove over-served regions, rejection cannot fill under-served ones.

References:
    Azadi, Olsson, Darrell, Goodfellow, Odena, *Discriminator rejection sampling*, 2018,
    https://arxiv.org/abs/1810.06758

    Verine, Pydi, Negrevergne, Chevaleyre, *Optimal budgeted rejection sampling for generative models*, 2024,
    https://arxiv.org/abs/2311.00460
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor, nn

from adagan.mixtures.arguments import MAX_LOG_RATIO, ArrayLike, as_log_ratio, as_probabilities, check_share
from adagan.mixtures.levels import log_water_level


class Samples(Protocol):
    """Anything that samples: a component, a mixture, a refined mixture."""

    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor: ...


class LogRatio(Protocol):
    """Anything that estimates log dP_model/dP_data at points: a fitted critic."""

    def log_ratio(self, x: Tensor) -> Tensor: ...


def budgeted_acceptance(log_ratio: ArrayLike, budget: float, weights: ArrayLike | None = None) -> Tensor:
    """The optimal probability of acceptance at a given rate: min(1, c v), v = dP_data/dP_model = exp(−log_ratio).

    Args:
        log_ratio: log dP_model/dP_data at points of the *model*, shape (N,).
        budget: The wanted rate of acceptance, in (0, 1]; 1 accepts everything.
        weights: Weights of the points, shape (N,); ``None`` means uniform.

    Returns:
        Probabilities of shape (N,), float64, whose weighted mean is `budget`.

    Raises:
        ValueError: A budget outside (0, 1], or larger than the share of the model that lies on the data at all.
    """
    values = as_log_ratio(log_ratio)
    probabilities = as_probabilities(weights, values.numel(), values, "weights")
    scale = log_acceptance_scale(values, budget, probabilities)
    return (scale - values).clamp(max=0).exp()


def log_acceptance_scale(log_ratio: Tensor, budget: float, weights: Tensor) -> float:
    """The log c at which the mean of min(1, c v) over the model's points is the budget (Verine et al., Theorem 3)."""
    budget = check_share(budget, "budget")
    if budget == 1:
        return float("inf")
    # Σ w min(1, c v) = budget is Dagger's equation Σ w (1 − c v)_+ = 1 − budget, with log v = −infinity off the data
    log_ratio = log_ratio.masked_fill(log_ratio >= MAX_LOG_RATIO, math.inf)
    edge = log_water_level(-log_ratio, weights, slope=1 - budget)
    if edge is None:
        reachable = float(weights[log_ratio < math.inf].sum())
        raise ValueError(
            f"budget: {budget} cannot be met: only {reachable:.4g} of the samples lie where the data are; "
            f"ask for less than that"
        )
    return -edge


class Refined(nn.Module):
    """A mixture (or component) whose samples pass budgeted rejection by a critic.

    Args:
        source: What to sample from.
        critic: A fitted critic of `source`.
        budget: The rate of acceptance, in (0, 1]; .5 draws two samples for each that is kept.
        pilot: Number of samples from which the acceptance scale is set.
        generator: Randomness of the pilot samples.
    """

    log_scale: Tensor

    def __init__(
        self,
        source: Samples,
        critic: LogRatio,
        budget: float = 0.5,
        *,
        pilot: int = 20_000,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.source, self.critic = source, critic
        self.budget = check_share(budget, "budget")
        log_ratio = as_log_ratio(critic.log_ratio(source.sample(pilot, generator=generator)))
        scale = log_acceptance_scale(log_ratio, self.budget, as_probabilities(None, pilot, log_ratio))
        self.register_buffer("log_scale", torch.tensor(scale, dtype=torch.float64))

    @torch.no_grad()
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Accepted samples, shape (num_samples, *event), in the order in which they were drawn."""
        if num_samples == 0:
            return self.source.sample(0, generator=generator)
        if generator is None:
            generator = torch.Generator(self.log_scale.device)
            generator.seed()
        kept: list[Tensor] = []
        missing = num_samples
        while missing > 0:
            # a few per cent more than expected, so that a second pass is rare
            drawn = self.source.sample(int(1.05 * missing / self.budget) + 64, generator=generator)
            log_ratio = as_log_ratio(self.critic.log_ratio(drawn))
            acceptance = (self.log_scale - log_ratio).clamp(max=0).exp()
            chance = torch.rand(len(drawn), generator=generator, dtype=torch.float64, device=drawn.device)
            kept.append(drawn[chance < acceptance][:missing])
            if len(kept[-1]) == 0:
                raise RuntimeError(
                    f"none of {len(drawn)} samples was accepted: the critic has changed since the acceptance scale was "
                    "set, or the mixture no longer produces data; refit the critic"
                )
            missing -= len(kept[-1])
        return torch.cat(kept)
