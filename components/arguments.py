"""Checks that several components share; every message names the argument."""

from __future__ import annotations

import math


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
