"""What a step of training costs here and now, from short trainings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adagan.components.training.ranks.group import cpu_time

FACTOR = 4
"""Every pilot training is so many times as long as the one before."""
LONG_ENOUGH = 0.25
"""CPU seconds beyond the first step after which a pilot training tells the cost of a step well enough."""
LONGEST = 4**6
"""Steps of a pilot training at most."""


@dataclass(frozen=True)
class StepCost:
    """What a training costs here and now.

    Attributes:
        fixed: CPU seconds of a training apart from its steps.
        step: CPU seconds of one step.
    """

    fixed: float
    step: float

    def steps(self, seconds: float) -> int:
        """How many steps fit in so many CPU seconds; at least one."""
        return max(int((seconds - self.fixed) / self.step), 1)


def step_cost(train: Callable[[int], object]) -> StepCost:
    """The cost of a training, from a few short ones, each longer than the one before, until they tell.

    Args:
        train: Runs one training of a number of steps.
    """
    train(1)  # what is imported and compiled once is no part of it
    first = _seconds(train, 1)
    steps, beyond = FACTOR, 0.0
    while True:
        beyond = max(_seconds(train, 1 + steps) - first, 1e-6)
        if beyond >= LONG_ENOUGH or steps >= LONGEST:
            return StepCost(fixed=max(first - beyond / steps, 0.0), step=beyond / steps)
        steps *= FACTOR


def _seconds(train: Callable[[int], object], steps: int) -> float:
    start = cpu_time()
    train(steps)
    return cpu_time() - start
