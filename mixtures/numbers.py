"""Checks of single numbers, by the names of the arguments that they came by."""

from __future__ import annotations

import math

import numpy as np

from adagan.mixtures.errors import UserError, UserTypeError


def check_counts(**counts: int | None) -> None:
    """Makes sure that numbers of things are whole and 1 or more; ``None`` is left to the caller."""
    for name, value in counts.items():
        if value is not None and not isinstance(value, int | np.integer):
            raise UserTypeError(f"{name}: expected a whole number, got {value!r}")
        if value is not None and value < 1:
            raise UserError(f"{name}: expected 1 or more, got {value}")


def check_positive(**numbers: float | None) -> None:
    """Makes sure that numbers are positive and finite; ``None`` is left to the caller."""
    for name, value in numbers.items():
        if value is not None and not 0 < value < math.inf:
            raise UserError(f"{name}: expected a positive number, got {value}")


def check_non_negative(**numbers: float) -> None:
    """Makes sure that numbers are 0 or more and finite."""
    for name, value in numbers.items():
        if not 0 <= value < math.inf:
            raise UserError(f"{name}: expected 0 or more, got {value}")


def check_fractions(**numbers: float) -> None:
    """Makes sure that numbers lie in [0, 1)."""
    for name, value in numbers.items():
        if not 0 <= value < 1:
            raise UserError(f"{name}: expected a number in [0, 1), got {value}")


def check_share(value: float, name: str, *, upper_closed: bool = True) -> float:
    """`value` as a float when it lies in (0, 1], or in (0, 1) with ``upper_closed=False``."""
    value = float(value)
    inside = 0 < value <= 1 if upper_closed else 0 < value < 1
    if not inside or math.isnan(value):
        interval = "(0, 1]" if upper_closed else "(0, 1)"
        raise UserError(f"{name}: expected a number in {interval}, got {value}")
    return value
