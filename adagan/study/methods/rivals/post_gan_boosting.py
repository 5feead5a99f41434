"""Post-GAN boosting: samples of many moments of one GAN, weighed in a game against the discriminators of these."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from adagan.components.generators.gan.gan_training import GANTraining
from adagan.components.generators.memoriser import Memoriser
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.mixtures.refinement.refined import Samples
from adagan.study.method import Lesson, Trained
from adagan.study.methods.rivals.discriminator import Discriminator, Trial, judged_gan
from adagan.study.methods.rivals.discriminator_rejection import PERCENTILE, acceptance_chance, shift_at
from adagan.study.methods.rivals.watching import Watching

MOMENTS, ROUNDS = 100, 400
"""Generators and discriminators of the second half of a training, and rounds of the game; the paper's are alike."""
SHARE_OF_GAME = 0.15
"""Of a budget, for what the discriminators say of samples and data."""
MOST_SAMPLES, MOST_REAL = 50_000, 5_000
"""Samples in all, and data points; fewer where the discriminators are slow."""


@dataclass(frozen=True)
class Played:
    """What a game ended with.

    Attributes:
        samples: φ̄, the weights of the samples, shape (B,), sum 1.
        judges: D̄, the weights of the discriminators, shape (J,), sum 1.
    """

    samples: Tensor
    judges: Tensor


def played(at_samples: Tensor, at_real: Tensor, rounds: int = ROUNDS) -> Played:
    r"""The game: the best discriminator answers the samples' weights, then these go where it believes in them.

    In round t it is the one of the largest U(φ, D) = E_data[D] + Σ_b φ(b) (1 − D(b)), and φ(b) becomes proportional to
    φ(b) exp(η_t D(b)) with η_t = 1/√t, as in the authors' code. Both sides' averages over the rounds are returned.

    Args:
        at_samples: What every discriminator says of every sample, probabilities, shape (J, B).
        at_real: What it says of the data, on average, shape (J,).
        rounds: Rounds of the game.

    References:
        Neunhoeffer, Wu, Dwork, *Private post-GAN boosting*, 2021, section 3 (the variant that is not private),
        https://arxiv.org/abs/2007.11934
    """
    logs = torch.zeros_like(at_samples[0])
    total, chosen = torch.zeros_like(logs), torch.zeros_like(at_real)
    for index in range(1, rounds + 1):
        best = int((at_real - at_samples @ logs.softmax(dim=0)).argmax())
        logs = logs + at_samples[best] / index**0.5
        total += logs.softmax(dim=0)
        chosen[best] += 1
    return Played(total / rounds, chosen / rounds)


class Moments:
    """Copies of a GAN's averaged generator and of its discriminator.

    Attributes:
        pairs: One for each moment.
    """

    def __init__(self) -> None:
        self.pairs: list[tuple[torch.nn.Module, torch.nn.Module]] = []

    def __call__(self, training: GANTraining) -> None:
        networks = (training.average.module, training.discriminator)
        generator, judge = (copy.deepcopy(network).eval().requires_grad_(False) for network in networks)
        self.pairs.append((generator, judge))


def post_gan_boosting(lesson: Lesson) -> Trained[Samples]:
    """One GAN, then the game; the samples' weights as they are, and by rejection with the mean discriminator.

    The answers are those samples, drawn with replacement by their weights, as in the paper.
    """
    trial = Trial.of(lesson)
    start = time.process_time()
    moments = Moments()
    with isolated_randomness(lesson.seed):
        steps = trial.gan.steps((1 - SHARE_OF_GAME) * lesson.seconds)
        gan = judged_gan(steps, trainer_options={"callbacks": partial(Watching, moments, MOMENTS, 0.5)})
        gan.fit(lesson.data)
    judges = [Discriminator(judge, gan.scaling_) for _, judge in moments.pairs]
    real, size = _affordable(judges, lesson)
    source = torch.Generator().manual_seed(lesson.seed)
    drawn = []
    for generator, _ in moments.pairs:
        gan.generator_ = generator
        drawn.append(gan.sample(size, generator=source))
    samples = torch.cat(drawn)
    at_samples = torch.stack([judge.logits(samples).sigmoid() for judge in judges])
    at_real = torch.stack([judge.logits(real).sigmoid().mean() for judge in judges])
    game = played(at_samples, at_real)
    logits = torch.logit(game.judges @ at_samples, eps=1e-14)
    maximum = float(logits.max())
    chances = acceptance_chance(logits, maximum, shift_at(logits, maximum, PERCENTILE, game.samples))
    answers = tuple(Mixture([Memoriser().fit(samples, weights=w)]) for w in (game.samples, game.samples * chances))
    return Trained(answers, 1, time.process_time() - start)


def _affordable(judges: list[Discriminator], lesson: Lesson) -> tuple[Tensor, int]:
    """As many data points, and samples of each generator, as the discriminators can judge in their share of time."""
    start = time.process_time()
    judges[0].logits(lesson.data[:500])
    price = max(time.process_time() - start, 1e-6) / len(lesson.data[:500])
    judged = int(SHARE_OF_GAME * lesson.seconds / (price * len(judges)))
    num_real = min(MOST_REAL, max(judged // 10, 50), len(lesson.data))
    order = torch.randperm(len(lesson.data), generator=torch.Generator().manual_seed(lesson.seed))
    samples = min(MOST_SAMPLES, max(judged - num_real, 50))
    return lesson.data[order[:num_real]], max(samples // len(judges), 1)
