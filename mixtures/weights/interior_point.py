"""The convex problem behind fully corrective mixture weights, and an interior-point method that certifies its minimum.

With u_ik the ratio of component k at the data point i and g the convex function of a divergence, the problem is

    minimise  F(a) = Σ_i p_i g(Σ_k a_k u_ik)   over   a ≥ 0,  Σ_k a_k = 1.                                        (*)

Steps are relative, a_k → a_k (1 + delta_k), so that the Newton matrix consists of the responsibilities a_k u_ik/u_i,
numbers between 0 and 1 whatever the scale of the ratios. F(a) is certified by the gap of Frank and Wolfe, g·a − min g.

References:
    Boyd, Vandenberghe, *Convex optimization*, 2004, sections 11.7 and 11.8, https://web.stanford.edu/~boyd/cvxbook/

    Mehrotra, *On the implementation of a primal-dual interior point method*, SIAM Journal on Optimization 2, 1992

    Jaggi, *Revisiting Frank-Wolfe: projection-free sparse convex optimization*, ICML 2013, section 2
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.mixtures.arguments import MAX_LOG_RATIO
from adagan.mixtures.f_divergence import FDivergence

TOLERANCE = 1e-12
"""The gap at which a minimum counts as reached, in units of max(1, |F|)."""

_ENTRIES_OF_A_BLOCK = 2**20
_POINTS_OF_A_HESSIAN = 300  # per component: enough for steps that err by a tenth
_SHORT = 0.2


class Points:
    """The ratios of K components at N data points, by rows in units of their largest entry.

    Args:
        log_ratios: log u_ik, shape (N, K), every row with an entry above minus infinity; overwritten.
        probabilities: p_i > 0, shape (N,).
    """

    def __init__(self, log_ratios: Tensor, probabilities: Tensor) -> None:
        self.shift = log_ratios.amax(dim=1).clamp_(min=-MAX_LOG_RATIO)
        self.scaled = log_ratios.sub_(self.shift[:, None]).exp_()
        self.probabilities = probabilities

    def __len__(self) -> int:
        return len(self.probabilities)

    def every(self, stride: int) -> Points:
        """Every stride-th point."""
        return self._with(self.scaled[::stride].contiguous(), self.shift[::stride], self.probabilities[::stride])

    def of_components(self, kept: Tensor) -> Points:
        """The same points for the components at the indices `kept`; rows keep their units."""
        return self._with(self.scaled[:, kept], self.shift, self.probabilities)

    def _with(self, scaled: Tensor, shift: Tensor, probabilities: Tensor) -> Points:
        other = object.__new__(Points)
        other.scaled, other.shift, other.probabilities = scaled, shift, probabilities
        return other

    def inner(self, weights: Tensor) -> Tensor:
        """Σ_k a_k u_ik in units of the row, shape (N,)."""
        return self.scaled @ weights

    def value(self, divergence: FDivergence, inner: Tensor) -> float:
        """F of (*)."""
        # a point that nothing reaches costs the value at zero
        return float(self.probabilities @ divergence.integrand(inner.log() + self.shift))

    def gradient(self, slope: Tensor, inner: Tensor) -> Tensor:
        """Σ_i p_i slope_i u_ik/u_i, shape (K,), from derivatives with respect to log u_i."""
        # d log u/d a_k = u_k/u, so that no ratio itself enters, however large
        return (self.probabilities * slope / inner) @ self.scaled

    def hessian(self, curvature: Tensor, inner: Tensor, weights: Tensor, stride: int = 1) -> Tensor:
        """Σ_i p_i curvature_i r_ik r_il with the responsibilities r_ik = a_k u_ik/u_i, shape (K, K).

        With a stride it is estimated from every stride-th point.
        """
        root = (stride * self.probabilities * curvature).sqrt_().div_(inner)[::stride]
        hessian = weights.new_zeros(len(weights), len(weights))
        block = max(1, _ENTRIES_OF_A_BLOCK // len(weights))
        for rows, roots in zip(torch.split(self.scaled[::stride], block), torch.split(root, block), strict=True):
            parts = rows * roots[:, None] * weights
            hessian.addmm_(parts.T, parts)
        return hessian


@dataclass(frozen=True)
class SimplexMinimum:
    """Where a method ended.

    Attributes:
        weights: Shape (K,), positive, sum 1.
        value: F there.
        gap: The minimum is at most this much lower.
        steps: Newton steps taken, each a pass over the points.
    """

    weights: Tensor
    value: float
    gap: float
    steps: int

    def improved(self, weights: Tensor, value: float, lower_bound: float, steps: int) -> SimplexMinimum:
        """The better of this and other weights, beside the best lower bound so far."""
        best = (weights, value) if value <= self.value else (self.weights, self.value)
        return SimplexMinimum(*best, best[1] - max(lower_bound, self.value - self.gap), steps)


def minimise_smooth(points: Points, divergence: FDivergence, start: Tensor, max_steps: int = 200) -> SimplexMinimum:
    """Minimises (*) by a primal-dual interior-point method, until the gap is negligible or rounding ends progress.

    Args:
        points: The ratios and probabilities.
        divergence: Gives g, its `reduced` function; twice differentiable.
        start: Positive weights, shape (K,), sum 1.
        max_steps: Newton steps, each one pass over the points.
    """
    weights, inner = start, points.inner(start)
    best = SimplexMinimum(start, points.value(divergence, inner), math.inf, 0)
    products = torch.empty_like(start)  # of weights and dual variables
    stride = max(1, len(points) // (_POINTS_OF_A_HESSIAN * len(start)))
    for step in range(max_steps):
        log_ratio = inner.log() + points.shift
        value = float(points.probabilities @ divergence.reduced(log_ratio))
        gradient = points.gradient(divergence.reduced_slope(log_ratio), inner)
        if not (math.isfinite(value) and bool(gradient.isfinite().all())):
            break
        mean, least, scale = float(gradient @ weights), float(gradient.min()), max(1.0, abs(value))
        best = best.improved(weights, value, value - (mean - least), step)
        if best.gap <= TOLERANCE * scale:
            break
        if step == 0:
            products = (weights * (gradient - least)).clamp_(min=(mean - least) / len(weights))
        hessian = points.hessian(divergence.curvature(log_ratio), inner, weights, stride)
        slope = weights * (gradient - mean)
        # beyond the tolerance a smaller barrier gains nothing and costs conditioning
        barrier = max(next_barrier(hessian, slope, weights, products), 1e-2 * TOLERANCE * scale / len(weights))
        delta = newton_step(hessian, slope - barrier, weights, products)
        direction = points.inner(weights * delta)
        # Armijo's condition on F − barrier · Σ log a, allowing for rounding
        length, decrease = room(delta), float((slope - barrier) @ delta)
        while length > 1e-10:
            moved = inner + length * direction
            change = points.value(divergence, moved) - value - barrier * float(torch.log1p(length * delta).sum())
            if change <= 1e-4 * length * decrease + 1e-14 * scale:
                break
            length /= 2
        else:
            break
        if length < _SHORT:  # points of rare modes may be absent from the estimate
            stride = 1
        growth = 1 + length * delta
        products = (barrier - products * delta).clamp_(min=1e-3 * barrier) * growth
        total = (weights * growth).sum()
        weights, inner = weights * growth / total, moved / total
    return best


def newton_step(hessian: Tensor, slope: Tensor, weights: Tensor, products: Tensor) -> Tensor:
    """The relative step: (H + diag(products)) delta = −slope + y a and a·delta = 0; NaN where there is none."""
    matrix = hessian + products.diag()
    scale = matrix.diagonal().rsqrt()
    matrix = matrix * scale * scale[:, None]
    matrix.diagonal().add_(1e-14)  # components that are copies of each other
    factor = torch.linalg.cholesky_ex(matrix).L
    sides = torch.stack([-slope * scale, weights * scale], dim=1)
    free, constraint = (torch.cholesky_solve(sides, factor) * scale[:, None]).unbind(dim=1)
    step: Tensor = free - constraint * ((weights @ free) / (weights @ constraint))
    return step


def room(delta: Tensor) -> float:
    """The longest length, at most 1, for which 1 + length · delta stays above a hundredth; NaN for a NaN."""
    return float((-0.99 / delta.min()).clamp(max=1.0)) if bool((delta < 0).any()) else float(1 + 0 * delta.sum())


def next_barrier(hessian: Tensor, slope: Tensor, weights: Tensor, products: Tensor) -> float:
    """Mehrotra's choice: by how far a step without barrier would get."""
    affine = newton_step(hessian, slope, weights, products)
    primal, dual = room(affine), room(-1 - affine)
    average = float(products.mean())
    reached = float(((1 + primal * affine) * (1 - dual * (1 + affine)) * products).mean())
    return max((reached / average) ** 3, 1e-3) * average
