"""What a critic learns from: weighted data, and samples that carry the index of their component."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adagan.components.training.ranks.scores import scored
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.errors import UserError
from adagan.mixtures.large_arrays import LARGE, give_back, room
from adagan.mixtures.mixture import Mixture
from adagan.mixtures.systematic import spaced_rows

BLOCK = 16_384
MOST_NUMBERS = 4_000_000
"""Rows, and entries of theirs, that are scored at once: memory does not grow with the number of points."""


@dataclass(frozen=True)
class LabelledPoints:
    """Points of the classes {data, component 1 .. K}.

    Attributes:
        data: Points of class 0, shape (N, *event).
        weights: Their weights, shape (N,), float64.
        samples: Points of the other classes, shape (M, *event).
        labels: Their classes, shape (M,), from 1.
        log_shares: Logarithms of the classes' shares, shape (K + 1,), the data first with one half.
    """

    data: Tensor
    weights: Tensor
    samples: Tensor
    labels: Tensor
    log_shares: Tensor

    @property
    def num_components(self) -> int:
        """K, the number of classes beside the data."""
        return len(self.log_shares) - 1

    @property
    def points(self) -> Tensor:
        """Data, then samples, shape (N + M, *event)."""
        return torch.cat([self.data, self.samples])

    @property
    def classes(self) -> Tensor:
        """Of `points`, shape (N + M,)."""
        return torch.cat([torch.zeros_like(self.labels[:1]).expand(len(self.data)), self.labels])

    @property
    def counts(self) -> Tensor:
        """What each of `points` counts in a loss, shape (N + M,), float64."""
        return held_out_counts(self.weights, len(self.samples))

    def mapped(self, function: Callable[[Tensor], Tensor]) -> LabelledPoints:
        """The same classes and weights at other places."""
        return replace(self, data=function(self.data), samples=function(self.samples))

    def rows(self, of_data: Tensor, of_samples: Tensor) -> LabelledPoints:
        """Some of the data and some of the samples, by masks or indices."""
        return LabelledPoints(
            self.data[of_data],
            self.weights[of_data],
            self.samples[of_samples],
            self.labels[of_samples],
            self.log_shares,
        )

    def merged(self) -> LabelledPoints:
        """Two classes only: the data against all components together."""
        two = self.log_shares.new_tensor([0.5, 0.5]).log()
        return replace(self, labels=torch.ones_like(self.labels), log_shares=two)

    def among_samples(self) -> LabelledPoints:
        """The samples only, of two components or more: those of the first stand in the place of the data."""
        first = self.labels == 1
        rest = self.log_shares[2:].log_softmax(dim=0) + self.log_shares.new_tensor(0.5).log()
        return LabelledPoints(
            self.samples[first],
            self.weights.new_ones(int(first.sum())),
            self.samples[~first],
            self.labels[~first] - 1,
            torch.cat([self.log_shares[:1], rest]),
        )


def draw_labelled(
    data: Tensor, weights: Tensor, mixture: Mixture, total: int, smallest: int, randomness: torch.Generator
) -> tuple[LabelledPoints, Tensor]:
    """Data with samples of all components, and the components' shares among the samples, shape (K,), float64.

    A component's share is halfway between its weight and an equal share: the critic sees enough of each.

    Args:
        data: Shape (N, *event).
        weights: Of the data, shape (N,).
        mixture: Its components are sampled.
        total: Samples in all, about.
        smallest: Samples of a component at least.
        randomness: Source of the samples.

    Raises:
        ValueError: A component whose samples do not have the data's shape; it is named.
    """
    shares = 0.5 * mixture.weights.to(data.device) + 0.5 / len(mixture)
    counts = [max(round(total * share), smallest) for share in shares.tolist()]
    parts = []
    for component, count in zip(mixture.components, counts, strict=True):
        part = Mixture([component], encoding=mixture.encoding).to(data.device).sample(count, randomness)
        if part.shape[1:] != data.shape[1:]:
            raise UserError(
                f"{type(component).__name__} samples shape {tuple(part.shape[1:])}, the data have "
                f"{tuple(data.shape[1:])}; sample must return what fit was given"
            )
        parts.append(part.to(data))
    labels = torch.repeat_interleave(torch.arange(1, len(mixture) + 1), torch.tensor(counts)).to(data.device)
    log_shares = torch.cat([shares.new_tensor([0.5]), 0.5 * shares]).log().to(data)
    return LabelledPoints(data, weights, torch.cat(parts), labels, log_shares), shares


def learning_rows(weights: Tensor, count: int, randomness: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rows to learn from, in order, and their weights, both of shape (n,): all, or at most `count` drawn by weight.

    The draws are evenly spaced in the cumulative weights: with equal weights no row comes twice, and otherwise a row
    that does counts as often.

    Args:
        weights: Of all points, shape (N,), sum 1.
        count: How many draws.
        randomness: Of the first place.
    """
    if count >= len(weights):
        return torch.arange(len(weights), device=weights.device), weights
    start = torch.rand(1, dtype=weights.dtype, generator=randomness, device=weights.device)
    rows, times = torch.unique_consecutive(spaced_rows(weights, count, start), return_counts=True)
    return rows, times.to(weights) / count


