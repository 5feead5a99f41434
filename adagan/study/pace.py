"""Equal CPU time: how many training steps a method may still take."""

from __future__ import annotations

import time
from collections.abc import Callable

from torch import Tensor

from adagan.components.gan import GAN

PILOT_STEPS = 150
CRITICS_SHARE = 0.25
"""Of the budget, at most about this much is meant for critics."""
FOLDS = 2
CRITIC_STEPS = 1_000


def seconds_per_step(make: Callable[[int], GAN], data: Tensor) -> float:
    """CPU seconds that one training step of a generator costs here and now, from two short trainings."""
    times = []
    for steps in (1, 1 + PILOT_STEPS):
        start = time.process_time()
        make(steps).fit(data)
        times.append(time.process_time() - start)
    return max(times[1] - times[0], 1e-6) / PILOT_STEPS


class Pace:
    """Shares a budget of CPU seconds among rounds: what critics cost is measured and taken off the trainings to come.

    Args:
        budget: CPU seconds in all, from now.
        rounds: Components to be trained.
        step_seconds: CPU seconds per training step of a component.
        critics: Critics to be trained in all.
    """

    def __init__(self, budget: float, rounds: int, step_seconds: float, critics: int = 0) -> None:
        self.budget, self.rounds_left, self.step_seconds, self.critics_left = budget, rounds, step_seconds, critics
        self._start = time.process_time()
        self._critic_seconds = CRITICS_SHARE * budget / max(critics, 1)

    def elapsed(self) -> float:
        """CPU seconds since the start."""
        return time.process_time() - self._start

    def steps(self) -> int:
        """How many steps the next component may take so that all that are left get the same; at least one."""
        remaining = self.budget - self.elapsed() - self.critics_left * self._critic_seconds
        steps = int(remaining / self.rounds_left / self.step_seconds)
        self.rounds_left -= 1
        return max(steps, 1)

    def critic_took(self, seconds: float) -> None:
        """Reports what a critic cost: the mean of the last and of what was expected is expected of the next."""
        self.critics_left -= 1
        self._critic_seconds = (self._critic_seconds + seconds) / 2

    def critic_steps(self) -> int:
        """Steps per fold of a critic, fewer than its default where the budget is small: about a quarter of a GAN's."""
        affordable = CRITICS_SHARE * self.budget / max(self.critics_left, 1) / self.step_seconds / FOLDS
        return int(min(max(affordable, 50), CRITIC_STEPS))
