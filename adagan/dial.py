"""The dial between coverage and realism: what each choice of divergence makes of the same components.

The mixture weights that minimise ForwardKL keep every component that covers something, however many spurious samples
it brings; those that minimise ReverseKL keep what is realistic, and drop what is rare. The generalised Jensen-Shannon
divergence turns from one to the other with the data's share in its reference measure.

References:
    Huszár, *How (not) to train your generative model*, 2015, https://arxiv.org/abs/1511.05101

    Sajjadi, Bachem, Lucic, Bousquet, Gelly, *Assessing generative models via precision and recall*, 2018,
    https://arxiv.org/abs/1806.00035
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from adagan.mixtures.arguments import ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.divergences import ForwardKL, GeneralizedJensenShannon, ReverseKL
from adagan.mixtures.errors import UserError
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.numbers import check_share
from adagan.mixtures.weights.mixture_weights import fit_mixture_weights, mixture_log_ratio

SHARES = (0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)
"""Positions of the dial that show its whole range; its middle is JensenShannon."""

TOLERANCE = 0.1
"""A region counts as covered, and a sample as real, down to a tenth of the other side's density."""


@dataclass(frozen=True)
class DialPoint:
    """A position of the dial, and the mixture that it makes.

    Attributes:
        share: The data's share pi in the reference measure, in [0, 1]: 0 for coverage, 1 for realism.
        weights: The mixture weights that minimise the divergence at this share, shape (K,).
        recall: The share of the data that the mixture covers, in [0, 1]; see `recall`.
        precision: The share of the mixture that the data contain, 0 or more and 1 at most for true ratios; see
            `precision`.
    """

    share: float
    weights: Tensor
    recall: float
    precision: float


def dial(
    log_ratios: ArrayLike,
    base: ArrayLike | None = None,
    shares: Sequence[float] = SHARES,
    *,
    tolerance: float = TOLERANCE,
) -> tuple[DialPoint, ...]:
    """The fully corrective mixture weights at each share, with their recall and precision.

    Nothing but log ratios at data points is needed. A share of 1, ReverseKL, sees the mass that components put outside
    the data only if the points reach there too: then pass points of a wider distribution M, with base weights
    proportional to dP_data/dM.

    Args:
        log_ratios: log dP_k/dP_data of every component at held-out data points, shape (N, K).
        base: Weights of the points, shape (N,); ``None`` means uniform.
        shares: Positions of the dial, each in [0, 1]; 0 is ForwardKL, 1 ReverseKL.
        tolerance: The density, as a share of the other side's, from which on a region counts as covered or real.

    Raises:
        ValueError: A share outside [0, 1], a tolerance outside (0, 1], or ratios as in `fit_mixture_weights`.
    """
    divergences = [divergence_at(share) for share in shares]
    ratios = as_log_ratio(log_ratios, "log_ratios", ndim=2)
    points: list[DialPoint] = []
    for share, divergence in zip(shares, divergences, strict=True):
        weights = fit_mixture_weights(ratios, divergence, base, initial=points[-1].weights if points else None)
        mixed = mixture_log_ratio(ratios, weights)
        points.append(DialPoint(share, weights, recall(mixed, base, tolerance), precision(mixed, base, tolerance)))
    return tuple(points)


def divergence_at(share: float) -> FDivergence:
    """The divergence at a position of the dial: ForwardKL at 0, ReverseKL at 1, generalised Jensen-Shannon between."""
    if share == 0:
        return ForwardKL()
    if share == 1:
        return ReverseKL()
    if not 0 < share < 1:
        raise UserError(f"shares: expected numbers in [0, 1], got {share}")
    return GeneralizedJensenShannon(share)


def recall(log_ratio: ArrayLike, base: ArrayLike | None = None, tolerance: float = TOLERANCE) -> float:
    """E_data[min(1, u/t)]: the data's mass at which the model has at least a share t of the data's density.

    Where it has less, the mass counts in proportion. This is the recall at the slope t of the precision-recall curve
    of distributions, and 1 − TotalVariation at t = 1 (Sajjadi et al., section 3).

    Args:
        log_ratio: log dP_model/dP_data at data points, shape (N,).
        base: Weights of the points, shape (N,); ``None`` means uniform.
        tolerance: The share t, in (0, 1].
    """
    tolerance = check_share(tolerance, "tolerance")
    ratio = as_log_ratio(log_ratio).exp()
    return float((as_probabilities(base, ratio.numel(), ratio) * (ratio / tolerance).clamp_(max=1)).sum())


def precision(log_ratio: ArrayLike, base: ArrayLike | None = None, tolerance: float = TOLERANCE) -> float:
    """E_model[min(1, 1/(t u))] = E_data[min(u, 1/t)]: the model's mass where the data have a share t of its density.

    The mirror of `recall`: the precision at the slope 1/t of the same curve. Data points alone tell it: the mass that
    the model puts outside the data is what is missing from 1.

    Args:
        log_ratio: log dP_model/dP_data at data points, shape (N,).
        base: Weights of the points, shape (N,); ``None`` means uniform.
        tolerance: The share t, in (0, 1].
    """
    tolerance = check_share(tolerance, "tolerance")
    ratio = as_log_ratio(log_ratio).exp()
    return float((as_probabilities(base, ratio.numel(), ratio) * ratio.clamp_(max=1 / tolerance)).sum())
