"""Steps: how sparse the newcomer's target is, and how much of the newcomer the mixture takes.

The two are separate decisions. A `Step` gives a beta from ratios of the mixture alone and can make either; a
`MixtureStep` looks at the trained newcomer too and can make only the second.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from scipy.optimize import brentq  # type: ignore[import-untyped]
from torch import Tensor

from adagan.mixtures.arguments import ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.divergences import JensenShannon
from adagan.mixtures.errors import UserError
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.large_arrays import lowest, summed
from adagan.mixtures.numbers import check_share
from adagan.mixtures.order_statistic import smallest
from adagan.mixtures.parameters import Parameters
from adagan.mixtures.water_level import blocks
from adagan.mixtures.weights.mixture_weights import fit_mixture_weights, mixture_log_ratio

_STEEPEST = 1e150  # products of slopes stay finite
_FINEST = 4 * sys.float_info.epsilon


class MixtureStep(Parameters, ABC):
    """The contract: the mixture weights after a newcomer, from every component's log ratio at held-out data points.

    Attributes:
        minimises: Whether it minimises an f-divergence, the first argument with which it is made.
    """

    minimises: ClassVar[bool] = False

    @abstractmethod
    def weights(self, log_ratios: ArrayLike, incoming: Tensor, base: ArrayLike | None = None) -> Tensor:
        """The new weights of all components.

        Args:
            log_ratios: log dP_k/dP_data at held-out data points, shape (N, K), the newcomer last.
            incoming: The mixture's weights before this round, shape (K − 1,).
            base: Weights of the points, shape (N,); ``None`` means uniform.

        Returns:
            Weights of shape (K,), float64, sum 1.
        """

    def up_to(self, share: float) -> MixtureStep:
        """The step for a newcomer that was trained for a share of the data only; most do not ask for that."""
        return self


def append_weight(incoming: Tensor, beta: float) -> Tensor:
    """(1 − beta) · incoming, then beta: component i ends with beta_i times the product of the later (1 − beta_j)."""
    return torch.cat([(1 - beta) * incoming, incoming.new_tensor([beta])])


class Step(MixtureStep):
    """The contract of steps that need no newcomer: a beta in (0, 1] from the mixture's log ratio and the round."""

    @abstractmethod
    def beta(self, log_ratio: ArrayLike, base: ArrayLike | None = None, *, round: int = 1) -> float:
        """The newcomer's share.

        Args:
            log_ratio: log dP_mixture/dP_data at the training points, shape (N,).
            base: Weights of the points, shape (N,); ``None`` means uniform.
            round: The index t of the round, from 1.
        """

    def weights(self, log_ratios: ArrayLike, incoming: Tensor, base: ArrayLike | None = None) -> Tensor:
        ratios = as_log_ratio(log_ratios, "log_ratios", ndim=2)
        mixture = mixture_log_ratio(ratios[:, :-1], incoming)
        return append_weight(incoming, self.beta(mixture, base, round=ratios.shape[1]))


class Harmonic(Step):
    """beta_t = 1/t, so that all components end with equal weights: every experiment of the AdaGAN paper."""

    def beta(self, log_ratio: ArrayLike, base: ArrayLike | None = None, *, round: int = 1) -> float:
        return 1 / round


class Constant(Step):
    """The same beta in every round.

    Args:
        value: In (0, 1].
    """

    def __init__(self, value: float) -> None:
        self.value = check_share(value, "value")

    def beta(self, log_ratio: ArrayLike, base: ArrayLike | None = None, *, round: int = 1) -> float:
        return self.value


class KeepShare(Step):
    """The beta at which Star leaves a given share of the points with weight.

    With the ratios sorted, k = ⌈share · N⌉ and S = Σ_{i ≤ k} p_i (h_k − h_i), beta = S/(1 + S). Points of base weight
    zero do not count.

    Args:
        share: Share of the points, in (0, 1].

    Raises:
        ValueError: All the k lowest ratios are equal, so that no beta > 0 exists.
    """

    def __init__(self, share: float) -> None:
        self.share = check_share(share, "share")

    def beta(self, log_ratio: ArrayLike, base: ArrayLike | None = None, *, round: int = 1) -> float:
        values = as_log_ratio(log_ratio)
        weights = values.new_full((1,), 1 / values.numel()).expand(values.numel())
        if base is not None:
            weights = as_probabilities(base, values.numel(), values)
            if not bool(lowest(weights) > 0):
                values, weights = values[weights > 0], weights[weights > 0]
        # guard against ceil(.6 * 5) = 4 when the product is a hair above 3
        kept = max(1, math.ceil(self.share * values.numel() - 1e-9))
        threshold = smallest(values, kept).exp()
        spare = float(sum(w.dot((threshold - v.exp()).clamp_(min=0)) for w, v in blocks(weights, values)))
        if spare == 0:
            raise UserError(
                f"share: the {kept} lowest of {values.numel()} ratios are equal, so no beta keeps exactly the share "
                f"{self.share}; take a larger share, or Constant"
            )
        return spare / (1 + spare)


