"""Newton's method on the simplex from a start near the minimum: a sequence of quadratic programs.

Where a subsample of the points has given weights that are nearly right, a few passes over all points make them exact:
each solves the quadratic model of (*) in `interior_point` over the simplex, whose matrix may be a little out of date,
since the exact gradient alone decides where the method ends. The matrix is computed anew only when the gap stops
falling fast.

References:
    Kim, Carbonetto, Stephens, Anitescu, *A fast algorithm for maximum likelihood estimation of mixture proportions
    using sequential quadratic programming*, 2020, https://pmc.ncbi.nlm.nih.gov/articles/PMC7986967
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.weights.interior_point import TOLERANCE, Points, SimplexMinimum, newton_step, next_barrier, room

_FAST = 0.1  # of the decrease that the step before promised


def refine(points: Points, divergence: FDivergence, start: Tensor, max_steps: int = 60) -> SimplexMinimum:
    """Minimises (*) of `interior_point` from `start`, until the gap is negligible or no step lowers the value.

    Args:
        points: The ratios and probabilities.
        divergence: Gives g, its `reduced` function; twice differentiable.
        start: Weights with a finite value, shape (K,), sum 1.
        max_steps: Steps, each two passes over the points.
    """
    weights, inner = start, points.inner(start)
    best = SimplexMinimum(start, points.value(divergence, inner), math.inf, 0)
    hessian, fresh, last = None, False, math.inf
    for step in range(max_steps):
        log_ratio = inner.log() + points.shift
        value = float(points.probabilities @ divergence.reduced(log_ratio))
        gradient = points.gradient(divergence.reduced_slope(log_ratio), inner)
        if not (math.isfinite(value) and bool(gradient.isfinite().all())):
            break
        gap, scale = max(float(gradient @ weights - gradient.min()), 0.0), max(1.0, abs(value))
        best = best.improved(weights, value, value - gap, step)
        if best.gap <= TOLERANCE * scale:
            break
        while True:
            if hessian is None:
                hessian, fresh = points.hessian(divergence.curvature(log_ratio), inner, torch.ones_like(weights)), True
            target = quadratic_minimum(hessian, gradient, weights, 0.01 * TOLERANCE * scale)
            slope = float(gradient @ (target - weights))
            if fresh or -slope < _FAST * last:
                break
            hessian = None
        there = points.inner(target)
        length = 1.0
        while length > 1e-6:
            moved = inner + length * (there - inner)
            if points.value(divergence, moved) - value <= 1e-4 * length * slope + 1e-14 * scale:
                break
            length /= 2
        else:
            break
        weights, inner = weights + length * (target - weights), moved
        last, fresh = -slope, False
        if length < 1:
            hessian = None
    return best


def quadratic_minimum(
    hessian: Tensor, gradient: Tensor, weights: Tensor, tolerance: float, max_steps: int = 60
) -> Tensor:
    """Where g·(x − a) + ½ (x − a)·H (x − a) is least over the simplex, as near as `tolerance` or rounding permits.

    Args:
        hessian: H, shape (K, K).
        gradient: g, shape (K,).
        weights: a, shape (K,).
        tolerance: The gap that will do.
    """
    found = torch.full_like(weights, 1 / len(weights))
    products = torch.empty_like(found)
    for step in range(max_steps):
        slope = gradient + hessian @ (found - weights)
        mean, least = float(slope @ found), float(slope.min())
        if mean - least <= tolerance:
            break
        if step == 0:
            products = (found * (slope - least)).clamp_(min=(mean - least) / len(found))
        relative, scaled = found * (slope - mean), hessian * found * found[:, None]
        barrier = next_barrier(scaled, relative, found, products)
        delta = newton_step(scaled, relative - barrier, found, products)
        length = room(delta)
        if not length > 1e-10:
            break
        growth = 1 + length * delta
        products = (barrier - products * delta).clamp_(min=1e-3 * barrier) * growth
        found = found * growth
        found = found / found.sum()
    return found
