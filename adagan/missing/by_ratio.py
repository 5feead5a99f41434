"""The mass of the data that a mixture lacks, by the ratios of a critic."""

from __future__ import annotations

from torch import Tensor

from adagan.estimate import Estimate
from adagan.mixtures.steps import shortfall


def missing_by_ratio(log_ratio: Tensor, base: Tensor) -> Estimate:
    """E_data[(1 − u)_+] from log ratios at data points, shape (N,), whose own weights are `base`, shape (N,), sum 1."""
    return Estimate.of_mean(shortfall(log_ratio), base)
