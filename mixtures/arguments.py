"""Turns what callers pass (tensors, arrays, lists) into checked float64 tensors."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adagan.mixtures.errors import UserError, UserTypeError
from adagan.mixtures.large_arrays import LARGE, filled, largest, mapped, parts, room, summed

ArrayLike: TypeAlias = Tensor | NDArray[np.generic] | list[float] | tuple[float, ...]

MAX_LOG_RATIO = 700.0
"""Ratios beyond e^700 are as good as infinite; clamping there keeps float64 arithmetic finite."""


def as_float64(values: ArrayLike, name: str = "values") -> Tensor:
    """A float64 tensor outside the graph, on the device of `values`.

    Raises:
        TypeError: They are no real numbers; `name` is what the caller calls them.
    """
    if isinstance(values, Tensor):
        if values.is_complex() or values.is_meta:
            what = "on the meta device, which holds no values" if values.is_meta else str(values.dtype)
            raise UserTypeError(f"{name}: expected real numbers, got a tensor {what}")
        few = values.ndim == 0 or values.dtype == torch.float64
        return values.detach().to(torch.float64) if few else filled(Tensor.double, values.detach())
    # by way of numpy: torch would read a list in single precision, and refuses reversed or foreign-endian arrays
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":  # numpy would leave out imaginary parts, and read text and dates
            raise TypeError(f"an array of {array.dtype}")
        if array.dtype.kind != "O" and array.size > LARGE:
            return filled(Tensor.double, shared(array))
        return torch.from_numpy(np.array(array, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise UserTypeError(f"{name}: expected real numbers, got {error}") from error


def native(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """An array that torch can share the memory of: contiguous, of this machine's byte order, writable; a copy if not.

    Reversed arrays, those of files from other machines and memory maps that are read only are none.
    """
    found = np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape)
    return found if found.flags.writeable else found.copy()


def shared(array: NDArray[np.generic]) -> Tensor:
    """A tensor of the array's numbers: of its memory, its file or, where torch cannot share these, a copy."""
    found = mapped(array)
    if found is not None:
        return found
    is_shared = array.flags.writeable and array.flags.c_contiguous and array.dtype.isnative
    if is_shared or array.ndim == 0 or array.size <= LARGE or array.dtype.kind not in "biuf":
        return torch.as_tensor(native(array))
    copied = room(*array.shape, dtype=torch.as_tensor(native(array[:1])).dtype)
    begin = 0
    for (part,) in parts(copied):
        part.copy_(torch.as_tensor(native(array[begin : begin + len(part)])))
        begin += len(part)
    return copied


def as_log_ratio(log_ratio: ArrayLike, name: str = "log_ratio", ndim: int = 1) -> Tensor:
    """A float64 tensor without NaN, clamped above at 700 (minus infinity, a ratio of zero, is allowed).

    It may share the memory of `log_ratio`.
    """
    values = as_float64(log_ratio, name)
    if values.ndim != ndim or values.numel() == 0:
        shape = "(N,)" if ndim == 1 else "(N, K)"
        raise UserError(f"{name}: expected a non-empty array of shape {shape}, got shape {tuple(values.shape)}")
    highest = float(largest(values))  # NaN if any value is
    if math.isnan(highest):
        missing = int(torch.isnan(values).sum())
        raise UserError(f"{name}: {missing} of {values.numel()} values are NaN; the critic that made them has failed")
    return filled(lambda part: part.clamp(max=MAX_LOG_RATIO), values) if highest > MAX_LOG_RATIO else values


def as_probabilities(weights: ArrayLike | None, count: int, like: Tensor, name: str = "base") -> Tensor:
    """Non-negative weights of length `count` as float64 on the device of `like`, normalised to sum 1.

    ``None`` means uniform; uniform ones of very many points are one number, expanded.
    """
    if weights is None and count > LARGE:
        return torch.full((1,), 1.0 / count, dtype=torch.float64, device=like.device).expand(count)
    if weights is None:
        return torch.full((count,), 1.0 / count, dtype=torch.float64, device=like.device)
    values = as_float64(weights, name).to(like.device)
    if values.shape != (count,):
        raise UserError(f"{name}: expected {count} weights, one per point, got shape {tuple(values.shape)}")
    if count > LARGE and values.stride(0) == 0:
        one = as_probabilities(values[:1], 1, like, name)
        return (one / count).expand(count)
    infinite = int(summed(lambda part: (~torch.isfinite(part)).sum(), values))
    if infinite > 0:
        raise UserError(f"{name}: weights must be finite; {infinite} of {count} are not")
    negative = int(summed(lambda part: (part < 0).sum(), values))
    if negative > 0:
        raise UserError(f"{name}: weights must not be negative; {negative} of {count} are")
    total = float(summed(torch.sum, values))
    if total <= 0:
        raise UserError(f"{name}: all {count} weights are zero; at least one must be positive")
    if not 1e-290 < total < math.inf:  # the sum, or its reciprocal, leaves the range of floating point
        highest = largest(values)
        values = filled(lambda part: part / highest, values)
        total = float(summed(torch.sum, values))
    return filled(lambda part: part / total, values)
