"""Ways to refine samples by the density ratio v = dP_data/dP_model = exp(−log_ratio): stateless objects.

Rejection and budgeted rejection return independent samples; Metropolis-Hastings and importance resampling spend a fixed
number of draws per sample and come the nearer to the data the more they are given.

References:
    Azadi, Olsson, Darrell, Goodfellow, Odena, *Discriminator rejection sampling*, 2018,
    https://arxiv.org/abs/1810.06758

    Verine, Pydi, Negrevergne, Chevaleyre, *Optimal budgeted rejection sampling for generative models*, 2024,
    https://arxiv.org/abs/2311.00460

    Turner, Hung, Frank, Saatchi, Yosinski, *Metropolis-Hastings generative adversarial networks*, 2018,
    https://arxiv.org/abs/1811.11357

    Grover, Song, Agarwal, Tran, Kapoor, Horvitz, Ermon, *Bias correction of learned generative models using
    likelihood-free importance weighting*, 2019, https://arxiv.org/abs/1906.09531
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from adagan.mixtures.arguments import MAX_LOG_RATIO, ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_counts, check_share
from adagan.mixtures.parameters import Parameters
from adagan.mixtures.sampling.sampler import block_size, new_samples
from adagan.mixtures.water_level import log_water_level

Draw: TypeAlias = Callable[[int], tuple[Tensor, Tensor]]
"""From a number to so many samples of the model, shape (N, *event), and their log ratios in [−700, 700], shape (N,)."""


@dataclass(frozen=True)
class Pilot:
    """What a few samples of the model tell of a refinement before it is used.

    Attributes:
        drawn: Samples that were looked at.
        level: The scale that the method needs, log c in min(1, c v); 0 for methods without one.
        acceptance: Expected share of the drawn samples that are kept.
        effective_sample_size: Of the drawn samples under the weights of the refinement, between 1 and `drawn`.
    """

    drawn: int
    level: float
    acceptance: float
    effective_sample_size: float


@dataclass(frozen=True)
class RefinementRecord:
    """What a refined draw took.

    Attributes:
        drawn: Samples that were drawn from the model.
        kept: How many different ones of them are in the result.
        acceptance: The share of the drawn samples (of a chain: of the proposals) that was accepted.
        effective_sample_size: How many independent samples the result is worth, at most its length.
    """

    drawn: int
    kept: int
    acceptance: float
    effective_sample_size: float


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
    return acceptance(values, log_acceptance_scale(values, budget, probabilities))


def log_acceptance_scale(log_ratio: Tensor, budget: float, weights: Tensor) -> float:
    """The log c at which the mean of min(1, c v) over the model's points is the budget (Verine et al., Theorem 3)."""
    budget = check_share(budget, "budget")
    if budget == 1:
        return math.inf
    # Σ w min(1, c v) = budget is Dagger's equation Σ w (1 − c v)_+ = 1 − budget, with log v = −infinity off the data
    log_ratio = log_ratio.masked_fill(log_ratio >= MAX_LOG_RATIO, math.inf)
    edge = log_water_level(-log_ratio, weights, slope=1 - budget)
    if edge is None:
        reachable = float(weights[log_ratio < math.inf].sum())
        raise UserError(
            f"budget: {budget} cannot be met: only {reachable:.4g} of the samples lie where the data are; "
            f"ask for less than that"
        )
    return -edge


def acceptance(log_ratio: Tensor, level: float) -> Tensor:
    """min(1, c v) with log c the level, shape (N,)."""
    return (level - log_ratio).clamp(max=0).exp()


def importance_weights(log_ratio: ArrayLike, flattening: float = 1.0) -> Tensor:
    """Self-normalised weights v^a/Σ v^a, with which means over the model's points estimate means over the data.

    Args:
        log_ratio: log dP_model/dP_data at points of the *model*, shape (N,).
        flattening: The exponent a in [0, 1]; less than 1 lowers the variance and adds bias (Grover et al.).

    Returns:
        Weights of shape (N,), float64, sum 1.

    Raises:
        ValueError: An exponent outside [0, 1], NaN ratios, or no point that lies where the data are.
    """
    if not 0 <= flattening <= 1:
        raise UserError(f"flattening: expected a number in [0, 1], got {flattening}")
    values = as_log_ratio(log_ratio)
    if bool((values >= MAX_LOG_RATIO).all()):
        raise UserError(f"log_ratio: none of {values.numel()} points lies where the data are, so none has weight")
    logs = -values.clamp(min=-MAX_LOG_RATIO).masked_fill(values >= MAX_LOG_RATIO, math.inf)
    return torch.softmax(logs if flattening == 1 else logs.clamp(min=-MAX_LOG_RATIO) * flattening, dim=0)


def effective_sample_size(weights: Tensor) -> float:
    """(Σw)²/Σw² of weights of shape (N,): how many equally weighted points carry the same information."""
    return float(weights.sum().square() / weights.square().sum())


