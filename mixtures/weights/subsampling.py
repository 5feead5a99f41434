"""The minimum over the simplex from nested subsamples of the points: coarse ones nearly find it, all points certify it.

A subsample of N/10 points costs a tenth and ends within its sampling error of the minimum, from where a few quadratic
programs lead to the minimum of all points: only the last of them touch every point.
"""

from __future__ import annotations

import math

import torch

from adagan.mixtures.divergences import TotalVariation
from adagan.mixtures.f_divergence import FDivergence
from adagan.mixtures.weights.interior_point import TOLERANCE, Points, SimplexMinimum, minimise_smooth
from adagan.mixtures.weights.sequential_quadratic import refine
from adagan.mixtures.weights.total_variation_program import minimise_total_variation

_POINTS_PER_COMPONENT = 50
_FEWEST_POINTS = 5_000
_COARSENING = 10
_UNIFORM_SHARE = 1e-3  # lets the start reach points that no component with weight in the subsample reaches


def minimise(points: Points, divergence: FDivergence) -> SimplexMinimum:
    """The minimum over the simplex, from uniform weights."""
    count = points.scaled.shape[1]
    uniform = torch.full((count,), 1.0 / count, dtype=torch.float64, device=points.probabilities.device)
    if isinstance(divergence, TotalVariation):
        return minimise_total_variation(points, uniform)
    fewest = max(_FEWEST_POINTS, _POINTS_PER_COMPONENT * count)
    levels = int(math.log(len(points) / fewest, _COARSENING) + 0.5) if len(points) > fewest else 0
    if levels == 0:
        return minimise_smooth(points, divergence, uniform)
    found = minimise_smooth(points.every(_COARSENING**levels), divergence, uniform)
    steps = found.steps
    for level in reversed(range(levels)):
        nested = points.every(_COARSENING**level) if level else points
        start = (1 - _UNIFORM_SHARE) * found.weights + _UNIFORM_SHARE * uniform
        found = refine(nested, divergence, start)
        steps += found.steps
    if not found.gap <= _enough(found):
        whole = minimise_smooth(points, divergence, uniform)
        steps += whole.steps
        found = found.improved(whole.weights, whole.value, whole.value - whole.gap, steps)
    return SimplexMinimum(found.weights, found.value, found.gap, steps)


def _enough(found: SimplexMinimum) -> float:
    """A gap that rounding may leave on many points."""
    return 1e3 * TOLERANCE * max(1.0, abs(found.value))
