"""Which of many components can have weight: a subsample of the points proposes them, all points certify them.

Of K components that compete for the same points few usually end with weight, and a Newton step costs N·K². So the
problem is solved for the components that matter on a subsample; one pass over all points then prices the others, and
those that would lower the value join, until none would. This is the simplicial decomposition of convex programs.

References:
    von Hohenbalken, *Simplicial decomposition in nonlinear programming algorithms*, 1977,
    https://doi.org/10.1007/BF01584323
"""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.mixtures.divergences import TotalVariation
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.interior_point import Points, SimplexMinimum, minimise_smooth
from adagan.mixtures.total_variation_program import minimise_total_variation

_FEW_COMPONENTS = 16
_POINTS_PER_COMPONENT = 100
_NEGLIGIBLE = 1e-4
_TOLERANCE = 1e-8
_JOINING = 16


def minimise(points: Points, divergence: FDivergence) -> SimplexMinimum:
    """The minimum over the simplex, from uniform weights."""
    count = points.scaled.shape[1]
    stride = len(points) // (_POINTS_PER_COMPONENT * count)
    if isinstance(divergence, TotalVariation):
        return minimise_total_variation(points, _uniform(points, count))
    if count <= _FEW_COMPONENTS or stride < 4:
        return minimise_smooth(points, divergence, _uniform(points, count))
    proposed = minimise_smooth(points.every(stride), divergence, _uniform(points, count))
    chosen = proposed.weights > _NEGLIGIBLE
    steps = proposed.steps
    while not bool(chosen.all()):
        kept = chosen.nonzero()[:, 0]
        found = minimise_smooth(points.of_components(kept), divergence, _uniform(points, len(kept)))
        steps += found.steps
        weights = torch.zeros_like(proposed.weights).index_copy_(0, kept, found.weights)
        inner = points.inner(weights)
        gradient = points.gradient(divergence.reduced_slope(inner.log() + points.shift), inner)
        missed = float(found.weights @ gradient[kept]) - gradient
        gap = max(float(missed.max()), found.gap)
        missed[kept] = 0
        most = missed.topk(min(_JOINING, count))
        if not float(most.values[0]) > _TOLERANCE:
            return SimplexMinimum(weights, found.value, gap, steps)
        chosen[most.indices[most.values > _TOLERANCE]] = True
    whole = minimise_smooth(points, divergence, _uniform(points, count))
    return SimplexMinimum(whole.weights, whole.value, whole.gap, steps + whole.steps)


def _uniform(points: Points, count: int) -> Tensor:
    return torch.full((count,), 1.0 / count, dtype=torch.float64, device=points.probabilities.device)
