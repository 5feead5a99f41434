"""What cross-fitted estimates say of the points that they did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from adagan.components.critics.calibration import Calibration, calibration_record
from adagan.components.critics.chance_level import level_over_folds, ranking_level, visible_mass
from adagan.mixtures.arguments import as_probabilities
from adagan.mixtures.weights.mixture_weights import mixture_log_ratio


@dataclass(frozen=True)
class _TestedFold:
    """One fold's data points and samples, by masks of shapes (N,) and (M,), and their weights, of sum 1 each."""

    rows: Tensor
    sample_rows: Tensor
    data_weights: Tensor
    sample_weights: Tensor


@dataclass(frozen=True)
class HeldOutRatios:
    """Out-of-fold log ratios of K components, at N data points and M samples, before and after calibration.

    Attributes:
        weights: Of the data, shape (N,).
        fold: Of the data, shape (N,).
        at_data: Calibrated, shape (N, K).
        raw_at_data: As the estimates gave them, shape (N, K).
        labels: The samples' components, shape (M,), from 1.
        sample_fold: Of the samples, shape (M,).
        at_samples: Calibrated, shape (M, K).
        raw_at_samples: As the estimates gave them, shape (M, K).
        shares: The components' shares among the samples, shape (K,).
        learnt_level: The largest level of a fold's estimate at what it learnt from.
    """

    weights: Tensor
    fold: Tensor
    at_data: Tensor
    raw_at_data: Tensor
    labels: Tensor
    sample_fold: Tensor
    at_samples: Tensor
    raw_at_samples: Tensor
    shares: Tensor
    learnt_level: float

    def record(self, weights: Tensor, temperature: float) -> Calibration:
        """The record of the mixture with these weights, shape (K,)."""
        # a row of component k stands for weight_k / share_k rows of the mixture
        importance = (weights / self.shares)[self.labels - 1]
        folds = self._tested(importance)
        visible = min(visible_mass(fold.data_weights, fold.sample_weights, len(folds)) for fold in folds)
        return calibration_record(
            mixture_log_ratio(self.at_data, weights),
            mixture_log_ratio(self.at_samples, weights),
            temperature,
            self.weights,
            importance,
            level=self._level(weights, folds),
            visible=visible,
            learnt=self.learnt_level,
        )

    def _tested(self, importance: Tensor) -> list[_TestedFold]:
        """The folds that hold samples of the mixture, whose weights are given, shape (M,)."""
        folds = []
        for index in range(int(self.fold.max()) + 1):
            rows, sample_rows = self.fold == index, self.sample_fold == index
            if float(importance[sample_rows].sum()) > 0:
                of_data = as_probabilities(self.weights[rows], int(rows.sum()), self.weights, "weights of a fold")
                of_samples = as_probabilities(
                    importance[sample_rows], int(sample_rows.sum()), self.weights, "importance"
                )
                folds.append(_TestedFold(rows, sample_rows, of_data, of_samples))
        return folds

    def _level(self, weights: Tensor, folds: Sequence[_TestedFold]) -> float:
        """The two-sample level, from raw log ratios: calibration saw the points that are tested."""
        data, samples = (mixture_log_ratio(raw, weights) for raw in (self.raw_at_data, self.raw_at_samples))
        return level_over_folds(
            ranking_level(data[fold.rows], samples[fold.sample_rows], fold.data_weights, fold.sample_weights)
            for fold in folds
        )