class Refinement(Parameters, ABC):
    """The contract: a pilot's log ratios tell the level, then samples are drawn and refined; stateless."""

    @property
    def keeps_all(self) -> bool:
        """Whether all samples are kept whatever their ratios, so that no critic need be asked."""
        return False

    @abstractmethod
    def pilot(self, log_ratio: Tensor) -> Pilot:
        """What the method needs to know and what it promises, from log ratios of the model's samples, shape (N,).

        Raises:
            ValueError: What was asked for cannot be met; the message says what can.
        """

    @abstractmethod
    def refine(
        self, draw: Draw, num_samples: int, pilot: Pilot, generator: torch.Generator
    ) -> tuple[Tensor, RefinementRecord]:
        """Refined samples, 1 or more, and what they took."""

    def config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self.get_params(deep=False)


def rejecting(
    draw: Draw, num_samples: int, pilot: Pilot, generator: torch.Generator, chance_of: Callable[[Tensor], Tensor]
) -> tuple[Tensor, RefinementRecord]:
    """Accepts each sample with the probability that its log ratio has, in blocks, until there are enough."""
    out: Tensor | None = None
    filled = drawn = accepted = fruitless = 0
    while filled < num_samples:
        # of a single class far fewer may be accepted than the pilot says of all
        rate = accepted / drawn if accepted < 0.5 * pilot.acceptance * drawn else pilot.acceptance
        # a few per cent more than expected, so that a second pass is rare
        wanted = int(1.05 * (num_samples - filled) / max(rate, 0.01 * pilot.acceptance)) + 64
        samples, log_ratio = draw(min(wanted, block_size(out)))
        chance = torch.rand(len(samples), generator=generator, dtype=torch.float64, device=samples.device)
        kept = samples[chance < chance_of(log_ratio)]
        drawn, accepted = drawn + len(samples), accepted + len(kept)
        fruitless = 0 if len(kept) else fruitless + len(samples)
        if fruitless > 30 / pilot.acceptance + pilot.drawn:  # by chance once in e^30 draws
            raise RuntimeError(
                f"none of {fruitless} samples was accepted: the critic has changed since the acceptance scale was "
                "set, or the mixture no longer produces data, or none of the class that is wanted; refit the critic, "
                "or leave the refinement out"
            )
        if out is None:
            out = new_samples(num_samples, samples)
        kept = kept[: num_samples - filled]
        out[filled : filled + len(kept)] = kept
        filled += len(kept)
    assert out is not None  # num_samples > 0
    return out, RefinementRecord(drawn, num_samples, accepted / drawn, float(num_samples))


class Rejection(Refinement):
    """Accepts with v/max v (Azadi et al.): exact where the ratio is, at whatever rate that takes.

    The maximum is the pilot's; a sample beyond it is accepted with certainty.

    Args:
        max_draws: Samples that may be drawn for each that is kept, on average, 1 or more.
    """

    def __init__(self, max_draws: int = 1_000) -> None:
        check_counts(max_draws=max_draws)
        self.max_draws = max_draws

    def pilot(self, log_ratio: Tensor) -> Pilot:
        level = float(log_ratio.clamp(min=-MAX_LOG_RATIO).min())
        chances = acceptance(log_ratio.masked_fill(log_ratio >= MAX_LOG_RATIO, math.inf), level)
        rate = float(chances.mean())
        if rate * self.max_draws < 1:
            rest = f"it takes max_draws={math.ceil(1 / rate):,} or more" if rate else "no sample lies on the data"
            raise UserError(
                f"max_draws: {self.max_draws:,} draws per sample cannot be met by rejection: {rest}; "
                "BudgetedRejection keeps as many as it is told to"
            )
        return Pilot(len(log_ratio), level, rate, effective_sample_size(chances))

    def refine(
        self, draw: Draw, num_samples: int, pilot: Pilot, generator: torch.Generator
    ) -> tuple[Tensor, RefinementRecord]:
        return rejecting(draw, num_samples, pilot, generator, lambda log_ratio: acceptance(log_ratio, pilot.level))


class BudgetedRejection(Refinement):
    """Accepts with min(1, c v), c set by the rate: the best of its rate for every f-divergence (Verine et al.).

    Args:
        budget: The rate of acceptance, in (0, 1]; .5 draws two samples for each that is kept.
    """

    def __init__(self, budget: float = 0.5) -> None:
        self.budget = check_share(budget, "budget")

    @property
    def keeps_all(self) -> bool:
        return self.budget == 1

    def pilot(self, log_ratio: Tensor) -> Pilot:
        uniform = as_probabilities(None, len(log_ratio), log_ratio)
        level = log_acceptance_scale(log_ratio, self.budget, uniform)
        chances = acceptance(log_ratio, level)
        return Pilot(len(log_ratio), level, self.budget, effective_sample_size(chances))

    def refine(
        self, draw: Draw, num_samples: int, pilot: Pilot, generator: torch.Generator
    ) -> tuple[Tensor, RefinementRecord]:
        return rejecting(draw, num_samples, pilot, generator, lambda log_ratio: acceptance(log_ratio, pilot.level))
