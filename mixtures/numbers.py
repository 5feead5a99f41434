"""Checks of single numbers, by the names of the arguments that they came by."""

from __future__ import annotations

import math

import numpy as np

from adagan.mixtures.errors import UserError, UserTypeError


def check_whole(value: object, name: str) -> int:
    """`value` when it is a whole number; true and false, which count as 1 and 0 in Python, are none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise UserTypeError(f"{name}: expected a whole number, got {value!r:.60}")
    return int(value)


def _number(value: object, name: str, expected: str) -> float:
    if isinstance(value, bool | np.bool_ | str | bytes | complex):
        raise UserTypeError(f"{name}: expected {expected}, got {value!r:.60}")
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserTypeError(f"{name}: expected {expected}, got {type(value).__name__}") from error
    except OverflowError as error:
        raise UserError(f"{name}: expected {expected}, got one beyond 10^308") from error


def check_counts(**counts: int | None) -> None:
    """Makes sure that numbers of things are whole and 1 or more; ``None`` is left to the caller."""
    for name, value in counts.items():
        if value is not None and check_whole(value, name) < 1:
            raise UserError(f"{name}: expected 1 or more, got {value}")


def check_positive(**numbers: float | None) -> None:
    """Makes sure that numbers are positive and finite; ``None`` is left to the caller."""
    for name, value in numbers.items():
        if value is not None and not 0 < _number(value, name, "a positive number") < math.inf:
            raise UserError(f"{name}: expected a positive number, got {value}")


def check_non_negative(**numbers: float) -> None:
    """Makes sure that numbers are 0 or more and finite."""
    for name, value in numbers.items():
        if not 0 <= _number(value, name, "0 or more") < math.inf:
            raise UserError(f"{name}: expected 0 or more, got {value}")


def check_fractions(**numbers: float) -> None:
    """Makes sure that numbers lie in [0, 1)."""
    for name, value in numbers.items():
        if not 0 <= _number(value, name, "a number in [0, 1)") < 1:
            raise UserError(f"{name}: expected a number in [0, 1), got {value}")


def check_share(value: float, name: str, *, upper_closed: bool = True) -> float:
    """`value` as a float when it lies in (0, 1], or in (0, 1) with ``upper_closed=False``."""
    interval = "(0, 1]" if upper_closed else "(0, 1)"
    value = _number(value, name, f"a number in {interval}")
    inside = 0 < value <= 1 if upper_closed else 0 < value < 1
    if not inside:
        raise UserError(f"{name}: expected a number in {interval}, got {value}")
    return value
