"""A GAN's discriminator as a critic: taken out of the GAN, and trained on against a generator that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from adagan.components import GAN
from adagan.components.generators.gan.conditioning.conditioning import plain_discriminator
from adagan.components.generators.gan.gan_training import OneNumber
from adagan.components.generators.network_start import ADVERSARY
from adagan.components.generators.scaling import Scaling
from adagan.components.training.batches import WeightedBatches
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.step_cost import StepCost, step_cost
from adagan.study.method import Lesson
from adagan.study.methods.training import component_cost

SHARE = 0.15
"""Of a budget, for training a discriminator on when the generator is done."""
BATCH, LEARNING_RATE = 256, 1e-3
BLOCK = 8_192
"""Points that are judged at once."""


class Discriminator(nn.Module):
    """Judges points in the data's own units: log D(x)/(1 − D(x)), which is log dP_data/dP_model where D is optimal.

    Args:
        network: Scaled points (B, *event) to logits (B,).
        scaling: Of the GAN that it comes from.

    References:
        Goodfellow et al., *Generative adversarial nets*, 2014, proposition 1, https://arxiv.org/abs/1406.2661
    """

    def __init__(self, network: nn.Module, scaling: Scaling) -> None:
        super().__init__()
        self.network, self.scaling = network, scaling

    @classmethod
    def of(cls, gan: GAN) -> Discriminator:
        """Of a fitted GAN that kept its own, ``keep_discriminator=True``; of one without techniques or conditioning."""
        with isolated_randomness(0):  # the initial values are overwritten at once
            network = OneNumber(plain_discriminator(gan, gan.plan_))
        network.load_state_dict(gan.kept()[ADVERSARY])
        return cls(network, gan.scaling_)

    def forward(self, points: Tensor) -> Tensor:
        logits: Tensor = self.network(self.scaling(points))
        return logits

    @torch.no_grad()
    def logits(self, points: Tensor) -> Tensor:
        """At points of shape (N, *event), shape (N,), float64."""
        return torch.cat([self(part).double() for part in torch.split(points, BLOCK)])

    def log_ratio(self, x: Tensor) -> Tensor:
        """Log dP_model/dP_data at points of shape (N, *event), shape (N,): what `Refined` asks a critic for."""
        return -self.logits(x)


def judged_gan(steps: int, **options: Any) -> GAN:
    """The study's GAN, whose discriminator is kept."""
    return GAN(max_steps=steps, keep_discriminator=True, **options)


@dataclass(frozen=True)
class Trial:
    """What short trainings of the study's GAN told; they are no part of a budget, as for every method.

    Attributes:
        gan: What a GAN costs here and now.
        judge: What its discriminator costs, trained alone.
        scaling: Of the data, as every GAN makes it that is trained on them.
    """

    gan: StepCost
    judge: StepCost
    scaling: Scaling

    @classmethod
    def of(cls, lesson: Lesson) -> Trial:
        """On these data."""
        cost = component_cost(judged_gan, lesson)
        assert cost is not None  # it is trained in steps
        with isolated_randomness(0):
            pilot = judged_gan(1).fit(lesson.data)
        judge = Discriminator.of(pilot)
        price = step_cost(lambda steps: train_on(judge, pilot, lesson.data, steps, lesson.seed))
        return cls(cost, price, pilot.scaling_)


def fit_judged(lesson: Lesson, trial: Trial, seconds: float, **options: Any) -> tuple[GAN, Discriminator]:
    """A GAN with as many steps as fit into the CPU seconds, and its discriminator; `options` are the GAN's."""
    with isolated_randomness(lesson.seed):
        made = judged_gan(trial.gan.steps(seconds), **options).fit(lesson.data)
    return made, Discriminator.of(made)


def train_on(
    discriminator: Discriminator, source: Samples, data: Tensor, steps: int, seed: int, weights: Tensor | None = None
) -> Discriminator:
    """Trains a discriminator, in place, by the cross-entropy of data and samples, without a penalty on its slope.

    Args:
        discriminator: That of the training.
        source: Its generator, which stands still.
        data: Shape (N, *event).
        steps: Minibatches.
        seed: Of everything random.
        weights: Of the data, shape (N,); ``None`` means uniform.

    References:
        Azadi et al., *Discriminator rejection sampling*, 2018, section 3.2, https://arxiv.org/abs/1810.06758
    """
    generator = torch.Generator().manual_seed(seed)
    with isolated_randomness(seed):
        optimizer = torch.optim.Adam(discriminator.network.parameters(), LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for real in WeightedBatches(data, weights, min(BATCH, len(data)), steps, seed):
            fake = source.sample(len(real), generator=generator)
            loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return discriminator
