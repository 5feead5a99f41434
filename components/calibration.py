"""What a critic says of itself on points that it never saw: calibration, edge over chance, normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.stats import norm  # type: ignore[import-untyped]
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from adagan.components.critic_training import class_logits
from adagan.mixtures.arguments import MAX_LOG_RATIO, as_probabilities

Array = NDArray[np.float64]
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


def calibration_record(
    at_data: Tensor,
    at_samples: Tensor,
    temperature: float,
    data_weights: Tensor | None = None,
    sample_weights: Tensor | None = None,
) -> Calibration:
    """The record from held-out log ratios of the mixture.

    Args:
        at_data: At data points, shape (N,).
        at_samples: At samples of the mixture, shape (M,).
        temperature: For the record.
        data_weights: Weights of the data points, shape (N,); ``None`` means uniform.
        sample_weights: Weights of the samples, shape (M,); ``None`` means uniform.
    """
    at_data, at_samples = at_data.double().cpu(), at_samples.double().cpu()
    of_data = as_probabilities(data_weights, len(at_data), at_data, "data_weights")
    of_samples = as_probabilities(sample_weights, len(at_samples), at_samples, "sample_weights")
    loss = 0.5 * float(of_data @ softplus(at_data) + of_samples @ softplus(-at_samples))
    # a ratio of exactly one is a coin's toss
    right_data = (at_data < 0).double() + 0.5 * (at_data == 0)
    right_samples = (at_samples > 0).double() + 0.5 * (at_samples == 0)
    accuracy = 0.5 * float(of_data @ right_data + of_samples @ right_samples)
    deviation = 0.25 * math.sqrt(float(of_data.square().sum() + of_samples.square().sum()))
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
        level=float(norm.sf((accuracy - 0.5) / deviation)),
        error=float((share * (mean_predicted - mean_observed).abs()).sum()),
        temperature=temperature,
        mean_ratio=mean_ratio,
        mean_ratio_error=float((of_data * (ratio - mean_ratio)).norm()),
        predicted=tuple(mean_predicted.tolist()),
        observed=tuple(mean_observed.tolist()),
        share=tuple(share.tolist()),
    )


def fit_calibration(raw: Tensor, labels: Tensor, log_shares: Tensor, counts: Tensor) -> tuple[float, Tensor]:
    """Temperature and one intercept per component by maximum likelihood on held-out points (scipy's L-BFGS-B).

    Args:
        raw: The network's log ratios, shape (N, K).
        labels: Classes, 0 for data, shape (N,).
        log_shares: As in `class_logits`.
        counts: What each point counts, shape (N,).
    """
    shares, counts = log_shares.double(), counts.double()
    num_components = raw.shape[1]

    def loss(parameters: Array) -> tuple[float, Array]:
        with torch.enable_grad():
            values = torch.tensor(parameters, dtype=torch.float64, device=raw.device, requires_grad=True)
            logits = class_logits(raw * values[0].exp() + values[1:], shares)
            value = (cross_entropy(logits, labels, reduction="none") * counts).mean()
            (gradient,) = torch.autograd.grad(value, values)
        return float(value.detach()), gradient.cpu().numpy()

    start, bounds = np.zeros(num_components + 1), [(-5.0, 3.0)] + [(-20.0, 20.0)] * num_components
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return float(np.exp(-found.x[0])), torch.as_tensor(found.x[1:], dtype=torch.float64, device=raw.device)
