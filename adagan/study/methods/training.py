"""A generator trained within a budget of CPU seconds: alone, or boosted, critics included."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from adagan.boosting import AdaGAN
from adagan.components.adapters.as_component import as_component
from adagan.components.contract import Component
from adagan.mixtures.errors import UserError
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.step_cost import StepCost, step_cost
from adagan.study.method import Lesson, Trained

SHARE_OF_PILOTS = 0.02
"""Of a budget, for a pilot of the refinement."""
SHARE_OF_COMPONENTS = 0.8
"""Of a budget, where all rounds are alike; the critics take the rest."""
FEWEST_PILOTS, MOST_PILOTS = 500, 20_000
"""Pilot samples of a refinement; they come after the budget is divided, and some generators sample slowly."""

Maker = Callable[[int], Any]
"""From a number of training steps to an unfitted component."""


def component_cost(make: Maker, lesson: Lesson, *, in_steps: bool = True) -> StepCost | None:
    """What training a component costs; ``None`` for one that is not trained in steps."""
    if not in_steps:
        return None
    with isolated_randomness(0):
        return step_cost(lambda steps: _fitted(make(steps), lesson))


def fit_bare(make: Maker, cost: StepCost | None, lesson: Lesson) -> Component:
    """One component, with as many steps as fit into the CPU seconds."""
    with isolated_randomness(lesson.seed):
        return _fitted(make(cost.steps(lesson.seconds) if cost else 1), lesson)


def _fitted(component: Any, lesson: Lesson) -> Component:
    known: dict[str, Any] = {} if lesson.labels is None else {"labels": lesson.labels}
    return as_component(component).fit(lesson.data, **known)


def fit_boosted(make: Maker, lesson: Lesson) -> Trained[Samples]:
    """``AdaGAN(make, budget=...)`` and nothing else: its mixture, and what it samples, refined where that helps.

    Args:
        make: From a number of steps, which the budget replaces, to an unfitted component.
        lesson: Data, CPU seconds of all components and critics, and seed.
    """
    model = AdaGAN(partial(make, 1), budget=lesson.seconds, seed=lesson.seed)
    seconds = _seconds_of(model, lesson)
    return Trained((model.mixture_, model.refined_ or model.mixture_), len(model.mixture_), seconds)


def fit_alike(make: Maker, lesson: Lesson, **choices: Any) -> Trained[Samples]:
    """As many rounds as the lesson says, all alike, as in the paper; the mixture comes bare and refined.

    Args:
        make: From a number of steps to an unfitted component.
        lesson: Data, CPU seconds of all components and critics, rounds and seed.
        choices: Of `AdaGAN`.

    Raises:
        ValueError: Fewer than two rounds.
    """
    if lesson.rounds < 2:
        raise UserError(f"rounds: expected 2 or more, since one round does not boost, got {lesson.rounds}")
    cost = component_cost(make, lesson)
    assert cost is not None
    steps = cost.steps(SHARE_OF_COMPONENTS * lesson.seconds / lesson.rounds)
    model = AdaGAN(partial(make, steps), rounds=lesson.rounds, seed=lesson.seed, **choices)
    seconds, start = _seconds_of(model, lesson), time.process_time()
    pilot = affordable_samples(model.mixture_, SHARE_OF_PILOTS * lesson.seconds)
    generator = torch.Generator().manual_seed(lesson.seed)
    refined = model.refined(0.5, generator, pilot=pilot)
    return Trained((model.mixture_, refined), len(model.mixture_), seconds + time.process_time() - start)


def _seconds_of(model: AdaGAN, lesson: Lesson) -> float:
    start = time.process_time()
    model.fit(lesson.data, labels=lesson.labels)
    return time.process_time() - start


def affordable_samples(source: Samples, seconds: float) -> int:
    """How many samples may be drawn in so many CPU seconds, within limits."""
    source.sample(1, generator=torch.Generator().manual_seed(0))
    start = time.process_time()
    source.sample(FEWEST_PILOTS // 5, generator=torch.Generator().manual_seed(0))
    price = max(time.process_time() - start, 1e-6) / (FEWEST_PILOTS // 5)
    return min(max(int(seconds / price), FEWEST_PILOTS), MOST_PILOTS)
