"""Mixture weights: all of them at once, by minimising an f-divergence over the simplex."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from torch import Tensor

from adagan.mixtures.arguments import MAX_LOG_RATIO, ArrayLike, as_log_ratio, as_probabilities
from adagan.mixtures.divergences import TotalVariation
from adagan.mixtures.f_divergence import FDivergence

Array: TypeAlias = NDArray[np.float64]
Objective: TypeAlias = Callable[[Array], tuple[float, Array]]

_TOLERANCE = 1e-9
_UNCERTAIN = 0.01


def mixture_log_ratio(log_ratios: Tensor, weights: Tensor) -> Tensor:
    """The mixture's, log Σ_k a_k u_k of shape (N,), from log u of shape (N, K) and weights a of shape (K,)."""
    return torch.logsumexp(log_ratios + weights.to(log_ratios).log(), dim=1)


def fit_mixture_weights(
    log_ratios: ArrayLike,
    divergence: FDivergence,
    base: ArrayLike | None = None,
    *,
    initial: ArrayLike | None = None,
) -> Tensor:
    """The weights a that minimise D_f(Σ_k a_k P_k ‖ P_data) over the simplex: convex for every f.

    The minimiser is scipy's SLSQP from `initial`, then from weights nearer to uniform unless the gap certifies the
    first result; the result is never worse than `initial`.

    Args:
        log_ratios: log dP_k/dP_data of every component at held-out data points, shape (N, K).
        divergence: The f-divergence.
        base: Weights of the points, shape (N,); ``None`` means uniform.
        initial: Feasible weights to start from, shape (K,), such as those of the mixture so far with 0 for the
            newcomer; ``None`` means uniform.

    Returns:
        Weights of shape (K,), float64, sum 1.

    Raises:
        ValueError: NaN ratios, wrong lengths, or a divergence that is infinite for all weights.

    Warns:
        UserWarning: The duality gap exceeds a hundredth of the value. TotalVariation, whose derivative jumps, has no
            such certificate and is not warned of.
    """
    ratios = as_log_ratio(log_ratios, "log_ratios", ndim=2)
    points, count = ratios.shape
    probabilities = as_probabilities(base, points, ratios)
    uniform = torch.full((count,), 1.0 / count, dtype=torch.float64, device=ratios.device)
    start = uniform if initial is None else as_probabilities(initial, count, ratios, "initial")
    if count == 1:
        return uniform
    reached = ratios.max(dim=1).values > -math.inf
    if math.isinf(divergence.value_at_zero) and bool((probabilities[~reached] > 0).any()):
        raise ValueError(
            f"{divergence!r} is infinite for all weights: some data points have ratio zero under every component; "
            "choose a divergence that is finite there, such as JensenShannon()"
        )
    # points that no component reaches add a constant, points of weight zero nothing
    counted = reached & (probabilities > 0)
    ratios, probabilities = ratios[counted], probabilities[counted]
    shift = ratios.max(dim=1, keepdim=True).values.clamp(min=-MAX_LOG_RATIO)
    scaled = (ratios - shift).exp()

    def value(weights: Array) -> tuple[float, Array]:
        inner = scaled @ torch.as_tensor(weights, device=ratios.device).clamp(min=0)
        mixed = inner.log() + shift[:, 0]
        total = float((probabilities * divergence.integrand(mixed)).sum())
        # d log u / d a_k = u_k/u, so that no ratio itself enters, however large
        slope = probabilities * divergence.reduced_slope(mixed) / inner
        return total, (scaled.T @ slope).cpu().numpy()

    best, least, gap = start.cpu().numpy(), value(start.cpu().numpy())[0], math.inf
    for origin in (start, 0.5 * (start + uniform), uniform):
        candidate = _descend(value, origin.cpu().numpy())
        total, gradient = value(candidate)
        if total < least or math.isnan(least):
            best, least = candidate, total
        gap = min(gap, _gap(gradient, candidate) if math.isfinite(total) else math.inf)
        if math.isfinite(total) and gap <= _TOLERANCE * max(abs(total), 1.0):
            break
    if not math.isfinite(least):
        raise ValueError(
            f"{divergence!r} is infinite for all weights that were tried: the ratios are too large for it; "
            "choose a divergence that bears them, such as JensenShannon()"
        )
    if gap > _UNCERTAIN * max(abs(least), 1e-6) and not isinstance(divergence, TotalVariation):
        warnings.warn(
            f"the mixture weights are not certified: {divergence!r} is {least:.4g} and may still fall by {gap:.2g}; "
            "log ratios that spread this widely need a calibrated critic, or JensenShannon()",
            stacklevel=2,
        )
    return torch.as_tensor(best, dtype=torch.float64, device=ratios.device)


def _descend(value: Objective, origin: Array) -> Array:
    """Runs scipy's SLSQP on the simplex, restarted in units of the remaining gap until that is negligible."""
    weights = origin
    for _ in range(30):
        first, gradient = value(weights)
        gap = _gap(gradient, weights)
        if not math.isfinite(first) or not _TOLERANCE * max(abs(first), 1e-6) < gap < math.inf:
            break

        def scaled(weights: Array, first: float = first, gap: float = gap) -> tuple[float, Array]:
            total, slope = value(weights)
            with np.errstate(over="ignore"):  # scipy gives such a point up
                return (total - first) / gap, slope / gap

        found = minimize(
            scaled,
            weights,
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * len(origin),
            constraints={"type": "eq", "fun": lambda a: a.sum() - 1.0, "jac": lambda a: np.ones_like(a)},
            options={"ftol": 1e-12, "maxiter": 200},
        )
        candidate = np.maximum(found.x, 0.0) / np.maximum(found.x, 0.0).sum()
        if not value(candidate)[0] < first:
            break
        weights = candidate
    return weights


def _gap(gradient: Array, weights: Array) -> float:
    """g·a − min g, which bounds what a convex function can still lose on the simplex (Frank and Wolfe)."""
    return float(gradient @ weights - gradient.min()) if np.isfinite(gradient).all() else math.inf
