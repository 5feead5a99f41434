"""A generator trained within a budget of CPU seconds: alone, or boosted, critics included."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adagan.boosting import COARSE, AdaGAN
from adagan.components.adapters.wrapped import as_component
from adagan.components.contract import Component
from adagan.components.critics.critic import Critic
from adagan.components.generators.gaussian import Gaussian
from adagan.components.networks.defaults import is_image
from adagan.mixtures.data_weights import DataWeightRule
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.mixtures.steps import MixtureStep, Step
from adagan.study.pace import Pace, StepCost, step_cost

SHARE_OF_PILOTS = 0.02
"""Of a budget, for a pilot of the refinement."""
CRITIC_STEPS = 1_000
"""More steps than its default are not given to a critic, however large the budget."""
FEWEST_PILOTS, MOST_PILOTS = 500, 20_000
"""Pilot samples of a refinement; they come after the budget is divided, and some generators sample slowly."""

Maker = Callable[[int], Any]
"""From a number of training steps to an unfitted component."""


@dataclass(frozen=True)
class Split:
    """How a budget is divided among the trainings of a boosted generator.

    Attributes:
        first: Share of the first component, on which all that follows stands.
        critics: Share of all critics together; the later components divide the rest.
        sharp: What the sharp critic of a round before the last counts among the critics: it only gives the mixture
            its provisional weights.
        coarse: What a coarse critic counts.
        last: What the last sharp critic counts: it weighs all components and refines the samples.
    """

    first: float = 0.6
    critics: float = 0.2
    sharp: float = 0.1
    coarse: float = 0.6
    last: float = 2.0

    def turns(self, rounds: int) -> dict[str, list[float]]:
        """The shares of all trainings, by kind and round, of two rounds or more; they sum to 1."""
        sharp, coarse = [self.sharp] * (rounds - 1) + [self.last], [0.0] + [self.coarse] * (rounds - 1)
        unit = self.critics / (sum(sharp) + sum(coarse))
        later = (1 - self.first - self.critics) / (rounds - 1)
        return {
            "coarse critic": [unit * value for value in coarse],
            "component": [self.first] + [later] * (rounds - 1),
            "sharp critic": [unit * value for value in sharp],
        }


@dataclass(frozen=True)
class Trained:
    """What a budget made.

    Attributes:
        samplers: By row name; a boosted mixture comes bare and refined.
        rounds: Components trained.
        cpu_seconds: CPU time of the training, without the pilots that told the cost of a step.
    """

    samplers: dict[str, Samples]
    rounds: int
    cpu_seconds: float


def component_cost(
    make: Maker, data: Tensor, labels: Tensor | None = None, *, in_steps: bool = True
) -> StepCost | None:
    """What training a component costs; ``None`` for one that is not trained in steps."""
    if not in_steps:
        return None
    with isolated_randomness(0):
        return step_cost(lambda steps: _fitted(make(steps), data, labels))


def fit_bare(
    make: Maker, cost: StepCost | None, data: Tensor, seconds: float, seed: int, labels: Tensor | None = None
) -> Component:
    """One component, with as many steps as fit into the CPU seconds."""
    with isolated_randomness(seed):
        return _fitted(make(cost.steps(seconds) if cost else 1), data, labels)


def _fitted(component: Any, data: Tensor, labels: Tensor | None) -> Component:
    known: dict[str, Any] = {} if labels is None else {"labels": labels}
    return as_component(component).fit(data, **known)


def fit_boosted(
    make: Maker,
    data: Tensor,
    budget: float,
    rounds: int,
    seed: int,
    *,
    name: str = "boosted",
    labels: Tensor | None = None,
    in_steps: bool = True,
    split: Split | None = None,
    rule: DataWeightRule | None = None,
    target: Step | None = None,
    step: MixtureStep | None = None,
    warm_start: bool = False,
    balanced: bool = False,
) -> Trained:
    """Boosts a component within a budget that the critics share.

    Args:
        make: From a number of steps to an unfitted component.
        data: Shape (N, *event).
        budget: CPU seconds of all components and critics.
        rounds: Number of rounds.
        seed: Of everything random.
        name: Of the mixture's row; the refined one's ends in ``-refined``.
        labels: The points' classes, for components that learn from them, shape (N,).
        in_steps: Whether components are trained in steps; one that is not takes the time it takes.
        split: How the budget is divided.
        rule: As of `AdaGAN`, like `target`, `step` and `warm_start`; ``None`` takes its default.
        balanced: As of `AdaGAN.refined`, for the refined row.
    """
    cost = component_cost(make, data, labels, in_steps=in_steps)
    simple = Mixture([Gaussian().fit(data)])
    with isolated_randomness(seed):
        critic_cost = step_cost(lambda steps: study_critic(data, steps).fit(data, simple))
    pace = Pace(budget, (split or Split()).turns(rounds))

    def index() -> int:
        return len(getattr(model, "rounds_", ()))

    def critic(kind: str, noise: float) -> Critic:
        steps = critic_cost.steps(pace.seconds(kind, index()))
        return study_critic(data, min(steps, CRITIC_STEPS), noise)

    def component() -> Any:
        seconds = pace.seconds("component", index())
        return make(cost.steps(seconds) if cost else 1)

    start = time.process_time()
    model = AdaGAN(
        component,
        rounds=rounds,
        rule=rule,
        target=target,
        step=step,
        warm_start=warm_start,
        coarse_critic=lambda: critic("coarse critic", COARSE),
        critic=lambda: critic("sharp critic", 0.0),
        seed=seed,
    )
    model.fit(data, labels=labels)
    pilot = affordable_samples(model.mixture_, SHARE_OF_PILOTS * budget)
    generator = torch.Generator().manual_seed(seed)
    refined = model.refined(balanced=balanced, pilot=pilot, generator=generator)
    samplers: dict[str, Samples] = {name: model.mixture_, f"{name}-refined": refined}
    return Trained(samplers, rounds, time.process_time() - start)


def affordable_samples(source: Samples, seconds: float) -> int:
    """How many samples may be drawn in so many CPU seconds, within limits."""
    source.sample(1, generator=torch.Generator().manual_seed(0))
    start = time.process_time()
    source.sample(FEWEST_PILOTS // 5, generator=torch.Generator().manual_seed(0))
    price = max(time.process_time() - start, 1e-6) / (FEWEST_PILOTS // 5)
    return min(max(int(seconds / price), FEWEST_PILOTS), MOST_PILOTS)


def study_critic(data: Tensor, steps: int, noise: float = 0.0) -> Critic:
    """The critic of a study: of images, of which there are few, it takes smaller minibatches."""
    if is_image(data.shape[1:]):
        return Critic(max_steps=steps, noise=noise, batch_size=128)
    samples = max(64 * steps, 4_000)
    return Critic(max_steps=steps, noise=noise, max_samples=min(samples, math.ceil(len(data))))
