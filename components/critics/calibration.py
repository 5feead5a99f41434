"""What a critic says of itself on points that it never saw: calibration, edge over chance, normalisation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from adagan.components.critics.chance_level import SIGNIFICANT, ranking_level, visible_mass
from adagan.mixtures.arguments import MAX_LOG_RATIO, as_probabilities

NUM_BINS = 15
TOO_LITTLE = 0.05
"""When so large a share of the data could be missing unnoticed, nothing found means nothing."""
NORMAL_QUANTILE = 1.959964
"""Standard errors on either side of a 95 % interval."""


@dataclass(frozen=True)
class Calibration:
    """A critic's record on held-out points, data and samples of the mixture weighing one half each.

    Attributes:
        loss: Held-out cross-entropy of data against mixture, in nats; log 2 = .693 is chance.
        accuracy: Held-out balanced accuracy; one half is chance.
        level: Probability of ranking samples above data so well, or better, if both had one distribution; see
            `adagan.components.critics.chance_level`. It is about the very data that the critic was given: components
            that memorise them can pass it.
        error: Expected calibration error: mean distance between predicted and observed share of data, over bins.
        temperature: By which the log ratios were divided, the mean over folds and components; above 1 the raw critic
            was over-confident.
        mean_ratio: E_data[u], at most 1 for a true ratio.
        mean_ratio_error: Its standard error.
        predicted, observed, share: The reliability diagram: per bin the mean predicted probability of being data, the
            observed share of data, and the bin's share of all points; empty bins are left out.
        visible_mass: The smallest share of the data that the level could have shown to be missing, in (0, 1], were the
            critic ideal; see `adagan.components.critics.chance_level.visible_mass`. ``None`` where it is not known.
        learnt_level: The level at points that the critic did learn from: one that ranks even these no better than
            chance has learnt nothing. ``None`` where it is not known, or nothing was learnt.
    """

    loss: float
    accuracy: float
    level: float
    error: float
    temperature: float
    mean_ratio: float
    mean_ratio_error: float
    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    share: tuple[float, ...]
    visible_mass: float | None = None
    learnt_level: float | None = None

    @property
    def beats_chance(self) -> bool:
        """Whether the critic's edge could hardly be luck (level below .001)."""
        return self.level < SIGNIFICANT

    @property
    def is_starved(self) -> bool:
        """Whether too few points, or too little training, could have shown anything, and nothing was shown."""
        few = self.visible_mass is not None and self.visible_mass > TOO_LITTLE
        return not self.beats_chance and (few or self.has_learnt_nothing)

    @property
    def has_learnt_nothing(self) -> bool:
        """Whether the critic tells even the points that it learnt from no better than chance."""
        return self.learnt_level is not None and self.learnt_level >= SIGNIFICANT

    @property
    def mean_ratio_interval(self) -> tuple[float, float]:
        """The 95 % interval of E_data[u], by the normal approximation."""
        half = NORMAL_QUANTILE * self.mean_ratio_error
        return self.mean_ratio - half, self.mean_ratio + half

    @property
    def is_normalised(self) -> bool:
        """Whether E_data[u] ≤ 1 within three standard errors and a tolerance of .05."""
        return self.mean_ratio <= 1.05 + 3 * self.mean_ratio_error


def calibration_record(
    at_data: Tensor,
    at_samples: Tensor,
    temperature: float,
    data_weights: Tensor | None = None,
    sample_weights: Tensor | None = None,
    *,
    level: float | None = None,
    visible: float | None = None,
    learnt: float | None = None,
) -> Calibration:
    """The record from held-out log ratios of the mixture.

    Args:
        at_data: At data points, shape (N,).
        at_samples: At samples of the mixture, shape (M,).
        temperature: For the record.
        data_weights: Weights of the data points, shape (N,); ``None`` means uniform.
        sample_weights: Weights of the samples, shape (M,); ``None`` means uniform.
        level: The two-sample level; ``None`` means that no estimate learnt from any of the points.
        visible: What the level could have shown to be missing, if it is given.
        learnt: The level at points that were learnt from, if some were.
    """
    at_data, at_samples = at_data.double().cpu(), at_samples.double().cpu()
    of_data = as_probabilities(data_weights, len(at_data), at_data, "data_weights")
    of_samples = as_probabilities(sample_weights, len(at_samples), at_samples, "sample_weights")
    loss = 0.5 * float(of_data @ softplus(at_data) + of_samples @ softplus(-at_samples))
    # a ratio of exactly one is a coin's toss
    right_data = (at_data < 0).double() + 0.5 * (at_data == 0)
    right_samples = (at_samples > 0).double() + 0.5 * (at_samples == 0)
    accuracy = 0.5 * float(of_data @ right_data + of_samples @ right_samples)
    predicted = torch.cat([torch.sigmoid(-at_data), torch.sigmoid(-at_samples)])
    weight = 0.5 * torch.cat([of_data, of_samples])
    is_data = torch.cat([torch.ones_like(at_data), torch.zeros_like(at_samples)])
    bins = (predicted * NUM_BINS).long().clamp(max=NUM_BINS - 1)
    share, mean_predicted, mean_observed = (
        torch.zeros(NUM_BINS, dtype=torch.float64).index_add_(0, bins, weight * values)
        for values in (torch.ones_like(predicted), predicted, is_data)
    )
    full = share > 0
    share, mean_predicted, mean_observed = share[full], mean_predicted[full], mean_observed[full]
    mean_predicted, mean_observed = mean_predicted / share, mean_observed / share
    ratio = at_data.clamp(max=MAX_LOG_RATIO).exp()
    mean_ratio = float(of_data @ ratio)
    return Calibration(
        loss=loss,
        accuracy=accuracy,
        level=ranking_level(at_data, at_samples, of_data, of_samples) if level is None else level,
        error=float((share * (mean_predicted - mean_observed).abs()).sum()),
        temperature=temperature,
        mean_ratio=mean_ratio,
        mean_ratio_error=float((of_data * (ratio - mean_ratio)).norm()),
        predicted=tuple(mean_predicted.tolist()),
        observed=tuple(mean_observed.tolist()),
        share=tuple(share.tolist()),
        visible_mass=visible_mass(of_data, of_samples) if level is None else visible,
        learnt_level=learnt,
    )
