"""The precision that points need: single, and double where single would lose what tells the rows of a column apart."""

from __future__ import annotations

import torch
from torch import Tensor

from adagan.mixtures.large_arrays import filled, summed

FINENESS = 1e-3
"""Of the spread of a column, by which single precision may move its values; beyond that it needs doubles."""

SURE = (torch.float32, torch.float16, torch.bfloat16, torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16)
"""Types whose values single precision holds as they are."""


def needs_doubles(values: Tensor) -> bool:
    """Whether a column of numbers, shape (N, D), is like seconds since 1970 or large ids."""
    if values.dtype in SURE or values.ndim != 2:
        return False
    mean = summed(lambda part: part.double().sum(dim=0), values) / len(values)
    spread = (summed(lambda part: (part.double() - mean).square().sum(dim=0), values) / len(values)).sqrt()
    moved = summed(_moved, values) / len(values)
    return bool((moved.sqrt() > FINENESS * spread).any())


def _moved(part: Tensor) -> Tensor:
    exact = part.double()
    return (part.float().double() - exact).square().sum(dim=0)


def of_integers(values: Tensor) -> Tensor:
    """Whole numbers as floating-point ones, others as they are."""
    if values.is_floating_point():
        return values
    return filled(Tensor.double if needs_doubles(values) else Tensor.float, values)
