"""Codes: the entries of a latent vector that are to mean something, and what a recogniser says about them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from adagan.components.training.ranks.shares import own_rows

SMALLEST_VARIANCE = 0.05**2
"""Of a recognised continuous code: without a floor a code that is recognised well would outweigh all else."""


@dataclass(frozen=True)
class LatentCodes:
    """Categorical codes, uniform, then continuous ones, uniform in [−1, 1]: the first entries of a latent vector.

    A categorical code of C values takes C entries, one of which is 1, a continuous code takes one. Codes are written as
    one number each, shape (N, K): the value of a categorical code, from 0, or the continuous code itself.

    Attributes:
        categorical: Numbers of values of the categorical codes.
        continuous: Number of continuous codes.
    """

    categorical: tuple[int, ...]
    continuous: int

    @property
    def count(self) -> int:
        """K, the number of codes."""
        return len(self.categorical) + self.continuous

    @property
    def size(self) -> int:
        """Entries of a latent vector that the codes take."""
        return sum(self.categorical) + self.continuous

    @property
    def num_outputs(self) -> int:
        """Numbers that a recogniser gives per point: logits of the values, then means and log variances."""
        return sum(self.categorical) + 2 * self.continuous

    @property
    def entropies(self) -> Tensor:
        """Entropies of the codes, in nats, shape (K,), float64; the differential one for a continuous code."""
        return torch.tensor([*self.categorical, *[2] * self.continuous], dtype=torch.float64).log()

    def draw(self, num_samples: int, like: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Codes at random, shape (num_samples, K); without a generator from torch's global one."""
        count = torch.tensor([*self.categorical, *[1] * self.continuous], device=like.device, dtype=like.dtype)
        options: dict[str, Any] = {"generator": generator, "device": like.device, "dtype": like.dtype}
        chance = own_rows(num_samples, lambda count: torch.rand(count, self.count, **options))
        split = len(self.categorical)
        # rounding may reach the number of values
        values = torch.minimum((chance * count).floor(), count - 1)[:, :split]
        return torch.cat([values, 2 * chance[:, split:] - 1], dim=1)

    def encode(self, codes: Tensor) -> Tensor:
        """Codes (N, K) as entries of latent vectors, shape (N, size)."""
        parts = [one_hot(codes[:, i].long(), values).to(codes) for i, values in enumerate(self.categorical)]
        return torch.cat([*parts, codes[:, len(self.categorical) :]], dim=1)

    def decode(self, entries: Tensor) -> Tensor:
        """The codes (N, K) of entries of latent vectors, or of a recogniser's logits and means, shape (N, size)."""
        *blocks, continuous = torch.split(entries, [*self.categorical, self.continuous], dim=1)
        values = [block.argmax(dim=1, keepdim=True).to(entries) for block in blocks]
        return torch.cat([*values, continuous], dim=1)

    def information(self, outputs: Tensor, entries: Tensor) -> Tensor:
        """A lower bound of each code's mutual information with the points, in nats, shape (K,).

        H(c) + E[log q(c | x)], with q categorical, or normal with the recogniser's mean and variance.

        Args:
            outputs: The recogniser's at the points, shape (N, num_outputs).
            entries: The codes that the points were made of, as entries of latent vectors, shape (N, size).

        References:
            Chen et al., *InfoGAN: Interpretable representation learning by information maximizing generative
            adversarial nets*, 2016, eq. 4 and 5, https://arxiv.org/abs/1606.03657
        """
        *blocks, mean, log_variance = torch.split(outputs, [*self.categorical, self.continuous, self.continuous], dim=1)
        *ones, code = torch.split(entries, [*self.categorical, self.continuous], dim=1)
        of_values = [
            (block.log_softmax(dim=1) * one).sum(dim=1, keepdim=True) for block, one in zip(blocks, ones, strict=True)
        ]
        variance = log_variance.exp() + SMALLEST_VARIANCE
        of_numbers = -0.5 * ((code - mean).square() / variance + variance.log() + math.log(2 * math.pi))
        return torch.cat([*of_values, of_numbers], dim=1).mean(dim=0) + self.entropies.to(outputs)
