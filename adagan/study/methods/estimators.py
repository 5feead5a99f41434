"""Ways to estimate what a model misses, from its samples: counts in cells, and a blurred critic."""

from __future__ import annotations

import time
from functools import partial

import torch
from torch import Tensor

from adagan.components.critics.critic import Critic
from adagan.components.generators.memoriser import Memoriser
from adagan.data.training_data import TrainingData
from adagan.estimate import Estimate
from adagan.missing.features import Features, suited_features
from adagan.missing.missing_mass import MISSING_BELOW, Missing, Region, estimated
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.randomness import isolated_randomness
from adagan.study.method import Lesson, Trained
from adagan.study.tasks.missing import Estimator

NOISE = 0.1
"""Of the blurred critic, in the data's standard deviations."""


def cells(lesson: Lesson) -> Trained[Estimator]:
    """`adagan.missing_mass`, whose features are learnt from the data once."""
    start, data = time.process_time(), TrainingData.checked(lesson.data)
    features = suited_features(data.points, lesson.seed)
    return Trained((partial(_by_cells, data, features),), 0, time.process_time() - start)


def coarse_critic(lesson: Lesson) -> Trained[Estimator]:
    """E[(1 − u)_+] by the network critic with noise on its inputs, trained anew for every model."""
    return Trained((partial(_by_critic, TrainingData.checked(lesson.data)),), 0, 0.0)


def _by_cells(data: TrainingData, features: Features, samples: Tensor, seed: int) -> Missing:
    return estimated(data, samples, features, seed)


def _by_critic(data: TrainingData, samples: Tensor, seed: int) -> Missing:
    with isolated_randomness(seed):
        model = Mixture([Memoriser().fit(samples)])
        critic = Critic(noise=NOISE, seed=seed).fit(data.points, model)
    ratio = critic.log_ratio_
    lack = (-torch.expm1(ratio)).clamp(min=0)
    found = Estimate.of_mean(lack, data.weights)
    low, high = found.interval
    rows = (ratio.exp() < MISSING_BELOW).nonzero()[:, 0]
    whole = Region(rows, data.points[rows].mean(dim=0), found.value, max(low, 0.0), min(high, 1.0), float("nan"))
    regions = (whole,) if len(rows) else ()
    return Missing(found.value, max(low, 0.0), min(high, 1.0), 0.0, regions, ratio, len(samples), 0.0)
