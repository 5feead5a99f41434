"""A critic of Gaussian kernels, fitted in closed form: for small data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.critics.calibrators import Calibrator
from adagan.components.critics.cross_fitting import CrossFitted
from adagan.components.critics.labelled_points import LabelledPoints
from adagan.components.critics.relative_ratio import RelativeRatio, fit_relative_ratio
from adagan.mixtures.numbers import check_counts, check_fractions


class KernelCritic(CrossFitted):
    r"""Estimates every u_k by least squares over Gaussian kernels, with nothing to train: uLSIF and RuLSIF.

    With ``alpha=0`` it is uLSIF, which estimates u = dP_k/dP_data itself. With alpha > 0 it is RuLSIF, which estimates
    the relative ratio u/(alpha u + 1 − alpha), never above 1/alpha and easier to estimate, and computes u from it.
    Bandwidth and ridge are chosen by cross-validation; `fit_relative_ratio` has the equations and references. It is
    cross-fitted and calibrated as `Critic` is.

    Args:
        alpha: In [0, 1); how much of the numerator the denominator is mixed with.
        num_centres: Kernels per ratio.
        binary: Whether to learn one number, the ratio of all samples together over the data, and to take the
            components' ratios among themselves from their ``log_prob`` (see `BinaryCritic`).
        folds: Number of folds, 2 or more.
        max_samples: Samples drawn from the components in all, at most as many as there are data points.
        calibrator: How raw ratios are calibrated on held-out points; ``None`` means ``VectorScaling()``.
        seed: Of everything random; ``None`` takes the run's, or a fresh one outside of a run.
    """

    def __init__(
        self,
        *,
        alpha: float = 0.5,
        num_centres: int = 100,
        binary: bool = False,
        folds: int = 2,
        max_samples: int = 50_000,
        calibrator: Calibrator | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(folds=folds, max_samples=max_samples, calibrator=calibrator, seed=seed)
        check_fractions(alpha=alpha)
        check_counts(num_centres=num_centres)
        self.alpha, self.num_centres, self.binary = float(alpha), num_centres, binary

    def prepare(self, points: LabelledPoints) -> None:
        self.estimators_ = nn.ModuleList(RelativeRatios() for _ in range(self.folds))

    def fit_fold(self, index: int, training: LabelledPoints, seed: int) -> None:
        randomness = torch.Generator(training.data.device).manual_seed(seed)
        data, samples = training.data.flatten(1).double(), training.samples.flatten(1).double()
        self.estimators_[index] = RelativeRatios(
            fit_relative_ratio(
                samples[training.labels == label],
                data,
                training.weights,
                alpha=self.alpha,
                num_centres=self.num_centres,
                randomness=randomness,
            )
            for label in range(1, training.num_components + 1)
        )

    def build(self, event_shape: tuple[int, ...], num_outputs: int, state: Mapping[str, Tensor]) -> None:
        self.estimators_ = nn.ModuleList(
            RelativeRatios(RelativeRatio.of_shape(state[f"{fold}.{k}.centres"]) for k in range(num_outputs))
            for fold in range(self.folds)
        )

    def config(self) -> dict[str, Any]:
        return {**super().config(), "alpha": self.alpha, "num_centres": self.num_centres, "binary": self.binary}


class RelativeRatios(nn.ModuleList):
    """One `RelativeRatio` per component, from points to log ratios of shape (N, K)."""

    def forward(self, points: Tensor) -> Tensor:
        return torch.stack([ratio(points) for ratio in self], dim=1)