def evened(points: LabelledPoints) -> LabelledPoints:
    """The points with equal weights, for those who learn faster without any: data drawn by theirs, where they differ.

    The classes' shares become those among the points.
    """
    weights, data = points.weights, points.data
    if float(weights.max() - weights.min()) > 1e-9 * float(weights.max()):
        data = data[spaced_rows(weights, len(weights), weights.new_tensor(0.5))]
    counts = torch.bincount(points.labels, minlength=points.num_components + 1)
    counts[0] = len(data)
    shares = (counts.double() / counts.sum()).log().to(points.log_shares)
    return LabelledPoints(data, torch.full_like(weights, 1 / len(data)), points.samples, points.labels, shares)


def folds_by_label(labels: Tensor, folds: int, randomness: torch.Generator) -> Tensor:
    """A fold for every sample, shape (M,), at random, with every component spread evenly over them."""
    shuffled = torch.randperm(len(labels), generator=randomness, device=labels.device)
    order = shuffled[labels[shuffled].argsort(stable=True)]
    found = torch.empty_like(labels)
    found[order] = torch.arange(len(labels), device=labels.device) % folds
    return found


def held_out_counts(base: Tensor, num_samples: int) -> Tensor:
    """What each held-out point counts in a loss: samples 1, data by their weights, both halves the same in all."""
    data = num_samples * as_probabilities(base, len(base), base, "weights of a fold")
    return torch.cat([data, base.new_ones(num_samples)])


def class_logits(log_ratios: Tensor, log_shares: Tensor) -> Tensor:
    """Logits of the classes {data, component 1 .. K} from log ratios: the inverse of u_k = s_k/s_data · priors.

    Args:
        log_ratios: log dP_k/dP_data, shape (N, K).
        log_shares: Logarithms of the classes' shares among the points, shape (K + 1,), the data first.
    """
    data = torch.zeros_like(log_ratios[:, :1])
    return torch.cat([data, log_ratios], dim=1) + log_shares


def in_blocks(function: Callable[[Tensor], Tensor], points: Tensor, rows: Tensor | None = None) -> Tensor:
    """The function's values in float64, block by block, at all points or at some rows of them."""
    size = max(min(BLOCK, MOST_NUMBERS // max(points[:1].numel(), 1)), 1)
    count = len(points) if rows is None else len(rows)
    values = scored(
        lambda block: function(block if rows is None else points[block]).double(),
        torch.split(points if rows is None else rows, size),
    )
    if count <= LARGE:
        return torch.cat(list(values))
    first = next(values)
    found, done = room(count, *first.shape[1:], dtype=first.dtype, device=first.device), 0
    for value in itertools.chain([first], values):
        found[done : done + len(value)] = value
        done += len(value)
        give_back()
    return found
