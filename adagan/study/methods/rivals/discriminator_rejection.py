"""Discriminator rejection sampling: a GAN's samples, accepted by its discriminator."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from adagan.mixtures.mixture import Mixture
from adagan.mixtures.numbers import check_share
from adagan.mixtures.refinement.methods import (
    Draw,
    Pilot,
    Refinement,
    RefinementRecord,
    effective_sample_size,
    rejecting,
)
from adagan.mixtures.refinement.refined import Refined, Samples
from adagan.study.method import Lesson, Trained
from adagan.study.methods.rivals.discriminator import SHARE, Discriminator, Trial, fit_judged, train_on

EPSILON = 1e-6
PERCENTILE = 0.95
PILOT = 10_000
"""Samples from which the maximum is taken."""


def acceptance_chance(logits: Tensor, maximum: float, shift: float) -> Tensor:
    r"""The probability of acceptance, sigmoid(F), F = Δ − log(1 − exp(Δ − ε)) − γ with Δ = D̃(x) − max D̃ (eq. 8).

    With γ = 0 it is exp(Δ), plain rejection by the density ratio; a larger γ accepts less, a smaller one more.

    Args:
        logits: Of the discriminator, shape (N,); what exceeds the maximum counts as it.
        maximum: Of the logits.
        shift: γ.
    """
    return (_before_shift(logits, maximum) - shift).sigmoid()


def _before_shift(logits: Tensor, maximum: float) -> Tensor:
    below = (logits - maximum).clamp(max=0)
    return below - torch.log(-torch.expm1(below - EPSILON))


def shift_at(logits: Tensor, maximum: float, percentile: float, weights: Tensor) -> float:
    """The γ at which a share `percentile` of the samples is accepted with a probability under one half.

    Args:
        logits: Of samples, shape (N,).
        maximum: Of the logits.
        percentile: In (0, 1].
        weights: Of the samples, shape (N,), sum 1.
    """
    values, order = _before_shift(logits, maximum).sort()
    place = int(torch.searchsorted(weights[order].cumsum(0), percentile).clamp(max=len(values) - 1))
    return float(values[place])


@dataclass(frozen=True)
class ShiftedPilot(Pilot):
    """With `level` the largest logit, and γ.

    Attributes:
        shift: γ.
    """

    shift: float


class DiscriminatorRejection(Refinement):
    """Accepts with `acceptance_chance`, γ set by a percentile of F over samples, as the paper does for ImageNet.

    Args:
        percentile: In (0, 1].

    References:
        Azadi, Olsson, Darrell, Goodfellow, Odena, *Discriminator rejection sampling*, 2018, eq. 8 and section 3.3,
        https://arxiv.org/abs/1810.06758
    """

    def __init__(self, percentile: float = PERCENTILE) -> None:
        self.percentile = check_share(percentile, "percentile")

    def pilot(self, log_ratio: Tensor) -> Pilot:
        logits = -log_ratio
        maximum = float(logits.max())
        shift = shift_at(logits, maximum, self.percentile, torch.full_like(logits, 1 / len(logits)))
        chances = acceptance_chance(logits, maximum, shift)
        return ShiftedPilot(len(logits), maximum, float(chances.mean()), effective_sample_size(chances), shift)

    def refine(
        self, draw: Draw, num_samples: int, pilot: Pilot, generator: torch.Generator
    ) -> tuple[Tensor, RefinementRecord]:
        assert isinstance(pilot, ShiftedPilot)  # it is its own

        def chance(log_ratio: Tensor) -> Tensor:
            return acceptance_chance(-log_ratio, pilot.level, pilot.shift)

        return rejecting(draw, num_samples, pilot, generator, chance)


def rejected_by(discriminator: Discriminator, source: Samples, seed: int, percentile: float) -> Refined:
    """The source's samples, as the discriminator accepts them."""
    generator = torch.Generator().manual_seed(seed)
    return Refined(source, discriminator, DiscriminatorRejection(percentile), pilot=PILOT, generator=generator)


def discriminator_rejection(lesson: Lesson) -> Trained[Samples]:
    """One GAN; its discriminator is trained on when the generator is done, and then accepts samples."""
    trial = Trial.of(lesson)
    start = time.process_time()
    component, judge = fit_judged(lesson, trial, (1 - SHARE) * lesson.seconds)
    train_on(judge, component, lesson.data, trial.judge.steps(SHARE * lesson.seconds), lesson.seed)
    answer = rejected_by(judge, Mixture([component]), lesson.seed, PERCENTILE)
    return Trained((answer,), 1, time.process_time() - start)
