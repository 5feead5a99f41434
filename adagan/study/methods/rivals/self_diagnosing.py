"""Self-Diagnosing GAN: records of log ratios tell which points are underrepresented; then weights, then rejection."""

from __future__ import annotations

import time
from functools import partial

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, LRScheduler

from adagan.components.generators.gan.gan_training import GANTraining
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.study.method import Lesson, Trained
from adagan.study.methods.rivals.discriminator import BLOCK, SHARE, Trial, fit_judged, judged_gan, train_on
from adagan.study.methods.rivals.discriminator_rejection import rejected_by
from adagan.study.methods.rivals.watching import Watching

FIRST_PHASE = 0.8
"""Of the GAN's training, as in the paper (40,000 of 50,000 steps); the record is made in the last eighth of it."""
RECORDS, SHARE_OF_RECORDS = 50, 0.05
"""Records, as in the paper; fewer where they would take more than that share of the budget."""
DEVIATIONS, LEAST, LARGEST_RATIO = 1.0, 1e-2, 50.0
"""k, the smallest score, and the largest in units of the smallest, as in the authors' code for coloured digits."""
PERCENTILE = 0.8
"""Of the rejection, as in the authors' code."""


def discrepancy_score(record: Tensor, deviations: float = DEVIATIONS) -> Tensor:
    r"""s(x) = LDRM(x) + k √LDRV(x): mean and deviation of log D/(1 − D) over the record, at most 50 times its least.

    Args:
        record: Logits of the discriminator at the data, from R ≥ 2 moments of a training, shape (R, N).
        deviations: k.

    Returns:
        Unnormalised data weights, shape (N,), positive.

    References:
        Lee, Kim, Hong, Chung, *Self-diagnosing GAN: Diagnosing underrepresented samples in generative adversarial
        networks*, 2021, eq. 3 to 6, https://arxiv.org/abs/2102.12033
    """
    score = (record.mean(dim=0) + deviations * record.std(dim=0)).clamp(min=LEAST)
    return score.clamp(max=LARGEST_RATIO * float(score.min()))


class Record:
    """The discriminator's logits at points, moment by moment, until they have taken too long; two at least.

    Args:
        points: As the networks see them, shape (N, *event).
        seconds: CPU seconds.

    Attributes:
        logits: One for each moment, each of shape (N,).
    """

    def __init__(self, points: Tensor, seconds: float) -> None:
        self.points, self.seconds = points, seconds
        self.logits: list[Tensor] = []

    @torch.no_grad()
    def __call__(self, training: GANTraining) -> None:
        if self.seconds < 0 and len(self.logits) > 1:
            return
        start = time.process_time()
        self.logits.append(torch.cat([training.judge(part) for part in torch.split(self.points, BLOCK)]).double())
        self.seconds -= time.process_time() - start


def self_diagnosing(lesson: Lesson) -> Trained[Samples]:
    """A GAN trained on the data, then on as the score of its record weighs them; then its discriminator is trained on
    the data as they are, as the paper's auxiliary one, and accepts samples.
    """
    trial = Trial.of(lesson)
    start = time.process_time()
    seconds = (1 - SHARE - SHARE_OF_RECORDS) * lesson.seconds
    record = Record(trial.scaling(lesson.data), SHARE_OF_RECORDS * lesson.seconds)
    watching = partial(Watching, record, RECORDS, 7 / 8)
    options = {"schedule": _constant, "trainer_options": {"callbacks": watching}}
    first, judge = fit_judged(lesson, trial, FIRST_PHASE * seconds, **options)
    weights = discrepancy_score(torch.stack(record.logits))
    with isolated_randomness(lesson.seed + 1):
        second = judged_gan(trial.gan.steps((1 - FIRST_PHASE) * seconds)).warm_start(first)
        second.fit(lesson.data, weights=weights)
    train_on(judge, second, lesson.data, trial.judge.steps(SHARE * lesson.seconds), lesson.seed)
    answer = rejected_by(judge, Mixture([second]), lesson.seed, PERCENTILE)
    return Trained((answer,), 1, time.process_time() - start)


def _constant(optimizer: Optimizer) -> LRScheduler:
    """The rates do not fall before the second phase."""
    return ConstantLR(optimizer, factor=1.0)
