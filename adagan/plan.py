"""What every round trains, and for how long: all rounds alike, or a first component and what repairs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from adagan.components.adapters.as_component import as_component
from adagan.components.contract import Component, continues, learns_labels, patch_of
from adagan.components.fit_component import fit_component
from adagan.components.generators.patch import Patch
from adagan.components.networks.defaults import is_image
from adagan.components.training.ranks.group import cpu_time
from adagan.components.training_length import set_training_length, training_length
from adagan.data.training_data import TrainingData
from adagan.mixtures.randomness import isolated_randomness
from adagan.round import Round
from adagan.step_cost import StepCost, step_cost

Maker = Callable[[], Any]

LONGEST_PATCHED = 256
"""Entries of a vector up to which newcomers are patches."""
FIRST, FIRST_OF_CONTINUED = 0.9, 0.7
"""Share of a budget that the first component gets at most, where newcomers cost nothing, and where they are trained
like it."""
LEAST = 0.7
"""Share of a budget that the first component gets at least."""
ROUNDS = 3
"""Rounds whose checks a budget is to have room for."""
PART = 4
"""Without a budget newcomers that are trained like the first component train for one in so many of its steps."""
CAUTION = 1.5
"""A round's checks may take so many times their price."""
WORTH_IT = 0.05
"""Share of a budget that must be left for another training."""
REFINING = 0.08
"""Share of a budget that is kept for the trial of refinement, after the rounds."""
LOOKING = 0.05
"""Share of a budget that the draws of one look at what is missing may take, and once what it learns of images."""
OVERDRAWN = 0.05
"""Share of a budget by which a patch may exceed it: to end with something missing for want of a second is worse."""


@dataclass(frozen=True)
class Training:
    """What a round trains.

    Attributes:
        make: Makes the unfitted component.
        continued: Whether it begins at the last component of its kind.
        repairs: Whether it is trained where something is missing, rather than on the data as they are.
    """

    make: Maker
    continued: bool
    repairs: bool = True


class Plan(ABC):
    """The contract: the records so far in; what the next round trains out, and why there is no next round."""

    looks_back = False
    """Whether what is missing is looked at after every round, rather than before the next one."""

    @property
    def left_after(self) -> float:
        """CPU seconds that are left to what comes after the rounds; infinitely many where nothing limits them."""
        return float("inf")

    @abstractmethod
    def next(self, rounds: Sequence[Round], price: float | None) -> Training:
        """What the round after these trains; `price` is what a round takes beside, about, in CPU seconds."""

    @abstractmethod
    def end(self, rounds: Sequence[Round]) -> str:
        """Why no round after these, 1 or more, is worth its time; empty if one is."""

    def goes_on(self, rounds: Sequence[Round]) -> bool:
        """Whether another round is worth its time although nothing is missing."""
        return False


class Alike(Plan):
    """All rounds train the same, as in the paper.

    Args:
        component: Makes the components.
        warm_start: Whether every newcomer begins at the component before it.
    """

    def __init__(self, component: Maker, warm_start: bool) -> None:
        self.training = Training(component, warm_start)

    def next(self, rounds: Sequence[Round], price: float | None) -> Training:
        return self.training

    def end(self, rounds: Sequence[Round]) -> str:
        return ""


