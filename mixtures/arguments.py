"""Turns what callers pass (tensors, arrays, lists) into checked float64 tensors."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.errors import UserError

ArrayLike: TypeAlias = Tensor | NDArray[np.generic] | list[float] | tuple[float, ...]

MAX_LOG_RATIO = 700.0
"""Ratios beyond e^700 are as good as infinite; clamping there keeps float64 arithmetic finite."""


def as_float64(values: ArrayLike) -> Tensor:
    """A float64 tensor outside the graph, on the device of `values`."""
    if isinstance(values, Tensor):
        return values.detach().to(torch.float64)
    # by way of numpy: torch would read a list in single precision, and refuses reversed or foreign-endian arrays
    return torch.from_numpy(np.array(values, dtype=np.float64))


def as_log_ratio(log_ratio: ArrayLike, name: str = "log_ratio", ndim: int = 1) -> Tensor:
    """A float64 tensor without NaN, clamped above at 700 (minus infinity, a ratio of zero, is allowed).

    It may share the memory of `log_ratio`.
    """
    values = as_float64(log_ratio)
    if values.ndim != ndim or values.numel() == 0:
        shape = "(N,)" if ndim == 1 else "(N, K)"
        raise UserError(f"{name}: expected a non-empty array of shape {shape}, got shape {tuple(values.shape)}")
    highest = float(values.max())  # NaN if any value is
    if math.isnan(highest):
        missing = int(torch.isnan(values).sum())
        raise UserError(f"{name}: {missing} of {values.numel()} values are NaN; the critic that made them has failed")
    return values.clamp(max=MAX_LOG_RATIO) if highest > MAX_LOG_RATIO else values


def as_probabilities(weights: ArrayLike | None, count: int, like: Tensor, name: str = "base") -> Tensor:
    """Non-negative weights of length `count` as float64 on the device of `like`, normalised to sum 1.

    ``None`` means uniform.
    """
    if weights is None:
        return torch.full((count,), 1.0 / count, dtype=torch.float64, device=like.device)
    values = as_float64(weights).to(like.device)
    if values.shape != (count,):
        raise UserError(f"{name}: expected {count} weights, one per point, got shape {tuple(values.shape)}")
    if not bool(torch.isfinite(values).all()):
        raise UserError(f"{name}: weights must be finite; {int((~torch.isfinite(values)).sum())} of {count} are not")
    if bool((values < 0).any()):
        raise UserError(f"{name}: weights must not be negative; {int((values < 0).sum())} of {count} are")
    total = float(values.sum())
    if total <= 0:
        raise UserError(f"{name}: all {count} weights are zero; at least one must be positive")
    if not 1e-290 < total < math.inf:  # the sum, or its reciprocal, leaves the range of floating point
        values = values / values.max()
        total = float(values.sum())
    return values / total
