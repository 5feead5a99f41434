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
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from adagan.mixtures.large_arrays import LARGE, filled, largest, parts, room

_BLOCK = 2**16
SUBSAMPLE = 2**14
"""Points of a subsample that tells where to look."""


def water_level(heights: Tensor, weights: Tensor, *, constant: float, slope: float) -> float | None:
    """The positive root mu of (*), or ``None`` when there is none (the dry mass does not exceed the slope).

    Args:
        heights: c_i ≥ 0, finite, shape (N,), float64, on any device.
        weights: p_i ≥ 0, shape (N,), sum at most 1.
        constant: Volume that does not depend on the level, ≥ 0.
        slope: Volume per unit of level, in [0, 1).
    """
    stride = max(len(heights) // SUBSAMPLE, 1)
    if len(heights) > LARGE:
        return _descended(heights, weights, _start(heights, weights, stride, constant, slope), (0, 0), constant, slope)
    if stride > 4:
        found = _near_subsample(heights, weights, stride, constant, slope)
        if found is not None:
            return found
    return _descended(heights, weights, math.inf, (0.0, 0.0), constant, slope)


def _descended(
    heights: Tensor, weights: Tensor, level: float, drowned: tuple[float, float], constant: float, slope: float
) -> float | None:
    """Newton's iteration; `drowned` are the mass and the volume of points that are under water in any case."""
    while True:
        mass, volume = _under_water(heights, weights, level)
        mass, volume = mass + drowned[0], volume + drowned[1]
        if mass <= slope * (1 + 1e-12):
            # with some volume left a root exists, and rounding alone has put the level below it
            return level if volume > 0 else None
        candidate = (constant + volume) / (mass - slope)
        if not candidate < level:
            return level
        level = candidate


def _start(heights: Tensor, weights: Tensor, stride: int, constant: float, slope: float) -> float:
    """A level right of the root, or at it: one step of the iteration from a subsample's root.

    What lies near that is not set aside, as of many points with few heights it may be most of them.
    """
    guess = _descended(heights[::stride], weights[::stride] * stride, math.inf, (0.0, 0.0), constant, slope)
    mass, volume = (0.0, 0.0) if guess is None else _under_water(heights, weights, guess)
    return (constant + volume) / (mass - slope) if mass > slope * (1 + 1e-12) else math.inf


def _near_subsample(heights: Tensor, weights: Tensor, stride: int, constant: float, slope: float) -> float | None:
    """The level by one pass over the points, if it lies within five standard errors of a subsample's."""
    few, shares = heights[::stride], weights[::stride] * stride
    guess = _descended(few, shares, math.inf, (0.0, 0.0), constant, slope)
    if guess is None:
        return None
    excess = float(shares[few < guess].sum()) - slope
    if not excess > 0:
        return None
    error = float((shares * (guess - few).clamp_(min=0)).norm()) / excess
    low, high = guess - 5 * error, guess + 5 * error
    mass, volume = weights.new_zeros(()), weights.new_zeros(())
    between: list[tuple[Tensor, Tensor]] = []
    for height, weight in blocks(heights, weights):
        deep = height <= low
        wet = weight * deep
        mass += wet.sum()
        volume += wet.dot(height)
        inside = torch.gt(height < high, deep).nonzero()[:, 0]
        between.append((height[inside], weight[inside]))
    near, of_near = (torch.cat(parts) for parts in zip(*between, strict=True))
    drowned = float(mass), float(volume)
    inner, outer = _under_water(near, of_near, high)
    if inner + drowned[0] <= slope or (constant + outer + drowned[1]) / (inner + drowned[0] - slope) > high:
        return None
    found = _descended(near, of_near, high, drowned, constant, slope)
    return found if found is not None and found > low else None


def empty_like(array: Tensor) -> Tensor:
    """Memory for results like `array`, float64; on the CPU numpy's, whose huge pages cost a third to touch."""
    if array.device.type == "cpu" and len(array) > LARGE:
        return room(*array.shape)
    if array.device.type == "cpu":
        return torch.from_numpy(np.empty(array.shape))
    return torch.empty(array.shape, dtype=torch.float64, device=array.device)


def blocks(*arrays: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The arrays in corresponding parts: on the CPU of a size that stays in the cache, which saves memory and time."""
    size = _BLOCK if arrays[0].device.type == "cpu" else max(len(arrays[0]), 1)
    for part in parts(*arrays):
        yield from zip(*(torch.split(array, size) for array in part), strict=True)


def _under_water(heights: Tensor, weights: Tensor, level: float) -> tuple[float, float]:
    """Σ p_i and Σ p_i c_i over the points with c_i < level."""
    mass, volume = weights.new_zeros(()), weights.new_zeros(())
    for height, weight in blocks(heights, weights):
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
    uniform = len(weights) > 0 and weights.stride(0) == 0
    while len(weights):
        positive = log_heights
        if not uniform:
            positive = filled(lambda height, weight: height.masked_fill(weight == 0, -math.inf), log_heights, weights)
        top = float(largest(positive))
        if top == -math.inf:
            return None
        heights = empty_like(log_heights)
        for height, value in blocks(heights, log_heights):
            torch.sub(value, top, out=height)
            (height if uniform else height.clamp_(max=0)).exp_()
        level = water_level(heights, weights, constant=0.0, slope=slope)
        if level is not None and level > 1e-150:
            return top + math.log(level)
        # the level lies so deep below the highest point that its own points may have vanished: look at these alone
        deep = log_heights < top - 300
        log_heights, weights = log_heights[deep], weights[deep]
    return None
