"""The water level shared by the data weights of AdaGAN and by budgeted rejection: a simplex projection without sorting.

Star, Dagger and the budgeted acceptance all ask for the height mu at which water poured over a landscape has a given
volume:

    sum_i p_i (mu − c_i)_+  =  constant + slope · mu                                                              (*)

The left side is convex and piecewise linear, so that one step of Newton's iteration from anywhere ends at or right of
the root, and every further step descends to it. The iteration ends exactly: at the last step the set of points under
water no longer changes, and the root is the closed form on that set. Sorting would cost O(N log N); this costs a
handful of passes, fewer still for a start at the level of a subsample.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_BLOCK = 2**16
_SUBSAMPLE = 2**14


def water_level(heights: Tensor, weights: Tensor, *, constant: float, slope: float) -> float | None:
    """The positive root mu of (*), or ``None`` when there is none (the dry mass does not exceed the slope).

    Args:
        heights: c_i ≥ 0, finite, shape (N,), float64, on any device.
        weights: p_i ≥ 0, shape (N,), sum at most 1.
        constant: Volume that does not depend on the level, ≥ 0.
        slope: Volume per unit of level, in [0, 1).
    """
    level = math.inf
    stride = len(heights) // _SUBSAMPLE
    if stride > 4:
        guess = water_level(heights[::stride], weights[::stride] * stride, constant=constant, slope=slope)
        mass, volume = _under_water(heights, weights, guess or math.inf)
        if mass > slope * (1 + 1e-12):
            level = (constant + volume) / (mass - slope)
    while True:
        mass, volume = _under_water(heights, weights, level)
        if mass <= slope * (1 + 1e-12):
            # with some volume left a root exists, and rounding alone has put the level below it
            return level if volume > 0 else None
        candidate = (constant + volume) / (mass - slope)
        if not candidate < level:
            return level
        level = candidate


def _under_water(heights: Tensor, weights: Tensor, level: float) -> tuple[float, float]:
    """Σ p_i and Σ p_i c_i over the points with c_i < level."""
    # on the CPU in blocks that stay in the cache: five times faster than whole arrays, and no memory of their size
    block = _BLOCK if heights.device.type == "cpu" else max(len(heights), 1)
    mass, volume = weights.new_zeros(()), weights.new_zeros(())
    for height, weight in zip(torch.split(heights, block), torch.split(weights, block), strict=True):
        wet = weight * (height < level)
        mass += wet.sum()
        volume += wet.dot(height)
    return float(mass), float(volume)


def log_water_level(log_heights: Tensor, weights: Tensor, *, slope: float) -> float | None:
    """The logarithm of the positive root of (*) with constant 0, or ``None`` when there is none.

    Without a constant only ratios of heights matter, so they may differ by more than the range of floating point.

    Args:
        log_heights: log c_i, minus infinity allowed, shape (N,), float64, on any device.
        weights: p_i ≥ 0, shape (N,), sum 1.
        slope: Volume per unit of level, in [0, 1).
    """
    while bool((wet := (weights > 0) & (log_heights > -math.inf)).any()):
        top = float(log_heights.masked_fill(~wet, -math.inf).max())
        level = water_level((log_heights - top).clamp_(max=0).exp_(), weights, constant=0.0, slope=slope)
        if level is not None and level > 1e-150:
            return top + math.log(level)
        # the level lies so deep below the highest point that its own points may have vanished: look at these alone
        deep = log_heights < top - 300
        log_heights, weights = log_heights[deep], weights[deep]
    return None
