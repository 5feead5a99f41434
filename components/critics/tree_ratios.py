"""Boosted trees that tell data from all samples, and the samples' components from each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from adagan.components.critics.component_densities import part_of
from adagan.components.critics.fitted_classifier import FittedClassifier, boosted_trees, fitted_classifier
from adagan.components.critics.labelled_points import LabelledPoints, evened

RATE = 0.2
"""Of the trees' learning: twice as many at half of it lower the loss by under a hundredth, and cost twice as much."""
TREES = 50
"""Of each of the two classifiers, about, whatever the number of components: what a critic costs is known."""
PER_TREE, PER_ENTRY, PER_SCORE = 1.5e-3, 1.5e-8, 2.5e-8
"""CPU seconds on one core of a small machine: of a tree, of a point's entry in it, and of a point that it scores."""
FEWEST = 10
"""Iterations of boosting at least, however many components share the trees."""


class TreeRatios(nn.Module):
    """From vectors (N, D) to log ratios (N, K): log r + log p_k/q.

    r is the ratio of q, the distribution of all samples together, over the data's; q = Σ_k s_k p_k, s_k a component's
    share among the samples. It is for trees what `RatioHead` is for networks. One component needs r only.

    Args:
        together: Estimates log r.
        apart: Estimates log p_k/p_1 of the components k from 2; ``None`` for one component.
        log_shares: log s_k, shape (K,), float64.
    """

    log_shares: Tensor

    def __init__(self, together: FittedClassifier, apart: FittedClassifier | None, log_shares: Tensor) -> None:
        super().__init__()
        self.together, self.apart = together, apart
        self.register_buffer("log_shares", log_shares)

    @classmethod
    def fitted(cls, training: LabelledPoints, seed: int) -> Self:
        """Learns from vectors of the classes {data, component 1 .. K}."""
        count = training.num_components
        together = _learnt(training.merged(), TREES, seed)
        apart = _learnt(training.among_samples(), max(TREES // (count - 1), FEWEST), seed) if count > 1 else None
        return cls(together, apart, (training.log_shares[1:] - training.log_shares[0]).double())

    @classmethod
    def like(cls, state: Mapping[str, Tensor]) -> Self:
        """The ratios of a stored state."""
        together, apart = (part_of(state, f"{name}.") for name in ("together", "apart"))
        return cls(_stored(together), _stored(apart) if apart else None, state["log_shares"])

    @staticmethod
    def price(num_points: int, num_features: int, num_components: int, num_scored: int) -> float:
        """CPU seconds of learning from so many points and scoring so many: see `PER_ENTRY`, `PER_TREE`, `PER_SCORE`."""
        trees = TREES * (1 if num_components == 1 else 2)
        return trees * (PER_TREE + PER_ENTRY * num_points * num_features + PER_SCORE * num_scored)

    def forward(self, points: Tensor) -> Tensor:
        common: Tensor = self.together(points)
        if self.apart is None:
            return common
        relative: Tensor = functional.pad(self.apart(points), (1, 0))
        return common + relative - torch.logsumexp(relative + self.log_shares, dim=1, keepdim=True)


def _learnt(training: LabelledPoints, iterations: int, seed: int) -> FittedClassifier:
    even = evened(training)
    fitted = FittedClassifier(even.log_shares.double())
    trees = boosted_trees(len(even.points), even.num_components + 1, iterations, RATE)
    fitted.take(fitted_classifier(trees, even, seed, weighted=False))
    return fitted


def _stored(state: Mapping[str, Tensor]) -> FittedClassifier:
    return FittedClassifier(state["log_shares"], state["stored"])
