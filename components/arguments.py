"""Checks that several components share; every message names the argument."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def check_counts(**counts: int | None) -> None:
    """Makes sure that numbers of things are 1 or more; ``None`` is left to the caller."""
    for name, value in counts.items():
        if value is not None and value < 1:
            raise ValueError(f"{name}: expected 1 or more, got {value}")


def check_positive(**numbers: float | None) -> None:
    """Makes sure that numbers are positive and finite; ``None`` is left to the caller."""
    for name, value in numbers.items():
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"{name}: expected a positive number, got {value}")


def check_non_negative(**numbers: float) -> None:
    """Makes sure that numbers are 0 or more and finite."""
    for name, value in numbers.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name}: expected 0 or more, got {value}")


def check_decays(**numbers: float) -> None:
    """Makes sure that the decays of running averages lie in [0, 1)."""
    for name, value in numbers.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name}: expected a number in [0, 1), got {value}")


def check_is_module(name: str, module: object) -> None:
    """Makes sure that something is a torch module, or ``None``."""
    if module is not None and not isinstance(module, nn.Module):
        what = module.__name__ if isinstance(module, type) else type(module).__name__
        hint = f"; pass an object of it, {what}(...)" if isinstance(module, type) else ""
        raise TypeError(f"{name}: expected a torch.nn.Module, got {what}{hint}")


@torch.no_grad()
def check_module(
    name: str, module: nn.Module, inputs: Sequence[Tensor], takes: str, makes: str, shape: tuple[int, ...]
) -> None:
    """Tries a module of the user's own on two rows, so that one that does not fit is heard of before training starts.

    Args:
        name: The argument by which it came.
        module: The module; a copy is called.
        inputs: What it is called with.
        takes: The inputs in words.
        makes: The output in words.
        shape: Of the output for one row.
    """
    try:
        made: Tensor = copy.deepcopy(module).eval()(*inputs)
    except (RuntimeError, TypeError, IndexError) as error:
        raise ValueError(f"{name}: it does not take {takes}: {error}") from error
    if tuple(made.shape) != (2, *shape):
        raise ValueError(f"{name}: expected {makes} of shape {shape}, as the data have, got {tuple(made.shape[1:])}")
