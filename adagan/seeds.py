"""The seeds of a round: they depend on the run's seed and the round's index only, so that resuming draws the same."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np


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
