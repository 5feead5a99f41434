"""A generator trained within a budget of CPU seconds: alone, or boosted, critics included."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from adagan.boosting import AdaGAN
from adagan.components.adapters.as_component import as_component
from adagan.components.contract import Component
from adagan.components.critics.critic import Critic
from adagan.components.generators.gaussian import Gaussian
from adagan.components.networks.defaults import is_image
from adagan.mixtures.data_weights import DataWeightRule
from adagan.mixtures.errors import UserError
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.mixtures.steps import MixtureStep, Step
from adagan.study.budget import Pace, Split, StepCost, step_cost
from adagan.study.method import Lesson, Trained

SHARE_OF_PILOTS = 0.02
"""Of a budget, for a pilot of the refinement."""
CRITIC_STEPS = 1_000
"""More steps than its default are not given to a critic, however large the budget."""
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


def fit_boosted(
    make: Maker,
    lesson: Lesson,
    *,
    in_steps: bool = True,
    split: Split | None = None,
    rule: DataWeightRule | None = None,
    target: Step | None = None,
    step: MixtureStep | None = None,
    warm_start: bool = False,
    balanced: bool = False,
) -> Trained[Samples]:
    """Boosts a component within a budget that the critics share; the mixture comes bare and refined.

    Args:
        make: From a number of steps to an unfitted component.
        lesson: Data, CPU seconds of all components and critics, rounds and seed.
        in_steps: Whether components are trained in steps; one that is not takes the time it takes.
        split: How the budget is divided.
        rule: As of `AdaGAN`, like `target`, `step` and `warm_start`; ``None`` takes its default.
        balanced: As of `AdaGAN.refined`, for the refined answer.

    Raises:
        ValueError: Fewer than two rounds.
    """
    if lesson.rounds < 2:
        raise UserError(f"rounds: expected 2 or more, since one round does not boost, got {lesson.rounds}")
    data, seed = lesson.data, lesson.seed
    cost = component_cost(make, lesson, in_steps=in_steps)
    simple = Mixture([Gaussian().fit(data)])
    with isolated_randomness(seed):
        critic_cost = step_cost(lambda steps: study_critic(data, steps).fit(data, simple))
    pace = Pace(lesson.seconds, (split or Split()).turns(lesson.rounds))

    def index() -> int:
        return len(getattr(model, "rounds_", ()))

    def critic() -> Critic:
        steps = critic_cost.steps(pace.seconds("critic", index()))
        return study_critic(data, min(steps, CRITIC_STEPS))

    def component() -> Any:
        seconds = pace.seconds("component", index())
        return make(cost.steps(seconds) if cost else 1)

    start = time.process_time()
    model = AdaGAN(
        component,
        rounds=lesson.rounds,
        rule=rule,
        target=target,
        step=step,
        warm_start=warm_start,
        critic=critic,
        seed=seed,
    )
    model.fit(data, labels=lesson.labels)
    pilot = affordable_samples(model.mixture_, SHARE_OF_PILOTS * lesson.seconds)
    generator = torch.Generator().manual_seed(seed)
    refined = model.refined(balanced=balanced, pilot=pilot, generator=generator)
    return Trained((model.mixture_, refined), lesson.rounds, time.process_time() - start)


def affordable_samples(source: Samples, seconds: float) -> int:
    """How many samples may be drawn in so many CPU seconds, within limits."""
    source.sample(1, generator=torch.Generator().manual_seed(0))
    start = time.process_time()
    source.sample(FEWEST_PILOTS // 5, generator=torch.Generator().manual_seed(0))
    price = max(time.process_time() - start, 1e-6) / (FEWEST_PILOTS // 5)
    return min(max(int(seconds / price), FEWEST_PILOTS), MOST_PILOTS)


def study_critic(data: Tensor, steps: int) -> Critic:
    """The critic of a study: of images, of which there are few, it takes smaller minibatches."""
    if is_image(data.shape[1:]):
        return Critic(max_steps=steps, batch_size=128)
    samples = max(64 * steps, 4_000)
    return Critic(max_steps=steps, max_samples=min(samples, math.ceil(len(data))))
