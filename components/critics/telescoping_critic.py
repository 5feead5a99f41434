"""A critic for what is far apart: the ratio as a product of many, each of two distributions that are close."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.critics.calibrators import AsTheyAre, Calibrator
from adagan.components.critics.cross_fitting import CrossFitted
from adagan.components.critics.labelled_points import LabelledPoints
from adagan.components.critics.ratio_objectives import Telescoping
from adagan.mixtures.numbers import check_counts, check_positive

LARGEST = 512
"""Entries at most of events whose products in pairs are looked at."""
WAVES = 2
"""Of the products' weights along the way: they change slowly from one step to the next."""


class TelescopingCritic(CrossFitted):
    r"""Estimates log dQ/dP_data of all samples together as a sum over steps on a way from samples to data.

    Where the two sides are told apart without a mistake, by ten nats or more, a classifier's logits say nothing of how
    large the ratio is. Here samples are turned into data in small steps, every step's ratio is learnt by logistic
    regression, all by one network, and the log ratios are added. It is slower than `SharpCritic`, and less exact where
    one step is enough: mixtures that are boosted seldom are so far from the data.

    It is *binary*: several components need ``log_prob``, as for `BinaryCritic`.

    Args:
        steps: From samples to data.
        folds: Number of folds, 2 or more.
        width: Of the network's layers.
        max_steps: Training steps per fold; training stops earlier when the held-out loss no longer falls.
        batch_size: Points per training step, one half of them data.
        learning_rate: Of Adam.
        max_samples: Data points, drawn by weight, that are learnt from at most, and as many samples in all.
        calibrator: How raw ratios are calibrated on held-out points; ``None`` means ``AsTheyAre()``.
        seed: Of everything random; ``None`` takes the run's, or a fresh one outside of a run.

    References:
        Rhodes, Xu, Gutmann, *Telescoping density-ratio estimation*, 2020, https://arxiv.org/abs/2006.12204
    """

    binary = True

    def __init__(
        self,
        *,
        steps: int = 12,
        folds: int = 2,
        width: int = 128,
        max_steps: int = 2_000,
        batch_size: int = 512,
        learning_rate: float = 2e-3,
        max_samples: int = 100_000,
        calibrator: Calibrator | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(folds=folds, max_samples=max_samples, calibrator=calibrator or AsTheyAre(), seed=seed)
        check_counts(steps=steps, width=width, max_steps=max_steps, batch_size=batch_size)
        check_positive(learning_rate=learning_rate)
        self.steps, self.width = steps, width
        self.max_steps, self.batch_size, self.learning_rate = max_steps, batch_size, learning_rate

    def prepare(self, points: LabelledPoints) -> None:
        self.build(tuple(points.data.shape[1:]), 1, {"": points.data})

    def fit_fold(self, index: int, training: LabelledPoints, seed: int) -> None:
        from adagan.components.critics.critic_training import train_ratio_network

        train_ratio_network(
            self.estimators_[index],
            training,
            objective=Telescoping(self.steps),
            max_steps=self.max_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=seed,
        )

    def build(self, event_shape: tuple[int, ...], num_outputs: int, state: Mapping[str, Tensor]) -> None:
        like = next(value for value in state.values() if value.is_floating_point())
        networks = (StepRatios(math.prod(event_shape), self.steps, self.width) for _ in range(self.folds))
        self.estimators_ = nn.ModuleList(networks).to(like)

    def config(self) -> dict[str, Any]:
        return {**super().config(), "steps": self.steps, "width": self.width}


class StepRatios(nn.Module):
    """The log ratio of every way point over the next, at points of E entries: a perceptron's, and of products in pairs.

    Args:
        size: E.
        steps: S.
        width: Of the perceptron's two layers.
    """

    waves: Tensor

    def __init__(self, size: int, steps: int, width: int) -> None:
        super().__init__()
        last = nn.Linear(width, steps)
        self.perceptron = nn.Sequential(nn.Linear(size, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), last)
        self.direct = nn.Linear(size, steps)
        number = WAVES if size <= LARGEST else 0
        self.products = nn.Parameter(torch.zeros(number, size, size))
        places = (torch.arange(steps) + 0.5) / steps
        self.register_buffer("waves", torch.cos(math.pi * torch.arange(number)[:, None] * places) / math.sqrt(size))
        with torch.no_grad():
            last.weight.zero_()
            self.direct.weight.zero_()

    def ratios(self, points: Tensor) -> Tensor:
        """At points of shape (..., E), shape (..., S)."""
        ratios: Tensor = self.perceptron(points) + self.direct(points)
        if len(self.products):
            squares = torch.stack([((points @ weights) * points).sum(dim=-1) for weights in self.products], dim=-1)
            ratios = ratios + squares @ self.waves
        return ratios

    def forward(self, points: Tensor) -> Tensor:
        """Of samples over data, shape (N, 1)."""
        return self.ratios(points.flatten(1)).sum(dim=1, keepdim=True)
