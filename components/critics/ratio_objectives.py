"""What a critic's network learns: to tell all classes apart at once, or the data from samples by steps between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from adagan.components.critics.labelled_points import class_logits
from adagan.components.training.ranks.shares import normal_like


@dataclass(frozen=True)
class Score:
    """How a network does on some points.

    Attributes:
        losses: Of every point, or of every pair of points, shape (P,), times what it counts.
        right: Whether it is told for what it is, or how often, shape (P,).
        counts: What it counts, shape (P,).
    """

    losses: Tensor
    right: Tensor
    counts: Tensor

    @property
    def accuracy(self) -> Tensor:
        """The share that is told for what it is, every class counting half; 1/2 is chance."""
        return (self.right * self.counts).sum() / self.counts.sum()


class RatioObjective(Protocol):
    """The contract: points of shape (B, *event) with classes (B,), 0 for data, and what they count, to a `Score`."""

    def __call__(self, network: nn.Module, points: Tensor, labels: Tensor, counts: Tensor) -> Score: ...


@dataclass(frozen=True)
class Softmax:
    """Softmax regression over the classes {data, component 1, .., component K}, on noisy points.

    Attributes:
        log_shares: Of the classes, shape (K + 1,), see `class_logits`.
        noise: Standard deviation of the noise added to all points: the critic's resolution.
    """

    log_shares: Tensor
    noise: float = 0.0

    def __call__(self, network: nn.Module, points: Tensor, labels: Tensor, counts: Tensor) -> Score:
        if self.noise > 0:
            points = points + self.noise * normal_like(points, sides=2)
        logits = class_logits(network(points), self.log_shares.to(points))
        losses = cross_entropy(logits, labels, reduction="none") * counts
        as_data = logits[:, 0] > logits[:, 1:].logsumexp(dim=1)
        return Score(losses, as_data == (labels == 0), counts)


@dataclass(frozen=True)
class Telescoping:
    r"""Logistic regressions of every way point against the next, on the way from samples to data.

    A sample s and a data point d make the way points cos(a) s + sin(a) d, a from 0 to π/2; each pair of neighbours is
    close enough to learn from where s and d themselves are told apart without a mistake, and their log ratios add up
    to that of samples over data.

    Attributes:
        steps: From a to a: one less than there are way points.

    References:
        Rhodes, Xu, Gutmann, *Telescoping density-ratio estimation*, 2020, section 3, https://arxiv.org/abs/2006.12204
    """

    steps: int

    def __call__(self, network: nn.Module, points: Tensor, labels: Tensor, counts: Tensor) -> Score:
        points = points.flatten(1)
        data, samples = points[labels == 0], points[labels > 0]
        pairs = min(len(data), len(samples))
        ways = torch.linspace(0, math.pi / 2, self.steps + 1, dtype=points.dtype, device=points.device).sin()
        ways = ways[:, None, None]
        mixed = ways.flip(0) * samples[:pairs] + ways * data[:pairs]
        ratios = network.ratios(mixed)  # type: ignore[operator]  # (S + 1, P, E) to (S + 1, P, S)
        nearer_samples = torch.diagonal(ratios[:-1], dim1=0, dim2=2)
        nearer_data = torch.diagonal(ratios[1:], dim1=0, dim2=2)
        own = counts[labels == 0][:pairs]
        losses = (softplus(-nearer_samples) + softplus(nearer_data)).mean(dim=1) / 2
        right = ((nearer_samples > 0).to(own) + (nearer_data < 0).to(own)).mean(dim=1) / 2
        return Score(losses * own, right, own)