class Repairs(Plan):
    """A first component that gets most of the time, and newcomers where it misses something.

    A newcomer goes on from the component before it where its kind can and the data are images; for vectors it is a
    patch, a density that a second fits. When nothing is missing and time is left, the first component goes on.

    Args:
        component: Makes the first component, unless `first` does.
        first: Makes one that is trained already.
        newcomer: Makes the newcomers; ``None`` leaves them to the data and the kind of the component.
        budget: CPU seconds of the whole run; ``None`` leaves it to the component how long it trains.
        data: What is learnt.
        seed: Of the short trainings that tell what a step costs.
        spent: CPU seconds of the budget that are spent already.
        kept_back: Share of the budget that is for what comes after the rounds.
    """

    looks_back = True

    def __init__(
        self,
        component: Maker,
        first: Maker | None,
        newcomer: Maker | None,
        budget: float | None,
        data: TrainingData,
        seed: int,
        spent: float = 0.0,
        kept_back: float = 0.0,
    ) -> None:
        self._kept_back = kept_back * (budget or 0.0)
        self.first, self.component, self.budget, self.data, self.seed = first, component, budget, data, seed
        self._start = cpu_time() - spent
        with isolated_randomness(seed):
            example = as_component(component())
        self.length, self.continues = training_length(example), continues(example)
        patch = _patch(example, data)
        self.newcomer = newcomer or patch or component
        self._cost: StepCost | None = None
        self._price = float("inf")

    @property
    def left(self) -> float:
        """CPU seconds of the budget that are left to the rounds; infinitely many without one."""
        return self.left_after - self._kept_back

    @property
    def left_after(self) -> float:
        """CPU seconds of the budget that are left to what comes after the rounds; infinitely many without one."""
        if self.budget is None:
            return float("inf")
        return self.budget - (cpu_time() - self._start)

    def next(self, rounds: Sequence[Round], price: float | None) -> Training:
        self._price = float("inf") if price is None else price
        if not rounds and self.first is not None:
            return Training(self.first, continued=False)
        if not rounds:
            share = FIRST_OF_CONTINUED if self.newcomer is self.component else FIRST
            seconds = max(min(share * self.left, self.left - ROUNDS * CAUTION * (price or 0.0)), LEAST * self.left)
            return Training(self._in_time(seconds), continued=False)
        if not _is_missing(rounds):
            return Training(self._in_time(self.left - self._checks(rounds)), continued=True, repairs=False)
        if self.newcomer is not self.component:
            return Training(self.newcomer, continued=False)
        seconds = (self.left - self._checks(rounds)) / 2
        return Training(self._in_time(seconds, PART), continued=self.continues)

    def end(self, rounds: Sequence[Round]) -> str:
        if self.left <= 0:
            return f"the budget of {self.budget:g} CPU seconds is spent"
        if self._is_short(rounds):
            return f"of the budget of {self.budget:g} CPU seconds too little is left for another round"
        left = rounds[-1].left
        return "" if left is None or _is_missing(rounds) else left.words

    def goes_on(self, rounds: Sequence[Round]) -> bool:
        """Whether nothing is missing, and time is left for the first component to go on, once."""
        return (
            self.budget is not None
            and self.continues
            and self.first is None
            and self.length is not None
            and not _is_missing(rounds)
            and not self._is_short(rounds)
            and all(record.beta < 1 for record in rounds[1:])
        )

    def _is_short(self, rounds: Sequence[Round]) -> bool:
        """Whether another round would not fit in the budget."""
        is_patched = _is_missing(rounds) and self.newcomer is not self.component
        share = -OVERDRAWN if is_patched else WORTH_IT
        return self.left - self._checks(rounds) < share * (self.budget or 0.0)

    def _checks(self, rounds: Sequence[Round]) -> float:
        """CPU seconds that a round takes beside its training: somewhat more than its price, or those of the last one.

        The first round's may hold what is done once, such as imports.
        """
        last = rounds[-1]
        return min(last.cpu_seconds - (last.training_cpu_seconds or 0.0), CAUTION * self._price)

    def _in_time(self, seconds: float, part: int = 1) -> Maker:
        """Makes components that train for so many CPU seconds, or without a budget for a part of their own length."""
        if self.length is None:
            return self.component
        if self.budget is None:
            return partial(_of_length, self.component, max(self.length // part, 1))
        if self._cost is None:
            start = cpu_time()
            self._cost = step_cost(self._pilot)
            seconds -= cpu_time() - start
        return partial(_of_length, self.component, self._cost.steps(seconds))

    def _pilot(self, length: int) -> None:
        labels = self.data.labels
        with isolated_randomness(self.seed):
            fit_component(_of_length(self.component, length), self.data.points, weights=None, labels=labels)


def _of_length(make: Maker, length: int) -> Component:
    component = as_component(make())
    set_training_length(component, length)
    return component


def _is_missing(rounds: Sequence[Round]) -> bool:
    left = rounds[-1].left
    return left is not None and left.verdict == "missing"


def _patch(example: Component, data: TrainingData) -> Maker | None:
    """What makes patches, if these suit: as the component itself says, or Gaussians for vectors without classes."""
    own = patch_of(example)
    if own is not None:
        return own
    shape = data.points.shape[1:]
    if learns_labels(example) or is_image(shape) or shape.numel() > LONGEST_PATCHED:
        return None
    return Patch
