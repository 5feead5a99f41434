"""The critic that boosting takes by default: cheap features, and what learns most from them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from adagan.components.critics.calibrators import Calibrator
from adagan.components.critics.component_densities import part_of
from adagan.components.critics.cross_fitting import CrossFitted
from adagan.components.critics.event_features import EventFeatures
from adagan.components.critics.labelled_points import LabelledPoints
from adagan.components.critics.tree_ratios import TreeRatios
from adagan.components.networks.defaults import is_image
from adagan.components.networks.ratio_networks import ratio_network, supported_octaves

PLACES = 3
"""Entries at most of vectors that are places in space; more are columns."""
WIDTH, STEPS, BATCH, RATE = 64, 500, 512, 2e-3
"""Of the networks, and of their training."""
PER_STEP, PER_SCORE = 2e-3, 1e-6
"""CPU seconds on one core of a small machine: of a step of training, and of a point that is scored."""


class SharpCritic(CrossFitted):
    r"""Estimates log u_k = log dP_k/dP_data of all components in seconds, whatever the size of the events.

    It looks at `EventFeatures`, never at raw pixels: entries of vectors, principal components of many entries and of
    images. On these learns what learns most in the least time:

    - a small network where distances mean something, for vectors of up to three entries (with Fourier features, which
      show thin structure) and for images,
    - gradient-boosted trees for vectors of more entries, of any scale and any mixture of kinds.

    As every critic here it is cross-fitted, features included, and calibrated. Its price does not grow with the data
    but for scoring them: it learns from `max_samples` points at most, in a fixed number of steps or trees.

    Args:
        folds: Number of folds, 2 or more.
        max_samples: Data points, drawn by weight, that are learnt from at most, and as many samples of the components
            in all.
        calibrator: How raw ratios are calibrated on held-out points; ``None`` means ``VectorScaling()``.
        seed: Of everything random; ``None`` takes the run's, or a fresh one outside of a run.

    Attributes:
        component_log_ratios_: Out-of-fold log ratios at the data that were fitted, shape (N, K).
        log_ratio_: The mixture's, shape (N,).
        calibration_: The record on held-out points, a `Calibration`.

    References:
        Grinsztajn, Oyallon, Varoquaux, *Why do tree-based models still outperform deep learning on typical tabular
        data?*, 2022, https://arxiv.org/abs/2207.08815
    """

    def __init__(
        self,
        *,
        folds: int = 2,
        max_samples: int = 20_000,
        calibrator: Calibrator | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(folds=folds, max_samples=max_samples, calibrator=calibrator, seed=seed)

    def prepare(self, points: LabelledPoints) -> None:
        self.estimators_ = nn.ModuleList(nn.Identity() for _ in range(self.folds))

    def fit_fold(self, index: int, training: LabelledPoints, seed: int) -> None:
        features = EventFeatures.of(training.points, seed)
        table = training.mapped(features)
        event_shape, count = tuple(training.data.shape[1:]), training.num_components
        if learns_by_trees(event_shape):
            ratios: nn.Module = TreeRatios.fitted(table, seed)
        else:
            from adagan.components.critics.critic_training import train_ratio_network

            octaves = 0.0 if is_image(event_shape) else supported_octaves(table.data.shape, 0.0)
            ratios = ratio_network((features.num_features,), count, WIDTH, octaves).to(table.data)
            train_ratio_network(ratios, table, max_steps=STEPS, batch_size=BATCH, learning_rate=RATE, seed=seed)
        self.estimators_[index] = nn.Sequential(features, ratios)

    def price(self, data: Tensor, num_components: int = 1) -> float:
        """See `adagan.components.critics.ratio_estimator.Priced`."""
        event_shape, learnt = tuple(data.shape[1:]), 2 * self.num_learnt(data)
        mapping = EventFeatures.price(event_shape, self.folds * learnt + len(data))
        if not learns_by_trees(event_shape):
            return self.folds * STEPS * PER_STEP + PER_SCORE * (len(data) + learnt) + mapping
        training = learnt * (self.folds - 1) // self.folds
        features = EventFeatures.most(event_shape)
        trees = TreeRatios.price(training, features, num_components, (len(data) + learnt) // self.folds)
        return self.folds * trees + mapping

    def build(self, event_shape: tuple[int, ...], num_outputs: int, state: Mapping[str, Tensor]) -> None:
        self.estimators_ = nn.ModuleList()
        for index in range(self.folds):
            features = EventFeatures.like(event_shape, part_of(state, f"{index}.0."))
            own = part_of(state, f"{index}.1.")
            ratios: nn.Module
            if learns_by_trees(event_shape):
                ratios = TreeRatios.like(own)
            else:
                octaves = float(any("directions" in name for name in own))
                ratios = ratio_network((features.num_features,), num_outputs, WIDTH, octaves).to(features.centre)
            self.estimators_.append(nn.Sequential(features, ratios))


def learns_by_trees(event_shape: tuple[int, ...]) -> bool:
    """Whether events of this shape are vectors of more entries than places have."""
    return not is_image(event_shape) and torch.Size(event_shape).numel() > PLACES
