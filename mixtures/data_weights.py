"""Data weights: what the next component is to be trained on, given how much of each point the mixture produces.

A rule is called with the log ratio of the mixture over the data at every training point and with beta, the share of
the newcomer in the *target*; it returns `DataWeights`. Star and Dagger are the optimal targets of AdaGAN's Theorems 1
and 2; the others are the baselines of its experiments and of later work.

References:
    Tolstikhin, Gelly, Bousquet, Simon-Gabriel, Schölkopf, *AdaGAN: Boosting generative models*, 2017,
    https://arxiv.org/abs/1701.02386

    Zhong, Mo, Xiao, Chen, Zheng, *Rethinking generative mode coverage: a pointwise guaranteed approach*, 2019,
    https://arxiv.org/abs/1902.04697
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adagan.mixtures.arguments import MAX_LOG_RATIO, ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import filled, lowest, summed
from adagan.mixtures.numbers import check_share
from adagan.mixtures.order_statistic import smallest
from adagan.mixtures.parameters import Parameters
from adagan.mixtures.water_level import blocks, empty_like, log_water_level, water_level


@dataclass(frozen=True)
class DataWeights:
    """Weights on the training points, and what is worth knowing about how they came out.

    Attributes:
        values: Shape (N,), float64, non-negative, sum 1.
        beta: The newcomer's share in the target that these weights describe.
        level: The normaliser lambda of Star and Dagger; ``None`` for rules without one, or where it does not exist.
        note: A sentence on anything unusual, empty otherwise.
    """

    values: Tensor
    beta: float
    level: float | None = None
    note: str = ""

    @property
    def effective_sample_size(self) -> float:
        """1/Σw²: how many equally weighted points carry the same information, between 1 and N."""
        return float(1 / summed(lambda part: part.square().sum(), self.values))

    @property
    def kept_share(self) -> float:
        """The share of points whose weight is not zero."""
        return float(summed(lambda part: (part > 0).to(torch.float64).sum(), self.values) / len(self.values))


class DataWeightRule(Parameters, ABC):
    """The contract: log ratios and a beta in, `DataWeights` out; stateless."""

    @property
    def of_last_component(self) -> bool:
        """The rule wants the last component's log ratio in place of the mixture's."""
        return False

    @property
    def accumulates(self) -> bool:
        """The rule updates the weights of the round before, which it wants as `base`."""
        return False

    def __call__(self, log_ratio: ArrayLike, beta: float, base: ArrayLike | None = None) -> DataWeights:
        """The weights of N training points.

        Args:
            log_ratio: log dP_model/dP_data at the training points, shape (N,).
            beta: The newcomer's share in the target, in (0, 1]; 1 gives the base weights back.
            base: The points' own weights, shape (N,), normalised here; ``None`` means uniform.

        Raises:
            ValueError: NaN ratios, a beta outside (0, 1], or base weights that are negative, all zero or too few.
        """
        values = as_log_ratio(log_ratio)
        if base is None:
            base_weights = values.new_full((1,), 1 / values.numel()).expand(values.numel())
        else:
            base_weights = as_probabilities(base, values.numel(), values)
        beta = check_share(beta, "beta")
        if beta == 1 and not self.accumulates:
            return DataWeights(filled(Tensor.contiguous, base_weights), beta)
        return self.reweight(values, beta, base_weights)

    @abstractmethod
    def reweight(self, log_ratio: Tensor, beta: float, base: Tensor) -> DataWeights:
        """The weights, from checked arguments: shapes (N,), beta in (0, 1], base summing to 1."""


NORMALISED = 1.05
"""A lambda up to this is one but for the noise of the ratios."""


class Star(DataWeightRule):
    """w_i = (p_i/beta) (lambda − (1 − beta) u_i)_+, the optimal target for every f at once (Theorem 1, equation 18).

    A lambda clearly above 1 means E_data[u] > 1, which no true ratio satisfies: the note says so.
    """

    def reweight(self, log_ratio: Tensor, beta: float, base: Tensor) -> DataWeights:
        # heights above the lowest: beside a huge common height the volume beta would be lost in rounding
        counted = log_ratio if _all_count(base) else log_ratio[base > 0]
        floor = (1 - beta) * math.exp(float(lowest(counted)))
        heights = empty_like(log_ratio)
        for height, value in blocks(heights, log_ratio):
            torch.exp(value, out=height).mul_(1 - beta).sub_(floor).clamp_(min=0)
        depth = water_level(heights, base, constant=beta, slope=0.0)
        assert depth is not None  # the volume beta > 0 always finds a level
        level = floor + depth
        total = heights.new_zeros(())
        for height, weight in blocks(heights, base):
            total += height.neg_().add_(depth).clamp_(min=0).mul_(weight).sum()
        values = heights.div_(total)
        note = ""
        if level > NORMALISED:
            note = (
                f"lambda is {level:.4g} > 1: the ratios average more than 1 over the data, the critic is miscalibrated"
            )
        return DataWeights(values, beta, level, note)


class Dagger(DataWeightRule):
    """w_i = (p_i/beta) (1 − lambda (1 − beta) u_i)_+ (Theorem 2).

    Where the model misses at least the mass beta altogether there is no lambda: the weights are the base weights on
    the missed points, and the note says so. A ratio below e^−700 counts as missed.
    """

    def reweight(self, log_ratio: Tensor, beta: float, base: Tensor) -> DataWeights:
        if float(log_ratio.min()) < -MAX_LOG_RATIO:
            log_ratio = log_ratio.masked_fill(log_ratio < -MAX_LOG_RATIO, -math.inf)
        edge = log_water_level(log_ratio, base, slope=beta)
        if edge is None:
            missed = filled(lambda weight, ratio: weight * (ratio == -math.inf), base, log_ratio)
            produced = log_ratio[(base > 0) & (log_ratio > -math.inf)]
            if abs(float(missed.sum()) - beta) < 1e-12 and bool((produced >= -math.log1p(-beta) - 1e-12).all()):
                return DataWeights(missed / missed.sum(), beta, 1.0)  # lambda = 1 normalises, as any larger one would
            note = f"the model misses a mass of {float(missed.sum()):.4g} >= beta altogether: the target is that mass"
            return DataWeights(missed / missed.sum(), beta, None, note)
        values, total = empty_like(log_ratio), log_ratio.new_zeros(())
        for value, ratio, weight in blocks(values, log_ratio, base):
            total += torch.sub(ratio, edge, out=value).expm1_().neg_().clamp_(min=0).mul_(weight).sum()
        return DataWeights(values.div_(total), beta, math.exp(-edge) / (1 - beta))


class TopK(DataWeightRule):
    """The base weights on the share of points that the mixture covers least, zero elsewhere.

    Points of base weight zero do not count; points that tie at the edge of the share divide what it has left.

    Args:
        share: Share of the points that are kept, in (0, 1].
    """

    def __init__(self, share: float) -> None:
        self.share = check_share(share, "share")

    def reweight(self, log_ratio: Tensor, beta: float, base: Tensor) -> DataWeights:
        counted = log_ratio if _all_count(base) else log_ratio[base > 0]
        kept = max(1, round(self.share * counted.numel()))
        edge = smallest(counted, kept)
        inside, tied = 0, 0
        for (block,) in blocks(counted):
            inside, tied = inside + int((block < edge).sum()), tied + int((block == edge).sum())
        room = (kept - inside) / tied
        values = empty_like(log_ratio)
        for value, ratio, weight in blocks(values, log_ratio, base):
            torch.mul(weight, ratio <= edge, out=value)
            if room < 1:
                value.sub_((1 - room) * weight * (ratio == edge))
        return DataWeights(values.div_(values.sum()), beta)


class TopKLast(TopK):
    """As TopK, under the *last component's* ratio: the cascade baseline of AdaGAN's experiments."""

    of_last_component = True


class Multiplicative(DataWeightRule):
    """Doubles the weight of the points that the last component covers too little, as multiplicative weights do.

    Args:
        threshold: Points with dP_last/dP_data below it are doubled.

    References:
        Zhong et al., *Rethinking generative mode coverage*, 2019, https://arxiv.org/abs/1902.04697, Algorithm 1
    """

    of_last_component = True
    accumulates = True

    def __init__(self, threshold: float = 0.25) -> None:
        if not threshold > 0:
            raise UserError(f"threshold: expected a positive ratio, got {threshold}")
        self.threshold = float(threshold)

    def reweight(self, log_ratio: Tensor, beta: float, base: Tensor) -> DataWeights:
        values = filled(
            lambda ratio, weight: torch.where(ratio.exp() < self.threshold, 2 * weight, weight), log_ratio, base
        )
        total = summed(torch.sum, values)
        return DataWeights(filled(lambda part: part / total, values), beta)


class Uniform(DataWeightRule):
    """The base weights, whatever the ratio: boosting becomes an ensemble of independent components."""

    def reweight(self, log_ratio: Tensor, beta: float, base: Tensor) -> DataWeights:
        return DataWeights(filled(Tensor.contiguous, base), beta)


class Flattened(DataWeightRule):
    """Another rule's weights raised to a power and normalised: 0 is uniform on its support, 1 the rule itself.

    Args:
        rule: The rule to flatten.
        power: In [0, 1].
    """

    def __init__(self, rule: DataWeightRule, power: float = 0.5) -> None:
        if not 0 <= power <= 1:
            raise UserError(f"power: expected a number in [0, 1], got {power}")
        self.rule, self.power = rule, float(power)

    @property
    def of_last_component(self) -> bool:
        return self.rule.of_last_component

    @property
    def accumulates(self) -> bool:
        return self.rule.accumulates

    def reweight(self, log_ratio: Tensor, beta: float, base: Tensor) -> DataWeights:
        sharp = self.rule(log_ratio, beta, base)
        values = filled(lambda part: torch.where(part > 0, part**self.power, 0.0), sharp.values)
        total = summed(torch.sum, values)
        return replace(sharp, values=filled(lambda part: part / total, values))


def _all_count(base: Tensor) -> bool:
    """Whether no point has the weight zero."""
    return base.stride(0) == 0 or bool(lowest(base) > 0)


RULES: tuple[type[DataWeightRule], ...] = (Star, Dagger, TopK, TopKLast, Multiplicative, Uniform)
"""Every rule that needs a number at most; the command line reads this list."""
