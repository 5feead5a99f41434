"""The seeds of a round: they depend on the run's seed and the round's index only, so that resuming draws the same."""

from __future__ import annotations

import operator
from typing import NamedTuple, Self

import numpy as np

from adagan.mixtures.errors import UserError, UserTypeError

LARGEST = 2**63 - 1
"""What torch's generators take."""


def check_seed(seed: int, name: str = "seed") -> int:
    """The seed as an ``int``.

    Raises:
        TypeError: It is no whole number; `name` is what the caller calls it.
        ValueError: It is negative or too large.
    """
    try:
        seed = operator.index(seed)
    except TypeError as error:
        raise UserTypeError(f"{name}: expected a whole number, got {seed!r}") from error
    if not 0 <= seed <= LARGEST:
        raise UserError(f"{name}: expected 0 or more, up to 2^63 - 1, got {seed}")
    return seed


class RoundSeeds(NamedTuple):
    """One seed for each thing that a round trains."""

    coarse_critic: int
    component: int
    critic: int

    @classmethod
    def of(cls, seed: int, index: int) -> Self:
        """The seeds of round `index`, from 1, of a run with a seed."""
        states = np.random.SeedSequence([seed, index]).generate_state(3, np.uint64)
        return cls(*(int(state) % 2**63 for state in states))
