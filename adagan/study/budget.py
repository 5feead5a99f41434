"""Equal CPU time: what a step costs, how a budget is shared, and when it was not kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adagan.mixtures.errors import UserError

PILOT_STEPS = (25, 150, 600)
LONG_ENOUGH = 0.5
"""CPU seconds beyond the first step after which a pilot training tells the cost of a step well enough."""
FAR_OVER = 2.0
"""A training that took more than so many times its budget is compared with nothing."""
SLACK = 10.0
"""CPU seconds that a training may take beyond its budget in any case: short budgets are kept by luck."""


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
    """The cost of a training, from two or three short ones.

    Args:
        train: Runs one training of a number of steps.
    """
    first = _seconds(train, 1)
    beyond = 0.0
    for steps in PILOT_STEPS:
        beyond = max(_seconds(train, 1 + steps) - first, 1e-6)
        if beyond >= LONG_ENOUGH:
            break
    return StepCost(fixed=max(first - beyond / steps, 0.0), step=beyond / steps)


def _seconds(train: Callable[[int], object], steps: int) -> float:
    start = time.process_time()
    train(steps)
    return time.process_time() - start


class Pace:
    """Shares a budget of CPU seconds among trainings that take turns.

    Each gets its share of what is left, among all those that are still to come. So what one leaves over, or takes too
    much, falls on all that follow in proportion, and the budget is kept as well as the last training keeps its own.

    Args:
        budget: CPU seconds in all, from now.
        turns: By kind of training, in the order of their turns in a round, its share in every round; 0 where it has
            none. The shares need not sum to 1.
    """

    def __init__(self, budget: float, turns: Mapping[str, Sequence[float]]) -> None:
        self.budget = budget
        self._order = list(turns)
        self._shares = [share for of_round in zip(*turns.values(), strict=True) for share in of_round]
        self._start = time.process_time()

    def elapsed(self) -> float:
        """CPU seconds since the start."""
        return time.process_time() - self._start

    def seconds(self, kind: str, index: int) -> float:
        """CPU seconds for a training of a kind in the round `index`, from 0, were it to begin now; 0 if all is spent.

        Raises:
            ValueError: No such training is planned.
        """
        turn = index * len(self._order) + self._order.index(kind)
        if not 0 <= turn < len(self._shares):
            raise UserError(f"index: no training of a {kind} was planned for the round {index}, from 0")
        left = sum(self._shares[turn:])
        return max(self.budget - self.elapsed(), 0.0) * self._shares[turn] / left if left else 0.0


@dataclass(frozen=True)
class Split:
    """How a budget is divided among the trainings of a boosted generator.

    Attributes:
        first: Share of the first component, on which all that follows stands.
        critics: Share of all critics together; the later components divide the rest.
        last: What the last critic counts, in units of an earlier one: it weighs all components and refines the samples,
            and the others only give the mixture its provisional weights.
    """

    first: float = 0.6
    critics: float = 0.16
    last: float = 20.0

    def turns(self, rounds: int) -> dict[str, list[float]]:
        """The shares of all trainings, by kind and round, of two rounds or more; they sum to 1."""
        unit = self.critics / (rounds - 1 + self.last)
        later = (1 - self.first - self.critics) / (rounds - 1)
        return {
            "component": [self.first] + [later] * (rounds - 1),
            "critic": [unit] * (rounds - 1) + [unit * self.last],
        }


def overdrawn(taken: float, budget: float) -> str:
    """Why a training of so many CPU seconds is no part of a comparison at equal CPU time; empty if it is one."""
    if taken <= max(FAR_OVER * budget, budget + SLACK):
        return ""
    return f"took {taken:.1f} CPU seconds of {budget:g}, {taken / budget:.1f} times its budget: not at equal CPU time"
