"""Mixture weights under total variation: a linear program, whose derivative jumps where a ratio is 1.

With slack variables for the mass that is missing, s_i = (1 − u_i)_+, and for what exceeds it, v_i = s_i − (1 − u_i),
the problem is

    minimise  Σ_i p_i s_i   over   a, s, v ≥ 0,  Σ_k a_k = 1,  s_i − v_i = 1 − Σ_k a_k u_ik,

and its dual variables are shares t_i of the points in [0, 1] and one bound for all components:

    maximise  Σ_i p_i t_i − max_k Σ_i p_i t_i u_ik.                                                               (*)

References:
    Gondzio, *Multiple centrality corrections in a primal-dual method for linear programming*, Computational
    Optimization and Applications 6, 1996

    Portnoy, Koenker, *The Gaussian hare and the Laplacian tortoise: computability of squared-error versus
    absolute-error estimators*, 1997, https://doi.org/10.1214/ss/1030037960

    Wright, *Primal-dual interior-point methods*, 1997, chapter 5
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from adagan.mixtures.divergences import TotalVariation
from adagan.mixtures.weights.interior_point import Points, SimplexMinimum, newton_step, room

TOLERANCE = 1e-8
"""The gap at which the minimum counts as reached."""

_Targets: TypeAlias = tuple[Tensor, Tensor, Tensor]

_CORRECTIONS = 2
_FINEST = 1e-13  # products of a variable and its dual that are lost in rounding


def minimise_total_variation(points: Points, start: Tensor, max_steps: int = 200) -> SimplexMinimum:
    """Minimises by Mehrotra's predictor-corrector method, until the gap to (*) is negligible.

    All points and components aim at products of a variable and its dual in proportion to the points' probabilities
    and 1/N: with equal products for the components, their share of the gap would bind the points' steps.

    Args:
        points: The ratios and probabilities.
        start: Positive weights, shape (K,), sum 1.
        max_steps: Newton steps, each one pass over the points.
    """
    state = _State.around(points, start)
    best = SimplexMinimum(start, math.inf, math.inf, 0)
    for step in range(max_steps):
        value = points.value(TotalVariation(), state.inner)
        best = best.improved(state.weights, value, state.dual_value(points), step)
        average = state.complementarity(points)
        if best.gap <= TOLERANCE or average < _FINEST:
            break
        system = _System(points, state)
        affine = system.solve(system.targets(0.0))
        reached = affine.applied(state).complementarity(points)
        barrier = min(reached / average, 1.0) ** 3 * average
        targets = system.targets(barrier, affine)
        move = system.solve(targets)
        for _ in range(_CORRECTIONS):
            targets = system.corrected(targets, move, barrier)
            better = system.solve(targets)
            if not sum(better.lengths) > sum(move.lengths) + 0.02:
                break
            move = better
        if not min(move.lengths) > 1e-10:
            break
        state = move.applied(state)
    return best


@dataclass(frozen=True)
class _State:
    """Primal and dual variables: `inner` is Σ_k a_k u_ik in units of the row, `products` a_k times its dual."""

    weights: Tensor
    products: Tensor
    inner: Tensor
    missing: Tensor
    excess: Tensor
    share: Tensor

    @classmethod
    def around(cls, points: Points, weights: Tensor) -> _State:
        """A state near the central path."""
        inner = points.inner(weights)
        deficit = 1 - inner * points.shift.exp()
        missing = deficit.clamp(min=0) + 0.1
        excess = missing - deficit
        share = missing / (missing + excess)
        gradient = points.gradient(-share * inner * points.shift.exp(), inner)
        products = weights * (gradient - gradient.min()) + float(points.probabilities @ (excess * share)) / len(points)
        return cls(weights, products, inner, missing, excess, share)

    def dual_value(self, points: Points) -> float:
        """The value of (*)."""
        slope = -self.share * self.inner * points.shift.exp()
        return float(points.probabilities @ self.share) + float(points.gradient(slope, self.inner).min())

    def complementarity(self, points: Points) -> float:
        """The average product of a variable and its dual."""
        of_points = points.probabilities @ (self.missing * (1 - self.share) + self.excess * self.share)
        return float(of_points + self.products.sum()) / (2 + len(self.weights) / len(points))


@dataclass(frozen=True)
class _Step:
    """Relative steps of weights and their duals, absolute ones of the other variables; primal and dual lengths."""

    weights: Tensor
    duals: Tensor
    inner: Tensor
    missing: Tensor
    excess: Tensor
    share: Tensor
    lengths: tuple[float, float]

    def applied(self, state: _State) -> _State:
        """The state after the step."""
        primal, dual = self.lengths
        return _State(
            state.weights * (1 + primal * self.weights),
            state.products * (1 + primal * self.weights) * (1 + dual * self.duals),
            state.inner + primal * self.inner,
            state.missing + primal * self.missing,
            state.excess + primal * self.excess,
            state.share + dual * self.share,
        )


class _System:
    """Newton's equations of a state, the variables of the points eliminated."""

    def __init__(self, points: Points, state: _State) -> None:
        self.points, self.state = points, state
        self.unit = points.shift.exp()
        self.ratio = state.inner * self.unit
        self.width = state.missing / (1 - state.share) + state.excess / state.share
        self.hessian = points.hessian(self.ratio.square() / self.width, state.inner, state.weights)

    def targets(self, barrier: float, predicted: _Step | None = None) -> _Targets:
        """Products equal to `barrier`, less those of a predicted step's changes."""
        of_points = self.ratio.new_full((1,), barrier)
        of_weights = of_points / len(self.ratio)
        if predicted is None:
            return of_weights, of_points, of_points
        # a predicted step that the boundary cuts short says little about the curvature
        trust = predicted.lengths[0] * predicted.lengths[1]
        return (
            of_weights - trust * self.state.products * predicted.weights * predicted.duals,
            of_points + trust * predicted.missing * predicted.share,
            of_points - trust * predicted.excess * predicted.share,
        )

    def corrected(self, targets: _Targets, move: _Step, barrier: float) -> _Targets:
        """Targets that bring the products after a longer move back to within a factor of ten of `barrier`."""
        primal, dual = (min(1.0, 1.1 * length + 0.1) for length in move.lengths)
        state = self.state
        share = state.share + dual * move.share
        products = (
            state.products * (1 + primal * move.weights) * (1 + dual * move.duals),
            (state.missing + primal * move.missing) * (1 - share),
            (state.excess + primal * move.excess) * share,
        )
        middles = (barrier / len(self.ratio), barrier, barrier)
        first, second, third = (
            target + (product.clamp(0.1 * middle, 10 * middle) - product).clamp(min=-10 * middle)
            for target, product, middle in zip(targets, products, middles, strict=True)
        )
        return first, second, third

    def solve(self, targets: _Targets) -> _Step:
        """The step towards these products of components, of missing and of excess mass."""
        state = self.state
        target, missing_target, excess_target = targets
        # of the equations s (1 − t) and v t = their targets
        missing_pull = missing_target / (1 - state.share) - state.missing
        excess_pull = excess_target / state.share - state.excess
        share_pull = (excess_pull - missing_pull) / self.width
        slope = state.weights * self.points.gradient(-(state.share + share_pull) * self.ratio, state.inner)
        slope = slope - state.weights * slope.sum()
        weights = newton_step(self.hessian, slope - target, state.weights, state.products)
        inner = self.points.inner(state.weights * weights)
        change = inner * self.unit
        share = share_pull - change / self.width
        missing = missing_pull + state.missing * share / (1 - state.share)
        excess = excess_pull - state.excess * share / state.share
        duals = target / state.products - 1 - weights
        primal = min(room(weights), room(missing / state.missing), room(excess / state.excess))
        dual = min(room(duals), room(share / state.share), room(-share / (1 - state.share)))
        return _Step(weights, duals, inner, missing, excess, share, (primal, dual))
