"""MWU-GAN: rounds of GANs; the weight of every point that a round leaves out is doubled."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.study.method import Lesson, Trained
from adagan.study.methods.rivals.discriminator import SHARE, Discriminator, Trial, judged_gan, train_on

DELTA = 0.25
"""A point is covered where the generator has this share of the data's density, or more; as in the authors' code."""


def doubled_where_left_out(weights: Tensor, logits: Tensor, delta: float = DELTA) -> Tensor:
    r"""The next weights: w_i doubles where g(x_i)/p(x_i) = (1/D(x_i) − 1) · n w_i/Σw < δ.

    The discriminator was trained against data drawn by the weights, so that 1/D − 1 is the generator's density over
    the *weighted* data's; the last factor makes it that over the data's.

    Args:
        weights: Of the round that is over, shape (N,).
        logits: Of its discriminator at the data, log D/(1 − D), shape (N,).
        delta: δ.

    References:
        Zhong, Mo, Xiao, Chen, Zheng, *Rethinking generative mode coverage: a pointwise guaranteed approach*, 2019,
        algorithms 1 and 2, https://arxiv.org/abs/1902.04697
    """
    covered = (-logits).exp() * weights * len(weights) / weights.sum()
    return torch.where(covered < delta, 2 * weights, weights)


def multiplicative_weights(lesson: Lesson) -> Trained[Samples]:
    """As many GANs as boosting has rounds, with equal shares of the budget and of the mixture."""
    trial = Trial.of(lesson)
    start = time.process_time()
    seconds = lesson.seconds / lesson.rounds
    weights = torch.ones(len(lesson.data), dtype=torch.float64)
    components = []
    for index in range(lesson.rounds):
        seed = lesson.seed + 1_000_003 * index
        with isolated_randomness(seed):
            gan = judged_gan(trial.gan.steps((1 - SHARE) * seconds)).fit(lesson.data, weights=weights)
        components.append(gan)
        if len(components) < lesson.rounds:
            judge = Discriminator.of(gan)
            train_on(judge, gan, lesson.data, trial.judge.steps(SHARE * seconds), seed, weights)
            weights = doubled_where_left_out(weights, judge.logits(lesson.data))
    return Trained((Mixture(components),), lesson.rounds, time.process_time() - start)
