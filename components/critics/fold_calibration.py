"""The calibration of cross-fitted estimates: each on the fold that it never saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adagan.components.critics.calibrators import Calibrator, RawRatios, cross_calibrated
from adagan.components.critics.chance_level import learnt_level
from adagan.components.critics.labelled_points import LabelledPoints, in_blocks


@dataclass(frozen=True)
class CalibratedFolds:
    """Out-of-fold log ratios of K components at N data points and M samples, and what calibrated them.

    Attributes:
        maps: The fitted calibration of every fold's estimate.
        at_data: Calibrated, shape (N, K).
        raw_at_data: As the estimates gave them, shape (N, K).
        at_samples: Calibrated, shape (M, K).
        raw_at_samples: As the estimates gave them, shape (M, K).
        learnt_level: The largest two-sample level of an estimate at what it learnt from.
    """

    maps: nn.ModuleList
    at_data: Tensor
    raw_at_data: Tensor
    at_samples: Tensor
    raw_at_samples: Tensor
    learnt_level: float


@torch.no_grad()
def calibrated_folds(
    estimators: Iterable[nn.Module], calibrator: Calibrator, points: LabelledPoints, fold: Tensor, sample_fold: Tensor
) -> CalibratedFolds:
    """Scores every fold by the estimate made without it, and calibrates the scores.

    Args:
        estimators: One per fold, fitted to the points that are not in it.
        calibrator: How.
        points: All of them, scaled.
        fold: Of the data, shape (N,).
        sample_fold: Of the samples, shape (M,).
    """
    raw_at_data = points.weights.new_empty(len(points.data), points.num_components)
    raw_at_samples = points.weights.new_empty(len(points.samples), points.num_components)
    at_data, at_samples = torch.empty_like(raw_at_data), torch.empty_like(raw_at_samples)
    maps, levels = [], []
    for index, estimator in enumerate(estimators):
        own, own_samples = fold == index, sample_fold == index
        held_out = points.rows(own, own_samples)
        raw = torch.cat([in_blocks(estimator, held_out.data), in_blocks(estimator, held_out.samples)])
        ratios = RawRatios(raw, held_out.classes, points.log_shares, held_out.counts)
        fitted, calibrated = cross_calibrated(calibrator, ratios)
        maps.append(fitted)
        count = len(held_out.data)
        raw_at_data[own], raw_at_samples[own_samples] = raw[:count], raw[count:]
        at_data[own], at_samples[own_samples] = calibrated[:count], calibrated[count:]
        levels.append(learnt_level(estimator, points.rows(~own, ~own_samples)))
    return CalibratedFolds(nn.ModuleList(maps), at_data, raw_at_data, at_samples, raw_at_samples, max(levels))
