"""Mixture weights: all of them at once, by minimising an f-divergence over the simplex."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adagan.mixtures.arguments import ArrayLike, as_float64, as_log_ratio, as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.large_arrays import filled
from adagan.mixtures.weights.interior_point import Points
from adagan.mixtures.weights.subsampling import minimise

_UNCERTAIN = 0.01
_ROUNDING = 1e-9


@dataclass(frozen=True)
class MixtureWeights:
    """Fitted mixture weights, and the certificate of their optimality.

    Attributes:
        weights: Shape (K,), float64, sum 1; exactly zero where a component is not needed.
        value: The divergence's estimate at these weights.
        gap: No weights of the components that are kept have an estimate lower than `value` by more than this.
        steps: Newton steps of the method.
    """

    weights: Tensor
    value: float
    gap: float
    steps: int


def mixture_log_ratio(log_ratios: Tensor, weights: Tensor) -> Tensor:
    """The mixture's, log Σ_k a_k u_k of shape (N,), from log u of shape (N, K) and weights a of shape (K,)."""
    logarithms = weights.to(log_ratios).log()
    return filled(lambda part: torch.logsumexp(part + logarithms, dim=1), log_ratios)


def fit_mixture_weights(
    log_ratios: ArrayLike,
    divergence: FDivergence,
    base: ArrayLike | None = None,
    *,
    initial: ArrayLike | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """The weights a that minimise D_f(Σ_k a_k P_k ‖ P_data) over the simplex: convex for every f.

    The weights alone of `minimise_divergence`, which see for the arguments, the errors and the warnings.

    Returns:
        Weights of shape (K,), float64, sum 1.
    """
    return minimise_divergence(log_ratios, divergence, base, initial=initial, threshold=threshold).weights


def minimise_divergence(
    log_ratios: ArrayLike,
    divergence: FDivergence,
    base: ArrayLike | None = None,
    *,
    initial: ArrayLike | None = None,
    threshold: float = 0.0,
) -> MixtureWeights:
    """Fully corrective mixture weights with their certificate, by Newton's method.

    The estimate is never above that of `initial`. The method needs f'': TotalVariation is solved as a linear program
    instead, any other divergence with a kink ends with a larger gap. With 200 components a million points take seconds
    on one thread; under TotalVariation a hundred thousand take up to a minute, and the points are all used at once.

    Args:
        log_ratios: log dP_k/dP_data of every component at held-out data points, shape (N, K).
        divergence: The f-divergence.
        base: Weights of the points, shape (N,); ``None`` means uniform.
        initial: Incoming weights, shape (K,), such as those of the mixture so far with 0 for the newcomer; ``None``
            means uniform.
        threshold: Components with less weight than this, in [0, 1), are dropped and the others refitted, as long as
            the estimate stays at or below that of `initial`.

    Raises:
        ValueError: NaN ratios, wrong lengths, a threshold outside [0, 1), or, for two components and more, a divergence
            that is infinite for all weights.

    Warns:
        UserWarning: The gap exceeds a hundredth of the value.
    """
    if not 0 <= threshold < 1:
        raise UserError(f"threshold: expected a share of the mixture in [0, 1), got {threshold}")
    if as_float64(log_ratios).shape[1:] == (1,):
        ratios = as_log_ratio(log_ratios, "log_ratios", ndim=2)
        return MixtureWeights(torch.ones_like(ratios[0]), divergence.estimate(ratios[:, 0], base), 0.0, 0)
    points, unreached, incoming = _problem(log_ratios, divergence, base, initial)
    found = minimise(points, divergence)
    before = points.value(divergence, points.inner(incoming))
    if not (math.isfinite(found.value) or math.isfinite(before)):
        raise UserError(
            f"{divergence!r} is infinite for all weights that were tried: the ratios are too large for it; "
            "choose a divergence that bears them, such as JensenShannon()"
        )
    best = _without_rounding(points, divergence, MixtureWeights(found.weights, found.value, found.gap, found.steps))
    if not best.value <= before:
        best = replace(best, weights=incoming, value=before, gap=max(best.gap - (best.value - before), 0.0))
    best = _pruned(points, divergence, best, threshold, before)
    best = replace(best, value=best.value + unreached)
    if not best.gap <= _UNCERTAIN * max(abs(best.value), 1e-6):
        warnings.warn(
            f"the mixture weights are not certified: {divergence!r} is {best.value:.4g} and may still fall by "
            f"{best.gap:.2g}; log ratios that spread this widely need a calibrated critic, or JensenShannon()",
            stacklevel=3,
        )
    return best


def _problem(
    log_ratios: ArrayLike, divergence: FDivergence, base: ArrayLike | None, initial: ArrayLike | None
) -> tuple[Points, float, Tensor]:
    """The points that count, what the others add to the value, and the incoming weights."""
    given = as_float64(log_ratios)
    ratios = as_log_ratio(given, "log_ratios", ndim=2)
    count = ratios.shape[1]
    probabilities = as_probabilities(base, len(ratios), ratios)
    incoming = as_probabilities(initial, count, ratios, "initial")
    reached = ratios.amax(dim=1) > -math.inf
    lost = float(probabilities[~reached].sum())
    if lost > 0 and math.isinf(divergence.value_at_zero):
        raise UserError(
            f"{divergence!r} is infinite for all weights: some data points have ratio zero under every component; "
            "choose a divergence that is finite there, such as JensenShannon()"
        )
    nothing = ratios.new_full((1,), -math.inf)
    unreached = lost * float(divergence.integrand(nothing)) if lost > 0 else 0.0
    counted = reached & (probabilities > 0)
    if not bool(counted.all()):
        ratios, probabilities = ratios[counted], probabilities[counted]
    elif ratios.data_ptr() == given.data_ptr():
        ratios = ratios.clone()  # the points overwrite them
    return Points(ratios, probabilities), unreached, incoming


def _without_rounding(points: Points, divergence: FDivergence, found: MixtureWeights) -> MixtureWeights:
    """With zeros for the weights that the method holds above zero only for its own sake."""
    weights = torch.where(found.weights > _ROUNDING, found.weights, 0.0)
    weights /= weights.sum()
    value = points.value(divergence, points.inner(weights))
    rise = value - found.value
    if not rise <= 1e-9 * max(1.0, abs(found.value)):
        return found
    return replace(found, weights=weights, value=value, gap=max(found.gap + rise, 0.0))


def _pruned(
    points: Points, divergence: FDivergence, found: MixtureWeights, threshold: float, before: float
) -> MixtureWeights:
    """Drops the components below the threshold and refits the others, until none is below it."""
    kept = (found.weights > 0).nonzero()[:, 0]
    while True:
        enough = found.weights[kept] >= min(threshold, float(found.weights.max()))
        if bool(enough.all()):
            return found
        kept = kept[enough]
        fewer = points.of_components(kept)
        if bool((fewer.scaled.amax(dim=1) == 0).any()) and math.isinf(divergence.value_at_zero):
            return found
        refitted = minimise(fewer, divergence)
        if not refitted.value <= before:
            return found
        weights = torch.zeros_like(found.weights).index_copy_(0, kept, refitted.weights)
        found = MixtureWeights(weights, refitted.value, refitted.gap, found.steps + refitted.steps)