class MissingMass(Step):
    """beta = E_data[(1 − u)_+], the mass of the data that the mixture lacks, held between two bounds.

    The mass is total variation's part below the data; with a coarse critic it counts missing regions rather than the
    wrong shapes of present ones.

    Args:
        lowest: Lower bound: a newcomer needs some data to learn from.
        highest: Upper bound.
    """

    def __init__(self, lowest: float = 0.02, highest: float = 0.5) -> None:
        self.lowest, self.highest = check_share(lowest, "lowest"), check_share(highest, "highest")
        if lowest > highest:
            raise UserError(f"lowest: expected at most highest={highest}, got {lowest}")

    def beta(self, log_ratio: ArrayLike, base: ArrayLike | None = None, *, round: int = 1) -> float:
        return min(max(missing_mass(log_ratio, base), self.lowest), self.highest)


def missing_mass(log_ratio: ArrayLike, base: ArrayLike | None = None) -> float:
    """E_data[(1 − u)_+]: the mass of the data that the model would have to be given to cover all of it."""
    values = as_log_ratio(log_ratio)
    weights = as_probabilities(base, values.numel(), values)
    return float(summed(lambda weight, value: (weight * shortfall(value)).sum(), weights, values))


def shortfall(log_ratio: Tensor) -> Tensor:
    """(1 − u)_+, the part of a point's mass that the model lacks, elementwise."""
    return (-torch.expm1(log_ratio)).clamp(min=0)


class LineSearch(MixtureStep):
    """The beta that minimises D_f((1 − beta) mixture + beta newcomer ‖ data), which is convex in beta for every f.

    beta = 0 is possible: a failed newcomer is rejected, which 1/t cannot do.

    Args:
        divergence: The f-divergence to minimise.
    """

    minimises = True

    def __init__(self, divergence: FDivergence | None = None) -> None:
        self.divergence = divergence or JensenShannon()

    def beta(self, log_ratio_mixture: ArrayLike, log_ratio_newcomer: ArrayLike, base: ArrayLike | None = None) -> float:
        """The minimiser in [0, 1], from both log ratios at held-out data points, shapes (N,).

        Raises:
            ValueError: NaN, shapes that differ, supports so disjoint that the divergence is infinite for every beta, or
                ratios beyond what it bears.
        """
        mixture = as_log_ratio(log_ratio_mixture, "log_ratio_mixture")
        newcomer = as_log_ratio(log_ratio_newcomer, "log_ratio_newcomer")
        if mixture.shape != newcomer.shape:
            raise UserError(
                f"log_ratio_newcomer: expected the {mixture.numel()} points of log_ratio_mixture, "
                f"got {newcomer.numel()}"
            )
        weights = as_probabilities(base, mixture.numel(), mixture)
        reached = torch.maximum(mixture, newcomer)
        if math.isinf(self.divergence.value_at_zero) and bool((weights[reached == -math.inf] > 0).any()):
            raise UserError(
                f"{self.divergence!r} is infinite for every beta: some data points have ratio zero under both the "
                "mixture and the newcomer; choose a divergence that is finite there, such as JensenShannon()"
            )
        counted = (weights > 0) & (reached > -math.inf)
        weights, unit = weights[counted], reached[counted]
        of_mixture, of_newcomer = (mixture[counted] - unit).exp(), (newcomer[counted] - unit).exp()

        def slope(beta: float) -> float:
            inner = (1 - beta) * of_mixture + beta * of_newcomer
            by_log_ratio = self.divergence.reduced_slope(inner.log() + unit)
            total = float((weights * by_log_ratio * (of_newcomer - of_mixture) / inner).sum())
            if math.isnan(total):
                raise UserError(
                    f"{self.divergence!r} cannot be searched: the ratios are too large for it; "
                    "choose a divergence that bears them, such as JensenShannon()"
                )
            return min(max(total, -_STEEPEST), _STEEPEST)

        # the slope rises with beta; just inside the ends it is finite where a divergence at the ends is not
        lowest, highest = 1e-300, 1 - 2**-53
        if slope(lowest) >= 0:
            return 0.0
        if slope(highest) <= 0:
            return 1.0
        return float(brentq(slope, lowest, highest, xtol=1e-300, rtol=_FINEST, maxiter=2000))

    def weights(self, log_ratios: ArrayLike, incoming: Tensor, base: ArrayLike | None = None) -> Tensor:
        ratios = as_log_ratio(log_ratios, "log_ratios", ndim=2)
        mixture = mixture_log_ratio(ratios[:, :-1], incoming)
        return append_weight(incoming, self.beta(mixture, ratios[:, -1], base))


class FullyCorrective(MixtureStep):
    """All mixture weights refitted at once by f-divergence minimisation; see `fit_mixture_weights`.

    Args:
        divergence: The f-divergence to minimise.
        threshold: Components with less weight than this are dropped and the others refitted.
    """

    minimises = True

    def __init__(self, divergence: FDivergence | None = None, threshold: float = 0.0) -> None:
        if not 0 <= threshold < 1:
            raise UserError(f"threshold: expected a share of the mixture in [0, 1), got {threshold}")
        self.divergence, self.threshold = divergence or JensenShannon(), float(threshold)

    def weights(self, log_ratios: ArrayLike, incoming: Tensor, base: ArrayLike | None = None) -> Tensor:
        start = append_weight(incoming, 0.0)
        return fit_mixture_weights(log_ratios, self.divergence, base, initial=start, threshold=self.threshold)


TARGETS: tuple[type[Step], ...] = (MissingMass, Harmonic, Constant, KeepShare)
STEPS: tuple[type[MixtureStep], ...] = (FullyCorrective, LineSearch, Harmonic, Constant)
"""What suits as a target, and as a step; the command line reads these lists."""
