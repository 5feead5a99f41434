"""What a critic says of itself on points that it never saw: calibration, edge over chance, normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy.stats import norm  # type: ignore[import-untyped]
from torch import Tensor

NUM_BINS = 15


@dataclass(frozen=True)
class Calibration:
    """A critic's record on held-out points, data and samples of the mixture weighing one half each.

    Attributes:
        loss: Held-out cross-entropy of data against mixture, in nats; log 2 = .693 is chance.
        accuracy: Held-out balanced accuracy; one half is chance.
        level: Probability of such an accuracy, or a better one, if the critic saw nothing (one-sided normal test).
        error: Expected calibration error: mean distance between predicted and observed share of data, over bins.
        temperature: By which the log ratios were divided; above 1 the raw critic was over-confident.
        mean_ratio: E_data[u], at most 1 for a true ratio.
        mean_ratio_error: Its standard error.
        predicted, observed, share: The reliability diagram: per bin the mean predicted probability of being data, the
            observed share of data, and the bin's share of all points; empty bins are left out.
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

    @property
    def beats_chance(self) -> bool:
        """Whether the accuracy could hardly be luck (level below .001)."""
        return self.level < 1e-3

    @property
    def is_normalised(self) -> bool:
        """Whether E_data[u] ≤ 1 within three standard errors and a tolerance of .05."""
        return self.mean_ratio <= 1.05 + 3 * self.mean_ratio_error


def calibration_record(at_data: Tensor, at_samples: Tensor, temperature: float) -> Calibration:
    """The record from held-out log ratios at data points, shape (N,), and at samples of the mixture, shape (M,)."""
    at_data, at_samples = at_data.double().cpu(), at_samples.double().cpu()
    count_data, count_samples = len(at_data), len(at_samples)
    loss = 0.5 * float(torch.nn.functional.softplus(at_data).mean() + torch.nn.functional.softplus(-at_samples).mean())
    # a ratio of exactly one is a coin's toss
    right_data, right_samples = (
        (at_data < 0).double() + 0.5 * (at_data == 0),
        (at_samples > 0).double() + 0.5 * (at_samples == 0),
    )
    accuracy = 0.5 * float(right_data.mean() + right_samples.mean())
    deviation = 0.25 * math.sqrt(1 / count_data + 1 / count_samples)
    predicted = torch.cat([torch.sigmoid(-at_data), torch.sigmoid(-at_samples)])
    is_data = torch.cat([torch.ones(count_data), torch.zeros(count_samples)]).double()
    weight = torch.cat(
        [torch.full((count_data,), 0.5 / count_data), torch.full((count_samples,), 0.5 / count_samples)]
    ).double()
    bins = (predicted * NUM_BINS).long().clamp(max=NUM_BINS - 1)
    share = torch.zeros(NUM_BINS, dtype=torch.float64).index_add_(0, bins, weight)
    mean_predicted = torch.zeros(NUM_BINS, dtype=torch.float64).index_add_(0, bins, weight * predicted)
    mean_observed = torch.zeros(NUM_BINS, dtype=torch.float64).index_add_(0, bins, weight * is_data)
    full = share > 0
    share, mean_predicted, mean_observed = (
        share[full],
        mean_predicted[full] / share[full],
        mean_observed[full] / share[full],
    )
    ratio = at_data.clamp(max=700.0).exp()
    return Calibration(
        loss=loss,
        accuracy=accuracy,
        level=float(norm.sf((accuracy - 0.5) / deviation)),
        error=float((share * (mean_predicted - mean_observed).abs()).sum()),
        temperature=temperature,
        mean_ratio=float(ratio.mean()),
        mean_ratio_error=float(ratio.std() / math.sqrt(count_data)) if count_data > 1 else float("inf"),
        predicted=tuple(mean_predicted.tolist()),
        observed=tuple(mean_observed.tolist()),
        share=tuple(share.tolist()),
    )
